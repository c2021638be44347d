"""What stays on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlrun.data.streaming import LIMIT_VARIABLE, reason_to_stream, stream_limit
from dlrun.errors import UsageError
from dlrun.memory import free_memory


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with so much free memory, and with a limit on the process's group."""

    def machine(kilobytes, limit="max"):
        (tmp_path / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable:  {kilobytes} kB\n")
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        monkeypatch.setattr("dlrun.memory.MEMORY_FACTS", tmp_path / "meminfo")
        monkeypatch.setattr("dlrun.memory.GROUP_LIMIT", tmp_path / "memory.max")

    monkeypatch.delenv(LIMIT_VARIABLE, raising=False)
    return machine


def test_the_limit_is_a_share_of_the_free_memory_and_no_more_than_a_gigabyte(machine):
    """The free memory is also what the group of the process may have."""
    machine(2**20)
    assert (free_memory(), stream_limit()) == (2**30, 2**26)
    machine(2**30)
    assert stream_limit() == 10**9
    machine(2**30, limit=16 * 10**8)
    assert stream_limit() == 10**8


def test_where_the_system_does_not_say_a_gigabyte_is_the_limit(machine, monkeypatch):
    """Not every system has these files."""
    machine(1)
    for name in ("MEMORY_FACTS", "GROUP_LIMIT"):
        monkeypatch.setattr(f"dlrun.memory.{name}", Path("/no/such/file"))
    assert stream_limit() == 10**9


def test_the_run_says_what_it_streams_and_why(monkeypatch):
    """In one line that names the file, both sizes and the variable."""
    monkeypatch.setenv(LIMIT_VARIABLE, "1.5")
    assert reason_to_stream(Path("a/b.csv"), 1_500_000) is None
    assert reason_to_stream(Path("a/b.csv"), 2_100_000_000) == (
        "streaming from the disk: b.csv holds 2.1 GB, more than 1.5 MB "
        "(DLRUN_STREAM_ABOVE_MB sets the limit)"
    )


@pytest.mark.parametrize("text", ["", "much", "-1", "nan"])
def test_a_limit_that_is_no_size_is_an_error(monkeypatch, text):
    """It is not passed over."""
    monkeypatch.setenv(LIMIT_VARIABLE, text)
    with pytest.raises(UsageError, match="is not a size"):
        stream_limit()
