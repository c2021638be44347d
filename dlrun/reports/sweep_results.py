"""What came out of a sweep: its points by their objective, the runs of each, the axes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.reports.ranking import Contender, rank
from dlrun.reports.seeds import Estimate, estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

SEED = "seed"
"""The axis over which points are repeated."""


@dataclass(frozen=True)
class SweepRun:
    """A run of a sweep.

    Attributes:
        path: Its folder.
        status: As `dlrun runs` has it; `stopped early` where halving paused it.
        point: The values of the axes by key; an axis that the run does not have is left out.
        value: The objective, or None.
        metrics: The final metrics by split.
        epochs: The number of completed epochs.
        seconds: How long it took, or None.
        reason: Why it is not finished, in one line, or None.
        started: When it was started, or None.
    """

    path: Path
    status: str
    point: Mapping[str, Any]
    value: float | None
    metrics: Mapping[str, Mapping[str, float | None]]
    epochs: int
    seconds: float | None
    reason: str | None
    started: datetime | None = None

    @property
    def seed(self) -> int:
        """The seed, where it is an axis; else 0."""
        seed = self.point.get(SEED, 0)
        return seed if isinstance(seed, int) else 0


@dataclass(frozen=True)
class SweepPoint:
    """The runs of a sweep that differ by their seeds only.

    Attributes:
        values: The values of the axes by key, without the seed.
        runs: The runs, by seed.
        estimate: The mean of the objective and how sure it is; None where no run has it.
        best: The best of the runs; None where none has the objective.
    """

    values: Mapping[str, Any]
    runs: tuple[SweepRun, ...]
    estimate: Estimate | None
    best: SweepRun | None


@dataclass(frozen=True)
class SweepResults:
    """What came out of a sweep.

    Attributes:
        name: What the sweep is called.
        folder: Where its runs are.
        objective: What is best, as `test accuracy`; empty where nothing was measured.
        larger: Whether larger values of it are better.
        axes: The keys that vary, in order.
        runs: The runs, in the order in which they were started.
        missing: How many points have no run; None where points are drawn one by one.
        left_out: How many runs in the folder belong to an earlier form of the sweep.
        repeated: How many runs in the folder are the same as others: of each point with its seed
            that one counts which came farthest.
    """

    name: str
    folder: Path
    objective: str
    larger: bool
    axes: tuple[str, ...]
    runs: tuple[SweepRun, ...]
    missing: int | None
    left_out: int
    repeated: int = 0

    def points(self) -> list[SweepPoint]:
        """Put runs together that differ by their seeds only, the best points first."""
        contenders = [
            Contender(
                run=run,
                point=point_key(_without_seed(run.point)),
                seed=run.seed,
                value=run.value,
                started=run.started,
                name=run.path.name,
                epochs=run.epochs,
            )
            for run in self.runs
        ]
        ranked = rank(contenders, larger=self.larger)
        return [_point([one.run for one in runs]) for runs in ranked]

    def best(self) -> SweepRun | None:
        """Give the best run of the best point; None where no run has the objective."""
        return next((point.best for point in self.points()), None)

    @property
    def split(self) -> str:
        """By which rows the best is chosen; empty where nothing was measured."""
        return self.objective.partition(" ")[0]

    def metric_names(self) -> list[str]:
        """Give all metrics that runs have, such as `test.accuracy`."""
        names = (
            f"{split}.{name}"
            for run in self.runs
            for split, metrics in run.metrics.items()
            for name in metrics
        )
        return list(dict.fromkeys(names))


def in_order(values: Sequence[Any]) -> list[Any]:
    """Sort numbers; leave everything else as it came.

    Args:
        values: The values of an axis.
    """
    return sorted(values) if is_numeric(values) else list(values)


def is_numeric(values: Sequence[Any]) -> bool:
    """Say whether all values of an axis are numbers.

    Args:
        values: The values.
    """
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def point_key(values: Mapping[str, Any]) -> str:
    """Write the values of a point as a text that no other point has.

    Args:
        values: Plain values by key.
    """
    return json.dumps(values, sort_keys=True, default=str)


def results_csv(results: SweepResults) -> str:
    """Write the runs of a sweep as CSV, numbers in full, the best first.

    Args:
        results: What came out.
    """
    names = results.metric_names()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", "status", *results.axes, *names, "epochs", "seconds", "reason"])
    for point in results.points():
        for run in point.runs:
            metrics = [run.metrics.get(split, {}).get(name) for split, name in map(_split, names)]
            values = [_cell(run.point.get(axis, "")) for axis in results.axes]
            facts = [run.epochs, run.seconds, run.reason]
            writer.writerow([run.path.name, run.status, *values, *metrics, *facts])
    return text.getvalue()


def results_json(results: SweepResults) -> dict[str, Any]:
    """Give what came out of a sweep as JSON can express it.

    Args:
        results: What came out.
    """
    best = results.best()
    return {
        "name": results.name,
        "folder": results.folder,
        "objective": results.objective or None,
        "direction": "maximize" if results.larger else "minimize",
        "axes": results.axes,
        "best": None if best is None else best.path,
        "missing": results.missing,
        "points": [
            {
                "values": point.values,
                "mean": point.estimate and point.estimate.mean,
                "margin": point.estimate and point.estimate.margin,
                "runs": [
                    {
                        "run": run.path,
                        "status": run.status,
                        "seed": run.point.get(SEED),
                        "value": run.value,
                        "metrics": run.metrics,
                        "epochs": run.epochs,
                        "seconds": run.seconds,
                        "reason": run.reason,
                    }
                    for run in point.runs
                ],
            }
            for point in results.points()
        ],
    }


def _point(runs: Sequence[SweepRun]) -> SweepPoint:
    """Put the runs of a point together, which come with the best first."""
    known = [run.value for run in runs if run.value is not None]
    return SweepPoint(
        values=_without_seed(runs[0].point),
        runs=tuple(sorted(runs, key=lambda run: run.seed)),
        estimate=estimate(known) if known else None,
        best=runs[0] if known else None,
    )


def _without_seed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != SEED}


def _split(name: str) -> tuple[str, str]:
    split, _, metric = name.partition(".")
    return split, metric


def _cell(value: Any) -> Any:
    """A value of an axis in a CSV: what is no scalar as JSON."""
    is_plain = isinstance(value, int | float | str) and not isinstance(value, bool)
    return value if is_plain else json.dumps(value, ensure_ascii=False)
