"""The tables that `dlrun` prints, on wide terminals and on narrow ones."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dlrun.cli.columns import Cell, align, draw, natural_width, paint
from dlrun.reports.gap import generalisation_gap
from dlrun.wording import format_duration, format_number, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.cli.output import Screen
    from dlrun.reports.classification import ClassificationReport

_LONGEST_HEADING = 6
_MOST_CONFUSIONS = 10


def closing_table(
    metrics: Mapping[str, Mapping[str, float]],
    *,
    seconds: float,
    folder: str,
    screen: Screen,
    rows: int | None = None,
) -> str:
    """Draw what stands at the end of a training.

    Args:
        metrics: Values by split and name.
        seconds: How long the run took.
        folder: The run folder's path.
        screen: Where it is shown.
        rows: See `generalisation_gap`.

    Returns:
        One row per metric and one column per split; below, a large generalisation gap, the time
        and the folder.
    """
    closing = f"{format_duration(seconds)}  {printable(folder)}"
    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    if not names:
        return closing
    cells = [
        [name, *(format_number(split[name]) if name in split else "" for split in metrics.values())]
        for name in names
    ]
    gap = printable(generalisation_gap(metrics, rows=rows) or "")
    lines = textwrap.wrap(gap, screen.width)
    said = "\n".join(paint(line, "yellow", color=screen.color) for line in lines)
    parts = [_table(["", *metrics], cells, screen), said, closing]
    return "\n\n".join(part for part in parts if part)


def evaluation_tables(
    split: str,
    metrics: Mapping[str, float],
    report: ClassificationReport | None,
    *,
    screen: Screen,
) -> str:
    """Draw what `evaluate` prints.

    Args:
        split: The name of the split or of the file.
        metrics: Values by name.
        report: The classes' scores, or None for a regression.
        screen: Where it is shown.

    Returns:
        The metrics; for classes their scores and the confusion matrix below.
    """
    rows = [[name, format_number(value)] for name, value in metrics.items()]
    tables = [_table(["", split], rows, screen)]
    if report is not None:
        tables += [scores_table(report, screen=screen), confusion_table(report, screen=screen)]
    return "\n\n".join(tables)


def scores_table(report: ClassificationReport, *, screen: Screen) -> str:
    """Draw precision, recall, F1 and the number of rows of each class and their mean.

    Args:
        report: The classes' scores.
        screen: Where it is shown.

    Returns:
        One row per class, and one for the macro average.
    """
    every = zip(report.class_names, report.scores, report.support, strict=True)
    rows = [
        [name, f"{of.precision:.4f}", f"{of.recall:.4f}", f"{of.f1:.4f}", str(support)]
        for name, of, support in [*every, ("macro average", report.macro, sum(report.support))]
    ]
    return _table(["class", "precision", "recall", "f1", "rows"], rows, screen)


def confusion_table(report: ClassificationReport, *, screen: Screen) -> str:
    """Draw the confusion matrix, or the most frequent confusions where it is too wide.

    Args:
        report: The classes' scores.
        screen: Where it is shown.

    Returns:
        One row per true class and one column per predicted class. Long class names are numbered.
    """
    names = list(report.class_names)
    numbered = any(len(name) > _LONGEST_HEADING for name in names)
    headings = [str(number) for number in range(len(names))] if numbered else names
    labels = [f"{number} {name}" for number, name in enumerate(names)] if numbered else names
    matrix = [
        [label, *(str(count) if count else "." for count in counts)]
        for label, counts in zip(labels, report.confusion, strict=True)
    ]
    rows = align([_bold(["true \\ predicted", *headings]), *matrix])
    if natural_width(rows) <= screen.width:
        return draw(rows, color=screen.color)
    return _most_confused(report, screen)


def _most_confused(report: ClassificationReport, screen: Screen) -> str:
    """The pairs of classes that are confused most often, under a heading."""
    pairs = [
        (count, report.class_names[true], report.class_names[predicted])
        for true, counts in enumerate(report.confusion)
        for predicted, count in enumerate(counts)
        if count and true != predicted
    ]
    if not pairs:
        return "No row is taken for another class."
    most = sorted(pairs, key=lambda pair: -pair[0])[:_MOST_CONFUSIONS]
    rows = [[true, predicted, str(count)] for count, true, predicted in most]
    table = _table(["true", "predicted", "rows"], rows, screen, left=2)
    return f"The most frequent confusions:\n{table}"


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen, *, left: int = 1
) -> str:
    """A table that fits on the screen, if its first column can make it fit."""
    aligned = align([_bold(headings), *rows], left=left, width=screen.width)
    return draw(aligned, color=screen.color)


def _bold(headings: Sequence[str]) -> list[Cell]:
    """The cells of a heading."""
    return [Cell(heading, "bold") for heading in headings]
