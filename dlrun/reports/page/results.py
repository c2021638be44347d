"""What a page says about how good a model is: a sentence, warnings, and tables of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dlrun.reports.classification import ClassScores
from dlrun.reports.curves import has_both, precision_recall, roc
from dlrun.reports.gap import generalisation_gap
from dlrun.reports.plots.predicted_true import fits as values_fit
from dlrun.reports.plots.predicted_true import target_values
from dlrun.reports.regression import Distances, distances
from dlrun.reports.story import ReportData, class_scores
from dlrun.wording import DASH, format_number, percent, tally

MOST_CLASSES = 200


@dataclass(frozen=True)
class ClassRow:
    """One class in the table of classes; an area is None where it has no rows, or nothing else."""

    name: str
    rows: int
    scores: ClassScores
    roc_area: float | None
    average_precision: float | None


def headline(data: ReportData) -> str:
    """Say in two or three sentences what was done and how well it went."""
    judged, weights = data.judged, sum(layer.parameters for layer in data.layers)
    rows = tally(next(iter(data.rows.values())).total, "row")
    task = (
        f"tell {len(data.class_names)} classes apart"
        if data.is_classification
        else f"predict {', '.join(data.spec.target_names[:6])}"
    )
    network = f"A network of {tally(len(data.layers), 'layer')} with {tally(weights, 'weight')}"
    learned = f"learned to {task} from {rows}" if data.epochs else f"was asked to {task}, untrained"
    unseen = "that it was not trained on" if judged.split != "train" else "that it was trained on"
    return f"{network} {learned}. On {tally(judged.total, 'row')} {unseen}, {_success(data)}."


def _success(data: ReportData) -> str:
    report = data.classification
    if report is not None:
        rows = report.confusion
        wrong = sum(sum(row) - row[number] for number, row in enumerate(rows))
        return f"it is right in {percent(report.accuracy)}: {tally(wrong, 'wrong answer')}"
    found = target_distances(data)
    if not found:
        loss = data.metrics.get(data.judged.split, {}).get("loss")
        return f"its loss is {format_number(loss, missing=DASH)}"
    first = next(iter(found.values()))
    said = f"it is {format_number(first.absolute)} away from the true value in the mean"
    if first.explained is not None and first.explained > 0:
        said += f" and explains {percent(first.explained)} of the variance"
    return said


def remarks(data: ReportData) -> Iterator[str]:
    """Point out what a learner should know before believing the numbers."""
    yield from data.notes
    judged = data.judged
    if judged.split == "train":
        yield (
            "There are no rows that the network has not seen: nothing here tells how it does on "
            "new ones. `test_split` or `validation_split` would."
        )
    report = data.classification
    rows = None if report is None else sum(report.support)
    if gap := generalisation_gap(data.metrics, rows=rows):
        yield (
            f"{gap[:1].upper()}{gap[1:]}. Part of what the network has learned holds for its "
            "training rows only."
        )
    if report is not None and sum(report.support) > 0:
        largest = max(range(len(report.support)), key=report.support.__getitem__)
        share = report.support[largest] / sum(report.support)
        if share > max(0.6, 1.5 / len(report.support)):
            name = report.class_names[largest]
            yield f"Always answering {name} would be right in {percent(share)} of the rows."


def class_rows(data: ReportData) -> list[ClassRow]:
    """Score each class, with the areas under its curves; a regression has none."""
    report = data.classification
    if report is None or len(report.class_names) > MOST_CLASSES:
        return []
    judged = data.judged
    scores = class_scores(judged.outputs, data.spec)
    rows = []
    for index, name in enumerate(report.class_names):
        positive, score = judged.y_true == index, scores[:, index]
        areas: list[float | None] = [None, None]
        if has_both(positive) and np.isfinite(score).all():
            areas = [trace(positive, score).area for trace in (roc, precision_recall)]
        rows.append(ClassRow(name, report.support[index], report.scores[index], *areas))
    return rows


def target_distances(data: ReportData) -> dict[str, Distances]:
    """Measure the distances of each target of a regression, on the judged rows."""
    if not values_fit(data):
        return {}
    return {
        name: distances(*list(target_values(data, index))[-1][1:])
        for index, name in enumerate(data.spec.target_names)
    }
