"""What is told of one run, of curves, and of runs side by side."""

from __future__ import annotations

import math

from dlrun.rundir.extension import Extension
from dlrun.rundir.lock import holding_lock
from dlrun.serving.board import views


def name_of(board, part):
    """The name of a run by a part of it."""
    (run,) = [one["run"] for one in board("runs")["runs"] if part in one["name"]]
    return run


def test_one_run(board, runs_dir):
    """What its folder says of it."""
    run = name_of(board, "good")
    told = board("run", {"run": run})
    assert told["path"] == str(runs_dir / run)
    assert told["metrics"]["test"] == {"loss": 0.3, "accuracy": 0.95}
    assert told["config"]["optimizer.learning_rate"] == 0.1
    assert told["facts"]["seed"] == 0
    assert told["versions"] == {"keras": "3.15.1"}
    assert told["log"] == ""
    (runs_dir / run / "log.txt").write_text("first\n" + "x" * 2**14 + "\nlast\n")
    assert board("run", {"run": run})["log"] == "last\n"


def test_curves_grow(board, runs_dir):
    """They are told again when they have changed, and else not."""
    run = name_of(board, "good")
    told = board("curves", {"runs": {run: None}})[run]
    assert (told["epochs"], told["columns"]) == ([1, 2], {"loss": [0.5, 0.25]})
    assert board("curves", {"runs": {run: told["stamp"]}}) == {run: None}
    (runs_dir / run / "history.csv").write_text("epoch,loss,val_loss\n1,0.5,1\n2,nan,\n3,0.2,9\n")
    told = board("curves", {"runs": {run: told["stamp"]}})[run]
    assert told["epochs"] == [1, 2, 3]
    assert told["columns"] == {"loss": [0.5, None, 0.2], "val_loss": [1, None, 9]}
    (runs_dir / run / "history.csv").write_text("epoch,loss\n1,2,3\n")
    assert "is damaged" in board("curves", {"runs": {run: None}})[run]["problem"]
    (runs_dir / run / "history.csv").unlink()
    assert board("curves", {"runs": {run: None}})[run]["epochs"] == []
    assert "any more" in board("curves", {"runs": {"gone": None}})["gone"]["problem"]


def test_long_curves_are_thinned(board, runs_dir, monkeypatch):
    """Every so many-th epoch, the first and the last among them."""
    monkeypatch.setattr(views, "_MOST_POINTS", 10)
    run = name_of(board, "good")
    rows = "".join(f"{epoch},{1 / epoch}\n" for epoch in range(1, 97))
    (runs_dir / run / "history.csv").write_text(f"epoch,loss\n{rows}")
    told = board("curves", {"runs": {run: None}})[run]
    assert (told["every"], told["epochs"][0], told["epochs"][-1]) == (10, 1, 96)
    assert len(told["epochs"]) == math.ceil(96 / 10) + 1
    assert told["columns"]["loss"] == [1 / epoch for epoch in told["epochs"]]


def test_an_extension_at_work_is_what_is_shown(board, runs_dir):
    """Its curves and epochs, while the run around it is finished."""
    run = name_of(board, "good")
    extension = Extension(runs_dir / run).path
    extension.mkdir()
    for name in ("run.json", "config.yaml"):
        (extension / name).write_bytes((runs_dir / run / name).read_bytes())
    record = (extension / "run.json").read_text().replace('"finished"', '"running"')
    (extension / "run.json").write_text(record)
    (extension / "history.csv").write_text("epoch,loss\n1,3\n2,2\n3,1\n")
    with holding_lock(extension):
        (row,) = board("runs", {"where": "name~good"})["runs"]
        assert (row["status"], row["epochs"]) == ("extending", 3)
        assert board("curves", {"runs": {run: None}})[run]["epochs"] == [1, 2, 3]
    (row,) = board("runs", {"where": "name~good"})["runs"]
    assert (row["status"], row["epochs"]) == ("finished", None)


def test_side_by_side_as_the_command_compares(board):
    """What differs, and whose value is the best."""
    names = [name_of(board, part) for part in ("good", "poor", "middling")]
    told = board("compare", {"runs": names})
    assert told["keys"] == {"optimizer.learning_rate": [0.1, 0.001, 0.001]}
    (accuracy,) = [row for row in told["metrics"] if row["name"] == "test.accuracy"]
    assert accuracy == {
        "name": "test.accuracy", "values": [0.95, 0.6, 0.8], "best": [0], "larger": True
    }  # fmt: skip
