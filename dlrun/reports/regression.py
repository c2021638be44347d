"""How far predicted values are from true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Distances:
    """The scores of one target.

    Attributes:
        absolute: The mean absolute error, in units of the target.
        squared: The root of the mean squared error, in units of the target.
        explained: The share of the variance that the predictions explain, R squared; at most 1,
            0 for always predicting the mean; None where all true values are equal.
    """

    absolute: float
    squared: float
    explained: float | None


def distances(y_true: ArrayLike, y_pred: ArrayLike) -> Distances:
    """Measure the distances of a target.

    Equal to scikit-learn's `mean_absolute_error`, `root_mean_squared_error` and `r2_score`.

    Args:
        y_true: `(rows,)`, at least one.
        y_pred: `(rows,)`.
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
