"""What a page says about how good a model is: a sentence, warnings, and tables of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlrun.reports.curves import has_both, precision_recall, roc
from dlrun.reports.gap import generalisation_gap
from dlrun.reports.plots.predicted_true import fits as values_fit
from dlrun.reports.plots.predicted_true import target_values
from dlrun.reports.regression import Distances, distances
from dlrun.reports.story import class_scores, is_classification
from dlrun.wording import DASH, format_number, percent, tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.reports.story import Story

MOST_CLASSES = 200


@dataclass(frozen=True)
class ClassRow:
    """One class in the table of classes.

    Attributes:
        name: Its name.
        rows: How many rows are of it.
        precision: See `ClassScores`.
        recall: See `ClassScores`.
        f1: See `ClassScores`.
        roc_area: The area under its ROC curve; None where it has no rows, or nothing else.
        average_precision: The area under its precision-recall curve; None as above.
    """

    name: str
    rows: int
    precision: float
    recall: float
    f1: float
    roc_area: float | None
    average_precision: float | None


def headline(story: Story) -> str:
    """Say in two or three sentences what was done and how well it went."""
    judged, weights = story.judged, sum(layer.parameters for layer in story.layers)
    rows = tally(next(iter(story.rows.values())).total, "row")
    task = (
        f"tell {len(story.class_names)} classes apart"
        if is_classification(story)
        else f"predict {', '.join(story.spec.target_names[:6])}"
    )
    network = f"A network of {tally(len(story.layers), 'layer')} with {tally(weights, 'weight')}"
    learned = (
        f"learned to {task} from {rows}" if story.epochs else f"was asked to {task}, untrained"
    )
    unseen = "that it was not trained on" if judged.split != "train" else "that it was trained on"
    return f"{network} {learned}. On {tally(judged.total, 'row')} {unseen}, {_success(story)}."


def _success(story: Story) -> str:
    report = story.classification
    if report is not None:
        rows = report.confusion
        wrong = sum(sum(row) - row[number] for number, row in enumerate(rows))
        return f"it is right in {percent(report.accuracy)}: {tally(wrong, 'wrong answer')}"
    found = target_distances(story)
    if not found:
        loss = story.metrics.get(story.judged.split, {}).get("loss")
        return f"its loss is {format_number(loss, missing=DASH)}"
    first = next(iter(found.values()))
    said = f"it is {format_number(first.absolute)} away from the true value in the mean"
    if first.explained is not None and first.explained > 0:
        said += f" and explains {percent(first.explained)} of the variance"
    return said


def remarks(story: Story) -> Iterator[str]:
    """Point out what a learner should know before believing the numbers."""
    yield from story.notes
    judged = story.judged
    if judged.split == "train":
        yield (
            "There are no rows that the network has not seen: nothing here tells how it does on "
            "new ones. `test_split` or `validation_split` would."
        )
    report = story.classification
    rows = None if report is None else sum(report.support)
    if gap := generalisation_gap(story.metrics, rows=rows):
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


def class_rows(story: Story) -> list[ClassRow]:
    """Score each class, with the areas under its curves.

    Args:
        story: A run; a regression has no classes.
    """
    report = story.classification
    if report is None or len(report.class_names) > MOST_CLASSES:
        return []
    judged = story.judged
    scores = class_scores(judged.outputs, story.spec)
    rows = []
    for index, name in enumerate(report.class_names):
        positive, score = judged.y_true == index, scores[:, index]
        has_curves = has_both(positive) and bool(np.isfinite(score).all())
        of = report.scores[index]
        rows.append(
            ClassRow(
                name,
                report.support[index],
                of.precision,
                of.recall,
                of.f1,
                roc(positive, score).area if has_curves else None,
                precision_recall(positive, score).area if has_curves else None,
            )
        )
    return rows


def target_distances(story: Story) -> dict[str, Distances]:
    """Measure the distances of each target of a regression, on the judged rows.

    Args:
        story: A run; a classification has no targets.
    """
    if not values_fit(story):
        return {}
    return {
        name: distances(*list(target_values(story, index))[-1][1:])
        for index, name in enumerate(story.spec.target_names)
    }
