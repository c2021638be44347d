"""How well classes are told apart: confusion matrix, precision, recall and F1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Up to so many classes the JSON holds the whole confusion matrix, which grows with the square.
_MOST_DENSE = 1_000
_MOST_READ = 10_000


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class, or their mean over the classes, each in [0, 1]."""

    precision: float  # of the rows predicted as the class, the part that is of it
    recall: float  # of the rows of the class, the part that is predicted as it
    f1: float  # the harmonic mean of the two


@dataclass(frozen=True)
class ClassificationReport:
    """How well a model tells classes apart on some rows."""

    class_names: tuple[str, ...]
    # rows by true class (first index) and predicted class (second)
    confusion: tuple[tuple[int, ...], ...]
    scores: tuple[ClassScores, ...]
    support: tuple[int, ...]  # the number of rows of each true class
    accuracy: float
    macro: ClassScores  # the mean over all classes, every class counting the same

    def to_json(self) -> dict[str, Any]:
        """Give what JSON knows and `from_json` turns back.

        The matrix of more than 1,000 classes is a list of what is not zero: true, predicted, rows.
        """
        confusion: list[list[int]] = [list(row) for row in self.confusion]
        if len(self.class_names) > _MOST_DENSE:
            confusion = [
                [true, predicted, count]
                for true, row in enumerate(self.confusion)
                for predicted, count in enumerate(row)
                if count
            ]
        return {
            "accuracy": self.accuracy,
            "macro": vars(self.macro),
            "classes": [
                {"name": name, **vars(scores), "support": support}
                for name, scores, support in zip(
                    self.class_names, self.scores, self.support, strict=True
                )
            ],
            "confusion": confusion,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ClassificationReport:
        """Read names and the confusion matrix, from which all else follows.

        Raises:
            ValueError, TypeError, KeyError, OverflowError: It is none; a stranger may have made it.
        """
        names = [entry["name"] for entry in value["classes"]]
        confusion = np.asarray(value["confusion"], np.int64)
        if not all(isinstance(name, str) for name in names):
            raise TypeError("the names of classes should be texts")
        if len(names) > _MOST_READ:
            raise ValueError(f"a matrix of {len(names)} classes is too large to be held")
        if len(names) > _MOST_DENSE and confusion.ndim == 2 and confusion.shape[1] == 3:  # noqa: PLR2004
            true, predicted, counts = confusion.T
            pairs = (true, predicted)
            confusion = np.zeros((len(names), len(names)), np.int64)
            np.add.at(confusion, pairs, counts)
        if confusion.shape != (len(names), len(names)) or confusion.min(initial=0) < 0:
            raise ValueError(
                f"expected a row and a column of counts for each of {len(names)} classes"
            )
        return report_of(confusion, names)


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, num_classes: int) -> NDArray[np.int64]:
    """Count rows by true (first index) and predicted class (second).

    Both are class numbers, `(rows,)`; the result is `(num_classes, num_classes)`, int64. Raises
    ValueError where a number is not in `0 ... num_classes - 1`, or the lengths differ.
    """
    true = np.asarray(y_true, np.int64)
    predicted = np.asarray(y_pred, np.int64)
    if true.ndim != 1 or true.shape != predicted.shape:
        raise ValueError(f"expected two vectors, got shapes {true.shape} and {predicted.shape}")
    for numbers in (true, predicted):
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < num_classes:
            raise ValueError(f"class numbers must be in 0 ... {num_classes - 1}")
    counts = np.bincount(true * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def report_of(confusion: NDArray[np.int64], class_names: Sequence[str]) -> ClassificationReport:
    """Score a confusion matrix; a score whose denominator is zero is 0.0.

    `precision = tp / (tp + fp)`, `recall = tp / (tp + fn)`, `f1 = 2 tp / (2 tp + fp + fn)`. Equal
    to scikit-learn's `precision_recall_fscore_support(..., labels=range(num_classes),
    zero_division=0)`.
    """
    correct = np.diagonal(confusion)
    support = confusion.sum(axis=1)
    predicted = confusion.sum(axis=0)
    precision = _quotient(correct, predicted)
    recall = _quotient(correct, support)
    f1 = _quotient(2 * correct, support + predicted)
    return ClassificationReport(
        class_names=tuple(class_names),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        scores=tuple(
            ClassScores(*scores)
            for scores in zip(precision.tolist(), recall.tolist(), f1.tolist(), strict=True)
        ),
        support=tuple(support.tolist()),
        accuracy=float(_quotient(correct.sum(), confusion.sum())),
        macro=ClassScores(float(precision.mean()), float(recall.mean()), float(f1.mean())),
    )


def _quotient(numerator: ArrayLike, denominator: ArrayLike) -> NDArray[np.float64]:
    """Divide, where zero by zero is zero."""
    return np.asarray(numerator) / np.maximum(denominator, 1)


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


@dataclass(frozen=True)
class Threshold:
    """A threshold of a score: yes is what exceeds it."""

    value: float
    f1: float  # of the rows on which it was chosen


def best_f1(positive: ArrayLike, score: ArrayLike, usual: float) -> Threshold:
    """Find the threshold with the largest F1 on some rows; of equal ones that nearest to `usual`.

    It lies in the middle between two scores that occur, so that rounding decides nothing; its F1 is
    the largest that scikit-learn's `precision_recall_curve` has. `positive` and `score` are
    `(rows,)`; some rows are positive.
    """
    hits, alarms = _counts(positive, score)  # at each distinct score, the highest first
    f1 = 2 * hits / (hits + alarms + hits[-1])
    distinct = np.unique(np.asarray(score, np.float64))[::-1]
    below = np.append(distinct[1:], distinct[-1] - abs(distinct[-1]) - 1)
    if 0 < distinct[-1] <= 1:
        below[-1] = 0.0  # of probabilities none is below
    middle = (distinct + below) / 2
    inside = (below <= usual) & (usual < distinct)
    values = np.where(inside, usual, middle)
    best = np.flatnonzero(f1 == f1.max())
    chosen = best[np.argmin(np.abs(values[best] - usual))]
    return Threshold(float(values[chosen]), float(f1[chosen]))


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


@dataclass(frozen=True)
class Distances:
    """The scores of one target, in its units."""

    absolute: float  # the mean absolute error
    squared: float  # the root of the mean squared error
    explained: float | None  # R squared, at most 1, 0 for the mean; None if `true` is constant


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
