"""How well several labels are told, a yes or a no each: scores and confusion, label by label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlrun.reports.scores import ClassScores, has_both, precision_recall, roc


@dataclass(frozen=True)
class LabelScores:
    """The scores of one label, each in [0, 1]."""

    name: str
    precision: float  # of the rows that are said to have it, the part that has it
    recall: float  # of the rows that have it, the part that is said to
    f1: float
    support: int  # the number of rows that have it
    roc_area: float | None  # over all thresholds; None where all rows have it or none
    average_precision: float | None
    confusion: tuple[tuple[int, int], tuple[int, int]]  # rows by true and predicted no and yes


@dataclass(frozen=True)
class LabelsReport:
    """How well a model tells several labels on some rows."""

    labels: tuple[LabelScores, ...]
    macro: ClassScores  # the mean over the labels, every label counting the same
    micro: ClassScores  # over all answers, every yes counting the same
    accuracy: float  # the share of all answers that are right
    exact: float  # the share of the rows all of whose answers are right
    rows: int

    def to_json(self) -> dict[str, Any]:
        """Give what JSON knows."""
        return {
            "accuracy": self.accuracy,
            "exact": self.exact,
            "macro": vars(self.macro),
            "micro": vars(self.micro),
            "labels": [{**vars(one), "confusion": [*map(list, one.confusion)]}
                       for one in self.labels],
        }  # fmt: skip


def labels_report(
    y_true: ArrayLike, y_pred: ArrayLike, scores: ArrayLike, names: Sequence[str]
) -> LabelsReport:
    """Score predicted labels, all `(rows, labels)`: 1 and 0, and how sure the model is of a yes.

    Equal to scikit-learn's `precision_recall_fscore_support(..., zero_division=0)`,
    `multilabel_confusion_matrix`, `roc_auc_score` and `average_precision_score` of each label.
    """
    true, predicted = np.asarray(y_true, bool), np.asarray(y_pred, bool)
    sure = np.asarray(scores, np.float64)
    counts = np.array(
        [
            [(~true & ~predicted).sum(0), (~true & predicted).sum(0)],
            [(true & ~predicted).sum(0), (true & predicted).sum(0)],
        ]
    )  # (true, predicted, labels)
    each = _scores(counts)
    labels = []
    for number, (name, found) in enumerate(zip(names, each, strict=True)):
        area = average = None
        positive, score = true[:, number], sure[:, number]
        if has_both(positive) and np.isfinite(score).all():
            area, average = roc(positive, score).area, precision_recall(positive, score).area
        (none, alarms), (missed, hits) = counts[:, :, number].tolist()
        confusion = ((none, alarms), (missed, hits))
        labels.append(
            LabelScores(
                name,
                found.precision,
                found.recall,
                found.f1,
                missed + hits,
                area,
                average,
                confusion,
            )
        )
    macro = ClassScores(
        *(float(np.mean([getattr(one, key) for one in each])) for key in vars(each[0]))
    )
    right = true == predicted
    return LabelsReport(
        tuple(labels),
        macro,
        _scores(counts.sum(axis=2, keepdims=True))[0],
        float(right.mean()) if right.size else 0.0,
        float(right.all(axis=1).mean()) if right.size else 0.0,
        len(true),
    )


def _scores(counts: NDArray[np.int64]) -> list[ClassScores]:
    """Score the yes of each label; a score whose denominator is zero is 0."""
    (_, alarms), (missed, hits) = counts
    precision = hits / np.maximum(hits + alarms, 1)
    recall = hits / np.maximum(hits + missed, 1)
    f1 = 2 * hits / np.maximum(2 * hits + alarms + missed, 1)
    return [ClassScores(*map(float, one)) for one in zip(precision, recall, f1, strict=True)]
