"""The checks for a GPU, in their CPU form, which stands for them where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gpu import __main__ as gpu
from tests.gpu import checks


@pytest.mark.slow
@pytest.mark.parametrize("word", ["determinism", "memory"])
def test_a_check_says_what_came_out(word, capsys):
    """In a line with its name, its result and its time; and at the end what was tried."""
    assert gpu.main(["--tiny", word]) == 0
    first, line, last = capsys.readouterr().out.splitlines()
    assert "GPU" in first
    if first.startswith("no GPU"):
        result = {"determinism": "ok", "memory": "not tried"}[word]
        assert result in line
        assert last.startswith(f"1 {result}; ")
        assert last.endswith("on cpu")


def test_what_is_wrong_is_the_exit_code(monkeypatch, capsys):
    """And what does not fit into the time is left out."""

    def differing(_machine):
        raise checks.Wrong("the weights of two runs differ")

    def failing(_machine):
        raise gpu.CommandError("dlrun train: error")

    monkeypatch.setattr(gpu, "CHECKS", [differing, failing])
    monkeypatch.setattr(
        gpu.Machine, "find", classmethod(lambda cls, *, tiny: cls((), tiny, Path("nowhere")))
    )
    assert gpu.main([]) == 1
    told = capsys.readouterr().out
    assert told.count("WRONG") == 3
    assert "the weights of two runs differ" in told
    assert "dlrun train: error" in told
    monkeypatch.setattr(gpu, "MOST_SECONDS", gpu.RESERVE - 1)
    assert gpu.main([]) == 0
    assert capsys.readouterr().out.count("LEFT OUT") == 2
