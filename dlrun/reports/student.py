"""Student's t distribution, by the continued fraction of the incomplete beta function.

Whoever compares a handful of runs should not have to load a library of numbers for it.
"""

from __future__ import annotations

import math
from functools import lru_cache

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
