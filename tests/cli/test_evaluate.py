"""`dlrun evaluate` prints what was measured as tables or as JSON, on stdout."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from dlrun.errors import DlrunError
from dlrun.reports.baseline import Judged
from dlrun.rundir.folder import Run
from tests.reports.scoring import classification_report

REPORT = classification_report([0, 0, 1, 1], [0, 1, 1, 1], ["no", "yes"])
CALL = {"run": Path("runs/a"), "split": None, "data": None}


@pytest.fixture
def evaluated(monkeypatch):
    """The calls that an evaluation in name only receives; its report can be set."""
    state = SimpleNamespace(calls=[], report=REPORT, failure=None)

    def evaluate(run, *, split, data, threshold, trust, listener):
        assert trust is False
        assert not threshold
        state.calls.append({"run": run.path, "split": split, "data": data})
        listener.message("columns not used: z")
        return SimpleNamespace(
            run=run,
            split=split or "test",
            metrics={"loss": 0.25, "accuracy": 0.75},
            judged=Judged(state.report),
            thresholds=None,
            stored=Path("runs/a/metrics.json"),
            failure=state.failure,
        )

    monkeypatch.setattr("dlrun.workflows.evaluate.evaluate", evaluate)
    monkeypatch.setattr("dlrun.rundir.bundle.open_run", lambda name, runs: Run(runs / name))
    return state


def test_tables(dlrun, evaluated):
    """Metrics, scores and confusion matrix on stdout; messages on stderr."""
    exit_code, out, err = dlrun("evaluate", "a")
    assert (exit_code, err) == (0, "columns not used: z\n")
    assert out == (
        "            test\n"
        "loss      0.2500\n"
        "accuracy  0.7500\n"
        "\n"
        "class          precision  recall      f1  rows\n"
        "no                1.0000  0.5000  0.6667     2\n"
        "yes               0.6667  1.0000  0.8000     2\n"
        "macro average     0.8333  0.7500  0.7333     4\n"
        "\n"
        "true \\ predicted  no  yes\n"
        "no                 1    1\n"
        "yes                .    2\n"
    )
    assert evaluated.calls == [CALL]


def test_regression_has_no_classes(dlrun, evaluated):
    """Where there are no classes the metrics are all."""
    evaluated.report = None
    _, out, _ = dlrun("evaluate", "a", "--split", "validation", "--quiet", "--runs-dir", "x")
    assert out == "          validation\nloss          0.2500\naccuracy      0.7500\n"
    assert evaluated.calls == [{**CALL, "split": "validation", "run": Path("x/a")}]


def test_json(dlrun, evaluated):
    """Everything as data."""
    _, out, _ = dlrun("evaluate", "a", "--data", "b.csv", "--json")
    assert json.loads(out) == {
        "run": "runs/a",
        "split": "test",
        "metrics": {"loss": 0.25, "accuracy": 0.75},
        "classification": REPORT.to_json(),
        "stored": "runs/a/metrics.json",
    }
    assert evaluated.calls == [{**CALL, "data": Path("b.csv")}]


def test_numbers_that_cannot_be_stored_are_printed_all_the_same(dlrun, evaluated):
    """What failed is told by a message and the exit code."""
    evaluated.failure = DlrunError("cannot be written: no space left on device.", where="x")
    exit_code, out, err = dlrun("evaluate", "a", "--quiet")
    assert (exit_code, err) == (1, "error: x: cannot be written: no space left on device.\n")
    assert "accuracy  0.7500" in out


def test_split_and_data_exclude_each_other(dlrun, evaluated):
    """Nothing that the user gives is silently ignored."""
    exit_code, out, err = dlrun("evaluate", "a", "--data", "b.csv", "--split", "test")
    assert (exit_code, out) == (2, "")
    assert err == (
        "error: --split names rows of the run's own data, --data a file with other rows.\n"
        "  Give only one of them.\n"
    )
    assert evaluated.calls == []
