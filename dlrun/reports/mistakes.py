"""The rows that a model gets most wrong, the worst first: what one learns most from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.reports.run_data import ReportData, Rows, class_scores

_MOST_VALUES = 6


@dataclass(frozen=True)
class Mistake:
    """One wrong answer."""

    place: int  # of the row among the judged rows
    row: int  # its number in its split, from 0
    true: str  # the class, or the value
    predicted: str
    sure: float  # the probability or score of the predicted class; of a value its distance


def worst(data: ReportData, most: int) -> list[Mistake]:
    """Find the wrong answers: the surest first, of a regression the farthest."""
    return _wrong_classes(data, most) if data.is_classification else _far_values(data, most)


def count_wrong(data: ReportData) -> int:
    """Count the rows of a wrong class among the judged rows that are in memory."""
    return int(np.count_nonzero(data.judged.y_true != data.judged.y_pred))


def sureness(data: ReportData, mistake: Mistake) -> str:
    """Word how sure the model was: `97 %`, or a score or distance such as `0.41`."""
    if data.gives_probabilities:
        return f"{100 * mistake.sure:.0f} %"
    return f"{mistake.sure:.3g}"


def true_text(data: ReportData, rows: Rows, place: int) -> str:
    """Word what is true of a row: its class, its labels, or its values."""
    true = rows.y_true[place]
    if data.is_classification:
        return data.class_names[int(true)]
    values = np.atleast_1d(true).ravel()
    if data.has_labels:
        told = zip(data.spec.target_names, values, strict=False)
        return ", ".join(name for name, value in told if value == 1) or "none"
    return _numbers(values)


def _wrong_classes(data: ReportData, most: int) -> list[Mistake]:
    rows, names = data.judged, data.class_names
    wrong = np.flatnonzero(rows.y_true != rows.y_pred)
    scores = class_scores(rows.outputs[wrong], data.spec)
    sure = scores[np.arange(len(wrong)), rows.y_pred[wrong]]  # (wrong rows,)
    order = np.argsort(-sure, kind="stable")[:most]
    places = wrong[order]
    texts = ([names[int(one)] for one in y[places]] for y in (rows.y_true, rows.y_pred))
    return _listed(rows, places, *texts, sure[order])


def _far_values(data: ReportData, most: int) -> list[Mistake]:
    rows = data.judged
    if rows.y_true.shape != rows.y_pred.shape:
        return []
    true, predicted = (values.reshape(len(rows), -1) for values in (rows.y_true, rows.y_pred))
    distance = np.sqrt(np.square(true.astype(np.float64) - predicted).sum(axis=1))  # (rows,)
    order = np.argsort(-distance, kind="stable")[:most]
    texts = ([_numbers(one) for one in values[order]] for values in (true, predicted))
    return _listed(rows, order, *texts, distance[order])


def _listed(rows: Rows, places: NDArray[np.int64], *columns: Iterable[Any]) -> list[Mistake]:
    return [
        Mistake(int(place), int(rows.numbers[place]), true, predicted, float(sure))
        for place, true, predicted, sure in zip(places, *columns, strict=True)
    ]


def _numbers(values: NDArray[Any]) -> str:
    """The first values of a row."""
    more = ", ..." if len(values) > _MOST_VALUES else ""
    return ", ".join(f"{value:.4g}" for value in values[:_MOST_VALUES]) + more
