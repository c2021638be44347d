"""What other thresholds would make of two classes: how many of the second are found, and missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlrun.data.thresholds import scores_of, thresholded, usual_threshold
from dlrun.reports.run_data import ReportData, Rows
from dlrun.reports.scores import best_f1, has_both
from dlrun.rundir.names import VALIDATION

_TENTHS = tuple(number / 10 for number in range(1, 10))


@dataclass(frozen=True)
class ThresholdRow:
    """Two classes at one threshold: the second is said where a score exceeds it."""

    value: float
    found: int  # rows of the second class that are called so
    missed: int  # those that are not
    alarms: int  # rows of the first class that are called the second
    quiet: int  # those that are not

    @property
    def precision(self) -> float:
        """The share of the finds that is right; 0 where there is none."""
        return self.found / max(self.found + self.alarms, 1)

    @property
    def recall(self) -> float:
        """The share of the class that is found."""
        return self.found / max(self.found + self.missed, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.found / max(2 * self.found + self.alarms + self.missed, 1)


@dataclass(frozen=True)
class ThresholdTable:
    """Thresholds held against the rows on which one is chosen."""

    name: str  # of the second class
    split: str  # the validation rows, where there are some
    looked_at: int  # of its rows
    total: int
    rows: tuple[ThresholdRow, ...]  # by rising threshold
    usual: float  # the threshold that decides unless another one is asked for
    best: float  # that with the largest F1
    # the usual and the best one on the judged rows, where these are others
    judged: tuple[ThresholdRow, ThresholdRow] | None

    @property
    def is_chosen(self) -> bool:
        """Whether the rows are such as one may choose by."""
        return self.split == VALIDATION


def threshold_table(data: ReportData) -> ThresholdTable | None:
    """Try thresholds on the validation rows, else on the judged ones.

    None where there are not two classes, or not rows of both with finite scores. The best one is
    that of `dlrun predict --threshold best-f1`.
    """
    if not data.is_classification or len(thresholded(data.spec)) != 1:
        return None
    rows = data.rows.get(VALIDATION, data.judged)
    positive, scores = rows.y_true == 1, _scores(data, rows)
    if not has_both(positive) or not np.isfinite(scores).all():
        return None
    usual = usual_threshold(data.spec)
    best = best_f1(positive, scores, usual).value
    tried = _TENTHS if data.gives_probabilities else _spread(scores)
    values = sorted({*tried, usual, best})
    is_other = rows is not data.judged
    judged = (data.judged.y_true == 1, _scores(data, data.judged))
    return ThresholdTable(
        name=data.class_names[1],
        split=rows.split,
        looked_at=len(rows),
        total=rows.total,
        rows=tuple(at_threshold(positive, scores, value) for value in values),
        usual=usual,
        best=best,
        judged=(at_threshold(*judged, usual), at_threshold(*judged, best)) if is_other else None,
    )


def at_threshold(positive: ArrayLike, scores: ArrayLike, value: float) -> ThresholdRow:
    """Count the rows, `(rows,)` both, by what is true and what a threshold makes of their scores.

    Equal to scikit-learn's `confusion_matrix(positive, scores > value)`.
    """
    true, said = np.asarray(positive, bool), np.asarray(scores) > value
    counts = [int(np.count_nonzero(one)) for one in
              (true & said, true & ~said, ~true & said, ~true & ~said)]  # fmt: skip
    return ThresholdRow(value, *counts)


def _scores(data: ReportData, rows: Rows) -> NDArray[np.float64]:
    return scores_of(rows.outputs, data.spec)[:, 0]


def _spread(scores: NDArray[np.float64]) -> Sequence[float]:
    """Nine scores between which rows lie evenly, to three digits: scores have no common scale."""
    deciles = np.quantile(scores, [number / 10 for number in range(1, 10)])
    return [float(f"{value:.3g}") for value in deciles]
