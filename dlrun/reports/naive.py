"""Holds forecasts against naive ones: the last value, and what was a season ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dlrun.reports.baseline import Baseline, Trial, beats_of
from dlrun.reports.statistics import holm, two_sided_p

TEST = "Diebold-Mariano test of squared errors"


def baseline_of_forecasts(
    name: str,
    squares: tuple[NDArray[np.float64], NDArray[np.float64]],
    times: NDArray[np.float64],
    *,
    targets: Sequence[str],
    overlap: int,
    metrics: Mapping[str, float],
) -> Baseline:
    """Hold the forecasts of windows against naive ones, for each column that is foretold.

    Args:
        name: What the naive forecast is called.
        squares: Squared errors of the network and of the naive forecast, `(windows, horizon,
            targets)`.
        times: When the targets of each window begin, `(windows,)`.
        targets: The names of the columns.
        overlap: How many windows in a row foretell some of the same steps, one at least.
        metrics: The loss and the metrics of the naive forecast.
    """
    ours, theirs = (one.mean(axis=1) for one in squares)  # (windows, targets)
    gains = theirs - ours
    found = holm([diebold_mariano(one, times, overlap) for one in gains.T])
    with np.errstate(over="ignore", invalid="ignore"):
        roots = np.sqrt(ours.mean(axis=0)), np.sqrt(theirs.mean(axis=0))
        differences = gains.mean(axis=0)
    several = len(targets) > 1
    trials = tuple(
        Trial(column if several else None, name, float(own), float(other), p, beats_of(p, gain))
        for column, own, other, p, gain in zip(targets, *roots, found, differences, strict=True)
    )
    return Baseline("naive", trials, TEST, len(gains), metrics, name)


def ranked(baselines: Sequence[Baseline]) -> Baseline | None:
    """Put the stronger baseline first, the one with the smaller errors; the others follow."""
    order = sorted(baselines, key=lambda one: sum(trial.baseline for trial in one.trials))
    first: Baseline | None = None
    for one in reversed(order):
        first = replace(one, other=first)
    return first


def diebold_mariano(
    gains: NDArray[np.float64], times: NDArray[np.float64], overlap: int
) -> float | None:
    """Give the two-sided p value of a mean gain of 0; None where too few windows tell.

    Windows that foretell the same steps err together, so that the variance of the mean takes in
    the covariances up to `overlap - 1` windows apart (weighed by Bartlett's kernel, as Newey and
    West 1987 do); windows of several series that begin together count as one. With the correction
    of Harvey, Leybourne and Newbold (1997), against Student's t.

    Source: Diebold and Mariano, Comparing predictive accuracy, 1995.
    """
    _, places = np.unique(times, return_inverse=True)
    of_moments = np.bincount(places, gains) / np.bincount(places)  # (moments,), in their order
    moments = len(of_moments)
    if moments < 2 or moments <= overlap or not np.isfinite(of_moments).all():  # noqa: PLR2004
        return None
    mean = float(of_moments.mean())
    apart = of_moments - mean
    variance = float(apart @ apart) / moments
    for lag in range(1, overlap):
        weight = 1 - lag / overlap
        variance += 2 * weight * float(apart[lag:] @ apart[:-lag]) / moments
    if variance <= 0:
        return None
    correction = (moments + 1 - 2 * overlap + overlap * (overlap - 1) / moments) / moments
    statistic = mean / np.sqrt(variance / moments) * np.sqrt(max(correction, 0.0))
    return two_sided_p(float(statistic), moments - 1)
