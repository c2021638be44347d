"""`dlrun predict` prints the path of what it has written, or the predictions themselves."""

import sys
from pathlib import Path

import pytest

from dlrun.data.drift import Drift
from dlrun.rundir.folder import Run
from dlrun.workflows.predict import Predicted

DRIFTS = (
    Drift("sex", "category", 1.25, 0.03, "other", 0.0, 0.5),
    Drift("age", "number", 0.05, 0.04, "22 to 25", 0.1, 0.08),
)
TABLE = """\
column      kind  drift  by chance              moved most
sex     category  1.250      0.030      other: 0 % -> 50 %
age       number  0.050      0.040  22 to 25: 10 % -> 8 %
drift is the population stability index: 0.1 is little, 0.25 is much
"""


@pytest.fixture
def opened(monkeypatch):
    """Every run is there."""
    monkeypatch.setattr("dlrun.rundir.bundle.open_run", lambda name, runs: Run(runs / name))


@pytest.fixture
def predicted(monkeypatch, opened):  # noqa: ARG001 - it opens what is predicted with
    """The calls that a prediction in name only receives."""
    calls = []

    def predict(run, inputs, *, output, wishes, listener):
        calls.append((run.path, *inputs, output))
        listener.message("no header")
        drifts = DRIFTS if wishes.drift else ()
        if output == Path("-"):
            sys.stdout.write("row,predicted\n0,1\n")
            return Predicted(None, drifts)
        if wishes.keep:
            listener.message(f"{wishes.form} with {' and '.join(wishes.keep)}")
        return Predicted(output or Path("runs/a/predictions/b.csv"), drifts)

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


@pytest.mark.usefixtures("predicted")
def test_what_is_wished(dlrun):
    """The form and what is kept reach the one that writes."""
    words = ("predict", "a", "b.csv", "--format", "parquet", "--keep", "id", "--keep", "a,b")
    assert dlrun(*words)[2] == "no header\nparquet with id and a,b\n"
    assert dlrun("predict", "a", "b.csv", "--format", "xml")[0] == 2


@pytest.mark.usefixtures("predicted")
def test_drift(dlrun):
    """A table beside the data; exit code 3 where a column is beyond the limit, and only then."""
    code, out, err = dlrun("predict", "a", "b.csv", "--drift", "-q")
    assert (code, out) == (0, "runs/a/predictions/b.csv\n")
    assert [line.split() for line in err.splitlines()] == [
        line.split() for line in TABLE.splitlines()
    ]
    assert dlrun("predict", "a", "b.csv", "--drift-above", "2", "-q")[0] == 0
    code, out, err = dlrun("predict", "a", "b.csv", "--drift-above", "0.04", "-q")
    assert (code, out) == (3, "runs/a/predictions/b.csv\n")
    told = "error: column 'sex' has drifted by 1.250, and 1 more; --drift-above 0.04"
    assert err.splitlines()[-1] == told


@pytest.mark.usefixtures("opened")
def test_reader_that_leaves_early(dlrun, monkeypatch):
    """`dlrun predict ... -o - | head` ends quietly with the code of SIGPIPE."""

    def predict(*_args, **_kwargs):
        raise BrokenPipeError

    monkeypatch.setattr("dlrun.workflows.predict.predict", predict)
    assert dlrun("predict", "a", "b.csv", "-o", "-") == (141, "", "")
