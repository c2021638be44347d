"""Which of several runs is the best: the one rule behind every best run that is named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from dlrun.reports.repeats import Repeat

T = TypeVar("T")

_LARGEST = 1e100  # the squares of larger numbers are none: such a run has diverged


@dataclass(frozen=True)
class Contender(Generic[T]):
    """A run as it is ranked."""

    run: T  # whatever stands for it
    point: str  # what it shares with the runs that are repetitions of it
    repeat: Repeat
    value: float | None  # what `judged_value` gives
    started: datetime | None
    name: str  # of its folder
    epochs: int = 0  # completed ones


def judged_value(
    status: str, metrics: Mapping[str, Mapping[str, float | None]], objective: str
) -> float | None:
    """Give the value of an objective such as `test accuracy`.

    There is none of a run that is not finished, and of one that diverged.
    """
    split, _, metric = objective.partition(" ")
    value = metrics.get(split, {}).get(metric) if status == "finished" else None
    return value if value is not None and abs(value) < _LARGEST else None


def rank(runs: Iterable[Contender[T]], *, larger: bool) -> list[list[Contender[T]]]:
    """Put runs together that differ by seed or fold only, the best points and runs first.

    Points come by the mean over seeds and folds; two runs of one seed are one piece of evidence. A
    point of which a seed has no value comes after those of which all have one: the mean of what
    went well says too much. Last, by their epochs, are points without any value, such as those that
    were stopped. Of equal points that is first which was begun first.

    The runs of a point come by their values, of equal ones the first seed, and of two runs of one
    seed the newer.
    """
    sign = -1 if larger else 1
    points: dict[str, list[Contender[T]]] = {}
    for run in runs:
        points.setdefault(run.point, []).append(run)
    inside = [_ranked(one, sign) for one in points.values()]
    return sorted(inside, key=lambda one: _place(one, sign))


def _ranked(runs: Sequence[Contender[T]], sign: int) -> list[Contender[T]]:
    newest_first = sorted(runs, key=_age_order, reverse=True)
    return sorted(newest_first, key=lambda one: (*_by_value(one.value, sign), one.repeat))


def _place(runs: Sequence[Contender[T]], sign: int) -> tuple[bool, bool, float, tuple[float, str]]:
    """Where a point stands among others."""
    repeats: dict[Repeat, list[Contender[T]]] = {run.repeat: [] for run in runs}
    for run in runs:
        if run.value is not None:
            repeats[run.repeat].append(run)
    known = [found for found in repeats.values() if found]
    if not known:
        farthest = max(run.epochs for run in runs)
        return True, True, -farthest, min(map(_age_order, runs))
    # `statistics` takes 3 ms to import, which every list of runs would pay.
    means = [math.fsum(run.value or 0.0 for run in found) / len(found) for found in known]
    mean = math.fsum(means) / len(means)
    begun = min(max(map(_age_order, found)) for found in known)
    return len(known) < len(repeats), False, sign * mean, begun


def _by_value(value: float | None, sign: int) -> tuple[bool, float]:
    """Runs without a value are last."""
    return value is None, sign * (value or 0.0)


def _age_order(run: Contender[T]) -> tuple[float, str]:
    """Later runs are larger; runs without any time are the smallest."""
    return (run.started.timestamp() if run.started else -math.inf, run.name)
