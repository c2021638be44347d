"""Sweeps that were never trained: what came out of them, and folders that hold it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from dlrun.reports.sweep_data import sweep_data_of
from dlrun.reports.sweep_results import SweepResults, SweepRun
from dlrun.rundir.integrity import signed

RATE = "optimizer.learning_rate"
UNITS = "model.layers[0].units"
WORD = "model.layers[0].activation"


def run(number: int = 0, value: float | None = 0.5, **changes: Any) -> SweepRun:
    """A run with the objective, or without."""
    facts: dict[str, Any] = {
        "path": Path(f"runs/20261120-231455_a_{number:04}"),
        "status": "finished" if value is not None else "failed",
        "point": {},
        "value": value,
        "metrics": {} if value is None else {"test": {"loss": 0.1, "accuracy": value}},
        "epochs": 3,
        "seconds": 1.5,
        "reason": None if value is not None else "The loss became NaN.",
        **changes,
    }
    return SweepRun(**facts)


def results(points: list[tuple[dict[str, Any], float | None]], **changes: Any) -> SweepResults:
    """What came out of a sweep with these points and values."""
    axes = dict.fromkeys(key for point, _ in points for key in point)
    runs = tuple(run(n, value, point=point) for n, (point, value) in enumerate(points))
    facts: dict[str, Any] = {
        "name": "rates",
        "folder": Path("runs/rates"),
        "objective": "test accuracy",
        "larger": True,
        "axes": tuple(axes),
        "runs": runs,
        "missing": 0,
        "left_out": 0,
        **changes,
    }
    return SweepResults(**facts)


def sweep_data(
    points: list[tuple[dict[str, Any], float | None]], *, curves: Any = (), **changes: Any
):
    """The same as its page tells it."""
    return sweep_data_of(results(points, **changes), curves)


def grid(value: Any, **axes: list[Any]) -> list[tuple[dict[str, Any], float | None]]:
    """A grid of keys, each point with what `value` gives for it; `_` in a key is a dot."""
    keys = [key.replace("__", ".") for key in axes]
    points = [dict(zip(keys, one, strict=True)) for one in itertools.product(*axes.values())]
    return [(point, value(point)) for point in points]


def store_sweep(folder: Path, points: list[tuple[dict[str, Any], float | None]], **changes: Any):
    """Write the folder of a sweep, each run with its record, its metrics, its history."""
    folder.mkdir(parents=True)
    axes = list(dict.fromkeys(key for point, _ in points for key in point))
    told = {
        "format": 1,
        "name": "rates",
        "base_hash": "b",
        "axes": axes,
        "objective": {"metric": "accuracy", "split": "test", "maximize": True},
        "points": [point for point, _ in points],
        "identities": [f"{number:04}" for number in range(len(points))],
        **changes,
    }
    (folder / "sweep.json").write_text(json.dumps(told))
    for number, (point, value) in enumerate(points):
        store_run(folder / f"20261120-231455_a_{number:04}", point, value)
    return folder


def store_run(path: Path, point: dict[str, Any], value: float | None, **changes: Any) -> None:
    """Write the folder of a run of a sweep."""
    path.mkdir()
    record = {
        "format": 1,
        "status": "failed" if value is None else "finished",
        "reason": "The loss became NaN." if value is None else None,
        "started": f"2026-11-20T23:14:55.{int(path.name[-4:]):06}+00:00",
        "seconds": 1.5,
        "identity": path.name[-4:],
        "sweep": {"base": "b", "point": point, "sample": None},
        **changes,
    }
    (path / "run.json").write_text(signed(record))
    (path / "history.csv").write_text("epoch,loss,val_loss\n1,0.5,0.6\n2,0.25,0.4\n")
    if value is not None:
        metrics = {"train": {"loss": 0.1}, "test": {"loss": 0.2, "accuracy": value}}
        (path / "metrics.json").write_text(json.dumps(metrics))
