"""`dlrun predict` prints the path of what it has written, or the predictions themselves."""

import sys
from pathlib import Path

import pytest

from dlrun.rundir.folder import Run


@pytest.fixture
def opened(monkeypatch):
    """Every run is there."""
    monkeypatch.setattr("dlrun.rundir.folder.open_run", lambda name, runs: Run(runs / name))


@pytest.fixture
def predicted(monkeypatch, opened):  # noqa: ARG001 - it opens what is predicted with
    """The calls that a prediction in name only receives."""
    calls = []

    def predict(run, input_path, *, output, threshold, listener):
        assert threshold is None
        calls.append((run.path, input_path, output))
        listener.message("no header")
        if output == Path("-"):
            sys.stdout.write("row,predicted\n0,1\n")
            return None
        return output or Path("runs/a/predictions/b.csv")

    monkeypatch.setattr("dlrun.workflows.predict.predict", predict)
    return calls


def test_path(dlrun, predicted):
    """By default a file in the run folder; its path is the data."""
    assert dlrun("predict", "a", "b.csv") == (0, "runs/a/predictions/b.csv\n", "no header\n")
    assert predicted == [(Path("runs/a"), Path("b.csv"), None)]


def test_output_file(dlrun, predicted):
    """-o names the file."""
    words = ("predict", "a", "b.csv", "-o", "c.csv", "--runs-dir", "x", "-q")
    assert dlrun(*words) == (0, "c.csv\n", "")
    assert predicted == [(Path("x/a"), Path("b.csv"), Path("c.csv"))]


def test_stdout(dlrun, predicted):
    """-o - prints the predictions and nothing else."""
    assert dlrun("predict", "a", "b.csv", "-o", "-") == (
        0,
        "row,predicted\n0,1\n",
        "no header\n",
    )
    assert predicted == [(Path("runs/a"), Path("b.csv"), Path("-"))]


@pytest.mark.usefixtures("opened")
def test_reader_that_leaves_early(dlrun, monkeypatch):
    """`dlrun predict ... -o - | head` ends quietly with the code of SIGPIPE."""

    def predict(*_args, **_kwargs):
        raise BrokenPipeError

    monkeypatch.setattr("dlrun.workflows.predict.predict", predict)
    assert dlrun("predict", "a", "b.csv", "-o", "-") == (141, "", "")
