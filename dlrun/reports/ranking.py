"""Which of several runs is the best: the one rule behind every best run that is named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

T = TypeVar("T")

_LARGEST = 1e100
"""The squares of larger numbers are none; whoever measures such a one has diverged."""


@dataclass(frozen=True)
class Contender(Generic[T]):
    """A run as it is ranked.

    Attributes:
        run: Whatever stands for it.
        point: What it shares with the runs that differ from it by their seeds only.
        seed: Its seed.
        value: What `judged_value` gives.
        started: When it was started, or None.
        name: The name of its folder.
        epochs: The number of completed epochs.
    """

    run: T
    point: str
    seed: int
    value: float | None
    started: datetime | None
    name: str
    epochs: int = 0


def judged_value(
    status: str, metrics: Mapping[str, Mapping[str, float | None]], objective: str
) -> float | None:
    """Give the number by which a run is judged.

    Args:
        status: Of the run: only a finished one is judged.
        metrics: Its metrics by split.
        objective: The split and the name of a metric, such as `test accuracy`.

    Returns:
        The value; None where there is none, and of a run that diverged.
    """
    split, _, metric = objective.partition(" ")
    value = metrics.get(split, {}).get(metric) if status == "finished" else None
    return value if value is not None and abs(value) < _LARGEST else None


def rank(runs: Iterable[Contender[T]], *, larger: bool) -> list[list[Contender[T]]]:
    """Put runs together that differ by their seeds only, the best points and runs first.

    Points come by the mean over their seeds; two runs of one seed are one piece of evidence. A
    point of which a seed has no value comes after those of which all have one: the mean of what
    went well says too much. Last, by their epochs, are points without any value, such as those
    that were stopped. Of equal points that is first which was begun first.

    The runs of a point come by their values, of equal ones the first seed, and of two runs of one
    seed the newer.

    Args:
        runs: The runs, in any order.
        larger: Whether larger values are better.

    Returns:
        The runs of each point.
    """
    sign = -1 if larger else 1
    points: dict[str, list[Contender[T]]] = {}
    for run in runs:
        points.setdefault(run.point, []).append(run)
    inside = [_ranked(one, sign) for one in points.values()]
    return sorted(inside, key=lambda one: _place(one, sign))


def _ranked(runs: Sequence[Contender[T]], sign: int) -> list[Contender[T]]:
    newest_first = sorted(runs, key=_age_order, reverse=True)
    return sorted(newest_first, key=lambda one: (*_by_value(one.value, sign), one.seed))


def _place(runs: Sequence[Contender[T]], sign: int) -> tuple[bool, bool, float, tuple[float, str]]:
    """Where a point stands among others."""
    seeds: dict[int, list[Contender[T]]] = {run.seed: [] for run in runs}
    for run in runs:
        if run.value is not None:
            seeds[run.seed].append(run)
    known = [found for found in seeds.values() if found]
    if not known:
        farthest = max(run.epochs for run in runs)
        return True, True, -farthest, min(map(_age_order, runs))
    mean = fmean(fmean(run.value or 0.0 for run in found) for found in known)
    begun = min(max(map(_age_order, found)) for found in known)
    return len(known) < len(seeds), False, sign * mean, begun


def _by_value(value: float | None, sign: int) -> tuple[bool, float]:
    """Runs without a value are last."""
    return value is None, sign * (value or 0.0)


def _age_order(run: Contender[T]) -> tuple[float, str]:
    """Later runs are larger; runs without any time are the smallest."""
    return (run.started.timestamp() if run.started else -math.inf, run.name)
