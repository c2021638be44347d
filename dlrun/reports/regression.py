"""How far predicted values are from true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Distances:
    """The scores of one target, in its units."""

    absolute: float  # the mean absolute error
    squared: float  # the root of the mean squared error
    explained: float | None  # R squared, at most 1; None where all true values are equal


def distances(y_true: ArrayLike, y_pred: ArrayLike) -> Distances:
    """Measure how far predicted values, `(rows,)`, are from true ones.

    Equal to scikit-learn's `mean_absolute_error`, `root_mean_squared_error` and `r2_score`.
    """
    true = np.asarray(y_true, np.float64)
    residual = true - np.asarray(y_pred, np.float64)
    spread = float(np.square(true - true.mean()).sum())
    left = float(np.square(residual).sum())
    return Distances(
        float(np.abs(residual).mean()),
        float(np.sqrt(left / len(true))),
        1 - left / spread if spread > 0 else None,
    )
