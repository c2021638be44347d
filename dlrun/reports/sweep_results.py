"""What came out of a sweep: its points by their objective, the runs of each, the axes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dlrun.reports.ranking import Contender, rank
from dlrun.reports.repeats import FOLD, REPEATED, SEED, Repeat, Repeats, without_repeat
from dlrun.reports.statistics import Estimate, estimate
from dlrun.wording import format_number, is_number


@dataclass(frozen=True)
class SweepRun:
    """A run of a sweep."""

    path: Path
    status: str  # as `dlrun runs` has it; `stopped early` where halving paused it
    point: Mapping[str, Any]  # by key; an axis that the run does not have is left out
    value: float | None  # the objective
    metrics: Mapping[str, Mapping[str, float | None]]  # by split
    epochs: int  # completed
    seconds: float | None
    reason: str | None  # why it is not finished, in one line
    started: datetime | None = None
    folds: int | None = None  # of how many it is one, where it is a fold

    @property
    def repeat(self) -> Repeat:
        """Its seed and its fold, where these are axes; else 0."""
        return Repeat.of(self.point)


@dataclass(frozen=True)
class SweepPoint:
    """The runs of a sweep that differ by their seeds and folds only."""

    values: Mapping[str, Any]  # by key, without seed and fold
    runs: tuple[SweepRun, ...]  # by seed and fold
    estimate: Estimate | None  # of the objective; None where no run has it
    best: SweepRun | None

    @property
    def over(self) -> Repeats:
        """Over what its mean is taken."""
        folds = self.runs[0].folds if FOLD in self.runs[0].point else None
        return Repeats.of((run.repeat for run in self.runs), folds)

    @property
    def is_whole(self) -> bool:
        """Whether each of its seeds and folds has the objective."""
        return self.by_repeat().keys() == {run.repeat for run in self.runs}

    def by_repeat(self) -> dict[Repeat, float]:
        """The objective of its runs that have it, by seed and fold."""
        return {run.repeat: run.value for run in self.runs if run.value is not None}


@dataclass(frozen=True)
class SweepResults:
    """What came out of a sweep."""

    name: str
    folder: Path
    objective: str  # as `test accuracy`; empty where nothing was measured
    larger: bool  # larger values of it are better
    axes: tuple[str, ...]  # the keys that vary, in order
    runs: tuple[SweepRun, ...]  # in the order in which they were started
    missing: int | None  # points without a run; None where they are drawn one by one
    left_out: int  # runs in the folder of an earlier form of the sweep
    repeated: int = 0  # runs in the folder of points whose run is another, which came farther

    def points(self) -> list[SweepPoint]:
        """Put runs together that differ by seed or fold only, the best points first."""
        contenders = [
            Contender(
                run=run,
                point=point_key(without_repeat(run.point)),
                repeat=run.repeat,
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

    def tie_in_words(self) -> str | None:
        """Say so where several points share the first place; None where one has it alone."""
        found = [(p.estimate.mean, p.is_whole) for p in self.points() if p.estimate is not None]
        tied = found.count(found[0]) if found else 0
        if tied < 2:  # noqa: PLR2004
            return None
        best = f"{tied:,} points share the best {self.objective}, {format_number(found[0][0])}"
        return f"{best}; the one that was begun first stands for them"

    @property
    def is_repeated(self) -> bool:
        """Whether points have several runs: seeds, folds or both are axes."""
        return any(key in self.axes for key in REPEATED)

    @property
    def split(self) -> str:
        """By which rows the best is chosen; empty where nothing was measured."""
        return self.objective.partition(" ")[0]

    def metric_names(self) -> list[str]:
        """Give all metrics that runs have, such as `test.accuracy`."""
        measured = (item for run in self.runs for item in run.metrics.items())
        return list(dict.fromkeys(f"{split}.{name}" for split, names in measured for name in names))


def point_key(values: Mapping[str, Any]) -> str:
    """Write the plain values of a point as a text that no other point has."""
    return json.dumps(values, sort_keys=True, default=str)


def results_csv(results: SweepResults) -> str:
    """Write the runs of a sweep as CSV, numbers in full, the best first."""
    names = results.metric_names()
    parts = [name.partition(".") for name in names]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", "status", *results.axes, *names, "epochs", "seconds", "reason"])
    for point in results.points():
        for run in point.runs:
            metrics = [run.metrics.get(split, {}).get(name) for split, _, name in parts]
            values = [_cell(run.point.get(axis, "")) for axis in results.axes]
            facts = [run.epochs, run.seconds, run.reason]
            writer.writerow([run.path.name, run.status, *values, *metrics, *facts])
    return text.getvalue()


def results_json(results: SweepResults) -> dict[str, Any]:
    """Give what came out of a sweep as JSON can express it."""
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
                        "fold": run.point.get(FOLD),
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
    point = SweepPoint(
        values=without_repeat(runs[0].point),
        runs=tuple(sorted(runs, key=lambda run: run.repeat)),
        estimate=None,
        best=None,
    )
    known = [run.value for run in runs if run.value is not None]
    return replace(point, estimate=estimate(known, point.over), best=runs[0]) if known else point


def _cell(value: Any) -> Any:
    """A value of an axis in a CSV: what is no scalar as JSON."""
    is_plain = is_number(value) or isinstance(value, str)
    return value if is_plain else json.dumps(value, ensure_ascii=False)
