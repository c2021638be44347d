"""The status of a run is on disk before any work, and closed whatever happens."""

import errno
import os
import signal
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from dlrun.cli.main import ending_on_signals
from dlrun.errors import DivergedError, DlrunError, InterruptedRunError, RunFolderError
from dlrun.rundir.folder import create_run
from dlrun.rundir.integrity import signed
from dlrun.rundir.record import read_record, recording


@pytest.fixture
def run(tmp_path):
    return create_run(tmp_path, "a")


def no_space(*_args):
    raise OSError(errno.ENOSPC, "No space left on device")


def record_until_the_disk_is_full(run, monkeypatch, error=None):
    with recording(run, {}):
        monkeypatch.setattr(Path, "replace", no_space)
        if error is not None:
            raise error


def test_running_is_on_disk_before_the_work(run):
    """A reader sees a run from its first moment on."""
    with recording(run, {"seed": 3}):
        record = read_record(run.path)
    assert record["status"] == "running"
    assert record["seed"] == 3
    assert record["format"] == 1
    assert record["pid"] == os.getpid()
    assert record["exit_code"] is record["ended"] is record["reason"] is None


def test_end_of_the_work_closes_the_record(run):
    """Finished, with a time that makes sense."""
    with recording(run, {"seed": 3}) as record:
        record.add(device="cpu", loss=np.float32(0.5))
        assert read_record(run.path)["device"] == "cpu"
    closed = read_record(run.path)
    assert (closed["status"], closed["exit_code"], closed["reason"]) == ("finished", 0, None)
    assert (closed["seed"], closed["device"], closed["loss"]) == (3, "cpu", 0.5)
    start, end = (datetime.fromisoformat(closed[key]) for key in ("started", "ended"))
    assert start.tzinfo is not None
    assert start <= end
    assert 0 <= closed["seconds"] < 10


@pytest.mark.parametrize(
    ("error", "status", "exit_code", "reason"),
    [
        (KeyboardInterrupt(), "interrupted", 130, "Interrupted by SIGINT."),
        (InterruptedRunError(signal.SIGTERM), "interrupted", 143, "Interrupted by SIGTERM."),
        (
            DivergedError("The loss is NaN.", where="epoch 3"),
            "failed",
            5,
            "epoch 3: The loss is NaN.",
        ),
        (DlrunError("Bad.", fix="Mend it."), "failed", 1, "Bad. Mend it."),
        (ValueError("a  b\nTraceback:\n  c"), "failed", 1, "ValueError: a b"),
        (SystemExit(143), "interrupted", 143, "Interrupted by SIGTERM."),
        (SystemExit(7), "failed", 7, "SystemExit: 7"),
        (SystemExit("no"), "failed", 1, "SystemExit: no"),
        (ZeroDivisionError(), "failed", 1, "ZeroDivisionError: "),
        (GeneratorExit(), "failed", 1, "GeneratorExit: "),
        (RuntimeError("x" * 1000), "failed", 1, f"RuntimeError: {'x' * 485}\u2026"),
    ],
)
def test_every_exception_closes_the_record_and_goes_on(run, error, status, exit_code, reason):
    """Status, exit code and a reason of one line are kept."""
    with pytest.raises(type(error)) as caught, recording(run, {}):
        raise error
    assert caught.value is error
    record = read_record(run.path)
    assert (record["status"], record["exit_code"]) == (status, exit_code)
    assert record["reason"] == reason.strip()
    assert record["ended"] is not None


def test_full_disk_does_not_hide_the_first_error(run, monkeypatch):
    """The error that ended the run is the one that is told."""
    with pytest.raises(ValueError, match="first"):
        record_until_the_disk_is_full(run, monkeypatch, ValueError("first"))
    assert read_record(run.path)["status"] == "running"


def test_full_disk_at_the_end_is_told(run, monkeypatch):
    """A run whose record cannot be closed has not finished."""
    with pytest.raises(DlrunError, match=r"run.json: cannot be written: no space left"):
        record_until_the_disk_is_full(run, monkeypatch)


def test_two_processes_in_one_folder(run, monkeypatch):
    """The second one is refused before it touches anything."""
    monkeypatch.setattr("dlrun.rundir.lock._PATIENCE", 0.0)
    with recording(run, {"seed": 1}):
        told = rf"process {os.getpid()} on .+ works in this run folder\.$"
        with pytest.raises(RunFolderError, match=told), recording(run, {}):
            pass
        assert read_record(run.path)["seed"] == 1


def damaged(path, change):
    record = {"format": 1, "status": "finished", "started": "2026-11-20T23:14:55+01:00"}
    record.update(change)
    (path / "run.json").write_text(signed(record))
    with pytest.raises(RunFolderError) as caught:
        read_record(path)
    return str(caught.value).removeprefix(f"{path}/")


def test_records_that_make_no_sense(tmp_path):
    """Format, status and starting time are checked."""
    assert damaged(tmp_path, {"format": 2}) == (
        "run.json: has the format version 2; this dlrun reads version 1.\n"
        "  It was written by a newer dlrun: upgrade."
    )
    assert damaged(tmp_path, {"format": None}) == (
        "run.json: has the format version None; this dlrun reads version 1."
    )
    assert damaged(tmp_path, {"status": ["finished"]}) == (
        "run.json: has the status ['finished'], expected one of running, finished, interrupted, "
        "failed."
    )
    for value in (None, 3, "yesterday", "2026-11-20T23:14:55", [1]):
        assert damaged(tmp_path, {"started": value}) == (
            f"run.json: has the starting time {value!r}: not a time."
        )


def test_missing_record(tmp_path):
    """The file that is missing is named."""
    with pytest.raises(RunFolderError, match=r"run.json: is missing\.$"):
        read_record(tmp_path)


def test_a_run_that_fills_the_disk_can_still_say_so(run, monkeypatch):
    """The space of the lock file is given back before the last line is written."""
    real = Path.replace

    def full(self, target):
        if (run.path / ".lock").stat().st_size > 0:
            no_space()
        return real(self, target)

    def fill():
        with recording(run, {}):
            monkeypatch.setattr(Path, "replace", full)
            run.write_text("model.txt", "")

    with pytest.raises(DlrunError, match=r"model.txt: cannot be written: no space left"):
        fill()
    assert read_record(run.path)["status"] == "failed"
    assert read_record(run.path)["reason"].endswith("cannot be written: no space left on device.")


def test_a_signal_that_a_library_has_swallowed(run):
    """TensorFlow makes an error of its own of what a handler raises inside of its calls."""

    def library():
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit:
            raise ValueError("a library's own") from None

    with pytest.raises(SystemExit) as ended, ending_on_signals(), recording(run, {}):
        library()
    assert ended.value.code == 143
    record = read_record(run.path)
    assert (record["status"], record["exit_code"]) == ("interrupted", 143)
    assert record["reason"] == "Interrupted by SIGTERM."
