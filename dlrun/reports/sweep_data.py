"""What the plots and the page of a sweep show: its points in numbers, and which axes matter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, variance

import numpy as np
from numpy.typing import NDArray

from dlrun.reports.repeats import REPEATED, Unit
from dlrun.reports.statistics import NOISE, corrected, judge
from dlrun.reports.sweep_axes import MOST_VALUES, Axis, Scale, axes_of
from dlrun.reports.sweep_results import SweepPoint, SweepResults, point_key
from dlrun.wording import settings_of, value_text

LOG_FROM = 20  # from which factor on an objective that is to be small is drawn by its logarithm
FILLED = 0.5  # the least share of the cells of a grid of two axes that hold a point
_BINS = 5


@dataclass(frozen=True, eq=False)
class SweepData:
    """A sweep as its plots and its page show it; of keys and axes those first that matter most."""

    results: SweepResults
    every: tuple[SweepPoint, ...]  # all points, the best first
    points: tuple[SweepPoint, ...]  # those of them that have the objective
    means: NDArray[np.float64]  # (points,), of the objective
    margins: NDArray[np.float64]  # (points,), half of their 95 % interval; NaN for one seed
    keys: tuple[str, ...]  # in which `every` differ
    axes: tuple[Axis, ...]  # on which `points` differ
    shares: tuple[float, ...]  # of the order of the points that each axis explains, in [0, 1]
    scale: Scale | None  # of the objective; None where all points are equal, or none is there
    curves: Sequence[Mapping[str, NDArray[np.float64]]]  # histories of the best, each (epochs,)

    @property
    def shown(self) -> NDArray[np.float64]:
        """The means `(points,)`, those that are far worse than most at the end of the scale."""
        if self.scale is None:
            return self.means
        return np.clip(self.means, self.scale.low, self.scale.high)

    def name_of(self, point: SweepPoint) -> str:
        """Name a point by what it does not share with all: `learning_rate=0.01 units=8`."""
        return settings_of({key: point.values[key] for key in self.keys if key in point.values})

    def values_of(self, point: SweepPoint) -> str:
        """Name a point by its values alone, in the order of `keys`: `0.01, 8`."""
        return ", ".join(value_text(point.values.get(key, "-")) for key in self.keys)

    @property
    def outside(self) -> int:
        """How many points are far worse than the others."""
        return int((self.shown != self.means).sum())


def sweep_data_of(
    results: SweepResults, curves: Sequence[Mapping[str, NDArray[np.float64]]]
) -> SweepData:
    """Put together what there is to show of a sweep."""
    every = tuple(results.points())
    found = [(one, one.estimate) for one in every if one.estimate is not None]
    points = tuple(point for point, _ in found)
    means = np.array([estimate.mean for _, estimate in found], np.float64)
    margins = np.array(
        [math.nan if one.margin is None else one.margin for _, one in found], np.float64
    )
    axes = axes_of(results, points) if points else []
    shares = [explained(axis, means) for axis in axes]
    order = sorted(range(len(axes)), key=lambda number: -shares[number])
    ranked = [axes[number] for number in order]
    return SweepData(
        results=results,
        every=every,
        points=points,
        means=means,
        margins=margins,
        keys=tuple(dict.fromkeys([*(axis.key for axis in ranked), *varying_keys(every, results)])),
        axes=tuple(ranked),
        shares=tuple(shares[number] for number in order),
        scale=scale_of(means, larger=results.larger),
        curves=curves,
    )


def varying_keys(points: Sequence[SweepPoint], results: SweepResults) -> list[str]:
    """List the keys that are not the same at all points, as far as they have them."""

    def different(key: str) -> set[str]:
        held = ({"": point.values[key]} if key in point.values else {} for point in points)
        return {point_key(values) for values in held}

    return [key for key in results.axes if key not in REPEATED and len(different(key)) > 1]


def scale_of(means: NDArray[np.float64], *, larger: bool) -> Scale | None:
    """Choose where an objective is drawn, so that a few very bad points hide no difference.

    What is worse than three quarters of the points by many times their own distance from the best
    is outside. None where all means are equal.
    """
    if len(means) == 0 or means.min() == means.max():
        return None
    is_log = bool(not larger and means.min() > 0 and means.max() / means.min() > LOG_FROM)
    badness = np.log(means) if is_log else -means if larger else means
    best, usual = badness.min(), np.quantile(badness, 0.75)
    end = usual + (3 if is_log else 10) * (usual - best) if usual > best else badness.max()
    end = min(end, badness.max())
    worst = float(np.exp(end)) if is_log else float(-end if larger else end)
    low, high = (worst, means.max()) if larger else (means.min(), worst)
    return Scale(float(low), float(high), is_log)


def explained(axis: Axis, means: NDArray[np.float64]) -> float:
    """Say which share of the order of the points an axis explains by itself.

    omega² = 1 - (within / (points - groups)) / (total / (points - 1))

    of the ranks of the points, grouped by the value of the axis, or by fifths of it where there
    are many values. It is 0 where there are too few points to tell.
    """
    ranks = np.unique(means, return_inverse=True)[1].astype(np.float64)  # (points,)
    groups = axis.groups
    if not axis.has_few:
        order = np.argsort(axis.places, kind="stable")
        groups = np.empty(len(order), np.int64)
        groups[order] = np.arange(len(order)) * _BINS // len(order)
    free = len(ranks) - len(np.unique(groups))
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if free < 1 or total == 0:
        return 0.0
    sums = np.bincount(groups, ranks)
    counts = np.maximum(np.bincount(groups), 1)
    within = float(((ranks - (sums / counts)[groups]) ** 2).sum())
    return max(0.0, 1 - (within / free) / (total / (len(ranks) - 1)))


def pairs(data: SweepData, most: int) -> list[tuple[Axis, Axis]]:
    """Choose the pairs of axes that are worth a map, those that matter most first.

    Their grid is mostly filled, or they are numbers that were drawn at random.
    """
    shares = dict(zip(data.axes, data.shares, strict=True))
    both = len(data.axes) > 2  # noqa: PLR2004
    found = [
        pair for pair in combinations(data.axes, 2) if is_grid(pair) or _is_plane(pair, both=both)
    ]
    return sorted(found, key=lambda pair: -shares[pair[0]] - shares[pair[1]])[:most]


def is_grid(pair: tuple[Axis, Axis]) -> bool:
    """Say whether the values of two axes make a grid that is mostly filled."""
    if not all(axis.has_few for axis in pair):
        return False
    one, other = pair
    cells = len(set(zip(one.groups.tolist(), other.groups.tolist(), strict=True)))
    return cells >= FILLED * len(one.labels) * len(other.labels)


def _is_plane(pair: tuple[Axis, Axis], *, both: bool) -> bool:
    """Whether two axes are numbers, both of them or one with so many that dots make a picture."""
    have_many = [len(axis.labels) > MOST_VALUES // 2 for axis in pair]
    return all(axis.is_ordered for axis in pair) and (all if both else any)(have_many)


@dataclass(frozen=True)
class SeedNoise:
    """The spread over seeds, or folds, against that between points, of points with two or more."""

    points: int
    within: float  # the standard deviation over the seeds of one point, pooled over the points
    between: float | None  # that of the means of the points; None for a single one
    by_chance: float | None  # what the latter would be if all points were equally good
    tested: int  # points that could be tested against the best one
    tied: int  # of these, where a t-test at 5 %, with Holm's correction, finds no difference
    unit: Unit = "seed"


def seed_noise(points: Sequence[SweepPoint], *, larger: bool) -> SeedNoise | None:
    """Measure the spread over seeds of points, the best first; None where none has two seeds.

    within² = sum of squares within the points / (runs - points)
    by_chance² = within² · mean over the points of 1 / seeds
    """
    several = [values for point in points if len(values := point.by_repeat()) > 1]
    if not several:
        return None
    over = points[0].over
    free = sum(len(values) - 1 for values in several)
    squares = sum(variance(values.values()) * (len(values) - 1) for values in several)
    within = math.sqrt(squares / free)
    between = by_chance = None
    if len(several) > 1:
        between = math.sqrt(variance(fmean(values.values()) for values in several))
        by_chance = within * math.sqrt(fmean(1 / len(values) for values in several))
    verdicts = corrected(
        [judge(values, several[0], larger=larger, over=over) for values in several[1:]],
        larger=larger,
        over=over,
    )
    tested = [one for one in verdicts if one.word != "undecided"]
    tied = sum(one.word == "equal" or one.word in NOISE.values() for one in tested)
    return SeedNoise(len(several), within, between, by_chance, len(tested), tied, over.unit)
