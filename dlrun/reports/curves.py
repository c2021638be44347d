"""How well a score tells one class from the others: ROC and precision-recall, and their areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over all thresholds of a score."""

    x: NDArray[np.float64]  # (points,) in [0, 1]: the false positive rate, or recall
    y: NDArray[np.float64]  # (points,) in [0, 1]: the true positive rate, or precision
    area: float  # under the ROC curve, or the average precision


def roc(positive: ArrayLike, score: ArrayLike) -> Curve:
    """Trace the true against the false positive rate, from (0, 0) to (1, 1).

    Equal to scikit-learn's `roc_curve(..., drop_intermediate=False)` and `roc_auc_score`; the area
    by the trapezoidal rule. `positive` and `score`, `(rows,)`, need rows of both kinds.
    """
    hits, alarms = _counts(positive, score)
    rate = np.concatenate([[0.0], hits / hits[-1]])
    false_rate = np.concatenate([[0.0], alarms / alarms[-1]])
    return Curve(false_rate, rate, float(np.trapezoid(rate, false_rate)))


def precision_recall(positive: ArrayLike, score: ArrayLike) -> Curve:
    """Trace precision against recall, from recall 0 on, where precision is set to 1.

    Equal to scikit-learn's `precision_recall_curve` in reverse order, and to its
    `average_precision_score`: the sum of precision times the step in recall, which unlike the
    trapezoidal rule is not too optimistic. `positive` and `score` are `(rows,)`; some rows are
    positive.
    """
    hits, alarms = _counts(positive, score)
    precision = hits / (hits + alarms)
    recall = hits / hits[-1]
    steps = np.diff(np.concatenate([[0.0], recall]))
    area = float((precision * steps).sum())
    return Curve(np.concatenate([[0.0], recall]), np.concatenate([[1.0], precision]), area)


def has_both(positive: ArrayLike) -> bool:
    """Whether some rows are of the class and some are not, so that there are curves at all."""
    return 0 < int(np.count_nonzero(positive)) < len(np.asarray(positive))


def _counts(
    positive: ArrayLike, score: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True and false positives at each distinct score, the highest first."""
    score = np.asarray(score, np.float64)
    order = np.argsort(-score, kind="stable")
    found = np.asarray(positive, bool)[order]
    last = np.append(np.diff(score[order]) != 0, True)
    hits = np.cumsum(found, dtype=np.float64)[last]
    alarms = np.cumsum(~found, dtype=np.float64)[last]
    return hits, alarms
