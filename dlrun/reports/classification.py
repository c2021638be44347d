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


def classification_report(
    y_true: ArrayLike, y_pred: ArrayLike, class_names: Sequence[str]
) -> ClassificationReport:
    """Score predicted class numbers, `(rows,)`; a score whose denominator is zero is 0.0.

    Equal to scikit-learn's `precision_recall_fscore_support(..., labels=range(num_classes),
    zero_division=0)`.
    """
    return report_of(confusion_matrix(y_true, y_pred, len(class_names)), class_names)


def report_of(confusion: NDArray[np.int64], class_names: Sequence[str]) -> ClassificationReport:
    """Score a confusion matrix.

    `precision = tp / (tp + fp)`, `recall = tp / (tp + fn)`, `f1 = 2 tp / (2 tp + fp + fn)`.
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
