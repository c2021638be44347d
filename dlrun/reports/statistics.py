"""Runs that are repetitions of each other: their mean, how sure it is, and which group is better.

A single pair of runs says little: another seed might have turned the order round. So groups of runs
are compared by Student's t-tests at the level of 5 %.

The folds of a cross-validation share most of their training rows, so that their spread tells too
little: the variance of a mean over n is not s² / n but s² (1 / n + rows judged / rows trained on).

Source: Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 2003.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist, fmean, variance
from typing import Any, Literal, TypeVar

from dlrun.reports.repeats import SEEDS, Repeats, Unit
from dlrun.wording import count, format_number

LEVEL = 0.05
Word = Literal[
    "better", "worse", "equal", "undecided",
    "within seed noise", "within fold noise", "within run noise",
]  # fmt: skip
NOISE: dict[Unit, Word] = {
    "seed": "within seed noise",
    "fold": "within fold noise",
    "run": "within run noise",
}
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, or folds, and where it may lie."""

    mean: float
    # half the width of its confidence interval of 95 %; None for a single value
    margin: float | None
    count: int  # the number of seeds, or of folds
    unit: Unit = "seed"

    def __str__(self) -> str:
        """Write the mean and its margin, where there is one: `0.9790 ± 0.0021`."""
        margin = "" if self.margin is None else f" ± {format_number(self.margin)}"
        return format_number(self.mean) + margin


@dataclass(frozen=True)
class Verdict:
    """How a group of runs compares with another.

    `within seed noise` is a difference as large as is to be expected of the seeds alone (or folds),
    `equal` is to the bit, `undecided` has too few of them or no spread.
    """

    word: Word
    difference: float  # the mean of this group less that of the other
    margin: float | None  # half the width of the difference's confidence interval of 95 %
    # of a difference as large by chance, corrected by Holm; None where there is no test
    p: float | None
    test: str  # the name of the test, with the number of seeds


def estimate(values: Sequence[float], over: Repeats = SEEDS) -> Estimate:
    """Estimate the mean of one or more values, one a seed, with Student's interval of 95 %."""
    number = len(values)
    if number < 2:  # noqa: PLR2004
        return Estimate(values[0], None, number, over.unit)
    error = math.sqrt(variance(values) * (1 / number + over.overlap))
    margin = quantile(1 - LEVEL, number - 1) * error
    return Estimate(fmean(values), margin, number, over.unit)


def margin_legend(estimates: Iterable[Estimate | None]) -> str | None:
    """Say what stands behind `±`, and what it cannot tell; None where there is none."""
    known = [one for one in estimates if one is not None and one.margin is not None]
    if not known:
        return None
    unit = known[0].unit
    over = {"run": "the folds of all seeds"}.get(unit, f"the {unit}s")
    how = "Student's t" if unit == "seed" else "Student's t, corrected for the rows that they share"
    said = f"± half of the 95 % confidence interval over {over} ({how})"
    if min(one.count for one in known) == 2:  # noqa: PLR2004
        said += (
            f"; two {unit}s tell next to nothing of how far others would lie: the interval is very "
            "wide, and may reach beyond what the metric can be"
        )
    if any(one.margin == 0 for one in known):
        said += f"; 0 is of {unit}s that all gave the same, which makes the mean no surer"
    return said


def judge(
    this: Mapping[Key, float], other: Mapping[Key, float], *, larger: bool, over: Repeats = SEEDS
) -> Verdict:
    """Compare the values by seed of two groups by a two-sided t-test; p is not yet corrected.

    Where both groups have the same ones, the differences by seed are tested against 0 (a paired
    test: what a seed makes easy or hard for both cancels out); else Welch's test is taken, which
    does not ask for equal variances.
    """
    difference = fmean(this.values()) - fmean(other.values())
    if this.keys() == other.keys():
        gaps = [value - other[key] for key, value in _sorted(this)]
        test = f"paired t-test over {count(len(gaps), over.unit)}"
        difference = fmean(gaps)
        error, degrees = _paired(gaps, over.overlap)
    else:
        test = f"Welch's t-test over {len(this)} and {count(len(other), over.unit)}"
        error, degrees = _welch(list(this.values()), list(other.values()), over.overlap)
    if difference == 0 and (error == 0 or not degrees):
        return Verdict("equal", 0.0, None, None, test)
    if not degrees or not error:
        return Verdict("undecided", difference, None, None, test)
    p = two_sided_p(difference / error, degrees)
    margin = quantile(1 - LEVEL, degrees) * error
    return Verdict(_word(difference, p, larger=larger, over=over), difference, margin, p, test)


def corrected(verdicts: Sequence[Verdict], *, larger: bool, over: Repeats = SEEDS) -> list[Verdict]:
    """Correct the p values on one quantity for their number, by the method of Holm.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.
    """
    return [
        one
        if p is None
        else Verdict(
            _word(one.difference, p, larger=larger, over=over),
            one.difference,
            one.margin,
            p,
            one.test,
        )
        for one, p in zip(verdicts, holm([one.p for one in verdicts]), strict=True)
    ]


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Correct p values for their number, by the method of Holm; None is no test and stays."""
    tested = sorted((p, number) for number, p in enumerate(values) if p is not None)
    result, largest = list(values), 0.0
    for rank, (p, number) in enumerate(tested):
        largest = min(max(largest, p * (len(tested) - rank)), 1.0)
        result[number] = largest
    return result


def p_in_words(p: float, least: float = 0.0) -> str:
    """Write a p value: `p = 0.0310`, `p < 0.0001`.

    `least` is the smallest that a test by resampling can give: a p that is no larger is one that
    none of the resamples has reached, `p <= 0.001`.
    """
    if p <= least:
        return f"p <= {p:.3f}"
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"  # noqa: PLR2004


def mcnemar(gained: int, lost: int) -> float:
    """Give the p value of the exact test of McNemar, two-sided.

    Of the rows that only one of two models gets right the one has `gained`, the other `lost`; were
    they equally good, each such row would be a toss of a coin. Equal to SciPy's
    `binomtest(gained, gained + lost).pvalue`.
    """
    tosses, fewer = gained + lost, min(gained, lost)
    if 2 * fewer >= tosses:
        return 1.0
    # The sum of a binomial distribution up to k is I(n - k, k + 1) at 1/2.
    return min(1.0, 2 * _incomplete_beta(tosses - fewer, fewer + 1, 0.5))


def share_interval(right: int, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the interval of a share by the rows of which `right` are right.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA
    1927.
    """
    z, share = NormalDist().inv_cdf((1 + confidence) / 2), right / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference_interval(
    this: tuple[int, int], other: tuple[int, int], confidence: float = 0.95
) -> tuple[float, float]:
    """Give the interval of the difference of two shares, each as `(right, rows)`.

    It takes the rows for drawn anew for each: of the same rows it is wider than it need be. Source:
    Newcombe, "Interval estimation for the difference between independent proportions", Statistics
    in Medicine 1998, method 10.
    """
    (p, q) = (right / rows for right, rows in (this, other))
    (low, high), (other_low, other_high) = (
        share_interval(right, rows, confidence) for right, rows in (this, other)
    )
    below, above = math.hypot(p - low, other_high - q), math.hypot(high - p, q - other_low)
    return max(-1.0, p - q - below), min(1.0, p - q + above)


def _sorted(values: Mapping[Any, float]) -> list[tuple[Any, float]]:
    return sorted(values.items())


def _word(difference: float, p: float, *, larger: bool, over: Repeats) -> Word:
    if p >= LEVEL:
        return NOISE[over.unit]
    return "better" if (difference > 0) == larger else "worse"


def _paired(gaps: Sequence[float], overlap: float) -> tuple[float, float]:
    """The standard error of the mean difference, and its degrees of freedom."""
    if len(gaps) < 2:  # noqa: PLR2004
        return 0.0, 0.0
    return math.sqrt(variance(gaps) * (1 / len(gaps) + overlap)), len(gaps) - 1.0


def _welch(this: Sequence[float], other: Sequence[float], overlap: float) -> tuple[float, float]:
    """The standard error of the difference, and its degrees of freedom by Welch-Satterthwaite."""
    if min(len(this), len(other)) < 2:  # noqa: PLR2004
        return 0.0, 0.0
    squares = [variance(values) * (1 / len(values) + overlap) for values in (this, other)]
    total = sum(squares)
    if total == 0:
        return 0.0, 0.0
    parts = zip(squares, (len(this), len(other)), strict=True)
    return math.sqrt(total), total**2 / sum(one**2 / (seeds - 1) for one, seeds in parts)


_TINY = 1e-300
_PRECISION = 1e-16
_MOST_STEPS = 10_000


def two_sided_p(t: float, degrees: float) -> float:
    """Give the probability that a t statistic is as far from 0 as this one by chance.

    The degrees of freedom, more than 0, need not be whole.
    """
    square = t * t
    if math.isinf(square):
        return 0.0
    if square < 1:  # near the middle its complement is the more exact one
        return 1.0 - _incomplete_beta(0.5, degrees / 2, square / (degrees + square))
    return _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + square))


@lru_cache(maxsize=4096)
def quantile(confidence: float, degrees: float) -> float:
    """Find the t with `two_sided_p(t) == 1 - confidence`: 12.7062 for 0.95 and one degree."""
    tail = 1.0 - confidence
    low, high = 0.0, 1.0
    while two_sided_p(high, degrees) > tail:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if two_sided_p(middle, degrees) > tail:
            low = middle
        else:
            high = middle
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function.

    Source: https://dlmf.nist.gov/8.17, equations 22 (the continued fraction) and 4 (symmetry).
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    return front / (a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, from its front to its end by the method of Lentz."""
    result, above, below = 1.0, 1.0, 0.0
    for step in range(1, _MOST_STEPS):
        m = step // 2
        if step % 2 == 0:
            term = m * (b - m) * x / ((a + step - 1) * (a + step))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + step - 1) * (a + step))
        below = 1.0 / ((1.0 + term * below) or _TINY)
        above = (1.0 + term / above) or _TINY
        result *= above * below
        if abs(above * below - 1.0) < _PRECISION:
            break
    return result
