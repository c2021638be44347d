"""How much of the differences between the points of a sweep seeds alone would make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from dlrun.reports.seeds import corrected, judge
from dlrun.reports.sweep_results import SweepPoint


@dataclass(frozen=True)
class SeedNoise:
    """The spread over seeds against that between points, of points with two seeds or more."""

    points: int
    within: float  # the standard deviation over the seeds of one point, pooled over the points
    between: float | None  # that of the means of the points; None for a single one
    by_chance: float | None  # what the latter would be if all points were equally good
    tested: int  # points that could be tested against the best one
    tied: int  # of these, where a t-test at 5 %, with Holm's correction, finds no difference


def seed_noise(points: Sequence[SweepPoint], *, larger: bool) -> SeedNoise | None:
    """Measure the spread over seeds of points, the best first; None where none has two seeds.

    within² = sum of squares within the points / (runs - points)
    by_chance² = within² · mean over the points of 1 / seeds
    """
    several = [values for point in points if len(values := _by_seed(point)) > 1]
    if not several:
        return None
    free = sum(len(values) - 1 for values in several)
    squares = sum(variance(values.values()) * (len(values) - 1) for values in several)
    within = math.sqrt(squares / free)
    between = by_chance = None
    if len(several) > 1:
        between = math.sqrt(variance(fmean(values.values()) for values in several))
        by_chance = within * math.sqrt(fmean(1 / len(values) for values in several))
    verdicts = corrected(
        [judge(values, several[0], larger=larger) for values in several[1:]], larger=larger
    )
    tested = [one for one in verdicts if one.word != "undecided"]
    tied = sum(one.word in ("within seed noise", "equal") for one in tested)
    return SeedNoise(len(several), within, between, by_chance, len(tested), tied)


def _by_seed(point: SweepPoint) -> dict[int, float]:
    return {run.seed: run.value for run in point.runs if run.value is not None}
