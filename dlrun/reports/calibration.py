"""Whether a model that says 80 % is right in 80 % of the cases: reliability and its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """Rows sorted into bins of equal width by their predicted probability."""

    predicted: NDArray[np.float64]  # (bins,): the mean probability of each bin that has rows
    observed: NDArray[np.float64]  # (bins,): the share of its rows where it came true
    rows: NDArray[np.int64]  # (bins,)
    error: float  # the expected calibration error, in [0, 1]


def reliability(came_true: ArrayLike, probability: ArrayLike, bins: int = BINS) -> Reliability:
    """Hold predicted probabilities, `(rows,)` in [0, 1], against how often they came true.

    `ECE = sum over bins of rows / all rows * |observed - predicted|`; the points equal those of
    scikit-learn's `calibration_curve(..., strategy="uniform")`. Source: Naeini et al., Obtaining
    Well Calibrated Probabilities Using Bayesian Binning (2015).
    """
    came_true = np.asarray(came_true, np.float64)
    probability = np.asarray(probability, np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    number = np.searchsorted(edges[1:-1], probability)
    rows = np.bincount(number, minlength=bins)
    filled = rows > 0
    counts = rows[filled]
    predicted = np.bincount(number, probability, bins)[filled] / counts
    observed = np.bincount(number, came_true, bins)[filled] / counts
    error = float((counts * np.abs(observed - predicted)).sum() / len(probability))
    return Reliability(predicted, observed, counts, error)
