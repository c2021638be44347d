"""`dlrun doctor`: what is there, what is wrong, and how to mend it."""

from __future__ import annotations

import json
from importlib import metadata

import pytest

from dlrun.cli.terminal.output import Screen
from dlrun.workflows import doctor as workflow
from tests import forked


@pytest.fixture
def quick(monkeypatch):
    """Without what needs TensorFlow."""
    found = workflow.doctor

    def some(place, *, say):
        for one in found(place, say=say):
            if one.name == "import":
                return
            yield one

    monkeypatch.setattr(workflow, "doctor", some)


@pytest.mark.slow
def test_what_a_machine_has(tmp_path):
    """Versions as the packages tell them; a speed; nothing is left behind."""
    words = ("doctor", "--json", "--runs-dir", tmp_path / "runs")
    done = forked.run_program(forked.COMMAND, *words, cwd=tmp_path, imported=forked.HEAVY)
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert done.returncode == int(any(one["fix"] for one in found.values()))
    for package in ("tensorflow", "keras", "numpy"):
        assert f"{package} {metadata.version(package)}" in found["versions"]["told"]
    assert found["devices"]["told"] == "cpu" or "gpu:0" in found["devices"]["told"]
    assert float(found["speed"]["told"].split()[0].replace(",", "")) > 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_what_is_wrong(dlrun, tmp_path, monkeypatch):
    """Is told with what to do about it, and by the exit code."""
    words = ("doctor", "--runs-dir", tmp_path)
    monkeypatch.setattr(workflow, "free_memory", lambda: 5e6)
    monkeypatch.setattr(workflow, "lockless", lambda folder: f"files cannot be locked in {folder}")
    code, out, _ = dlrun(*words)
    assert code == 1
    assert "!! memory     5.0 MB are free\n              Close other programs" in out
    assert f"!! locks      files cannot be locked in {tmp_path}\n" in out
    assert "ok files" in out
    monkeypatch.setattr(workflow, "_sync_seconds", refused)
    assert "!! files      none can be written in" in dlrun(*words)[1]


def refused(_folder):
    """As a disk that may only be read does."""
    raise PermissionError(13, "Permission denied")


@pytest.mark.usefixtures("quick")
def test_lines_are_folded_beside_the_names(dlrun, monkeypatch, tmp_path):
    """On a narrow terminal, too, names stand in a column of their own."""
    monkeypatch.setattr("dlrun.cli.doctor.screen_of", lambda _: Screen(width=40))
    lines = dlrun("doctor", "--runs-dir", tmp_path / "runs")[1].splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("ok versions"))
    assert lines[at + 1].startswith(" " * 14 + lines[at + 1].strip())
    whole = [line for line in lines if str(tmp_path) in line or line.startswith("ok system")]
    assert max(len(line) for line in lines if line not in whole) <= 40
