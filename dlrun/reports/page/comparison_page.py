"""Gathers what the page that compares runs says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dlrun.absent import ABSENT
from dlrun.reports.comparison import (
    ComparedRun,
    GroupRow,
    MetricRow,
    class_rows,
    differing_keys,
    grouping,
    incomparable,
    metric_rows,
)
from dlrun.reports.page.links import NO_LINKS, Links
from dlrun.reports.page.rendering import render
from dlrun.reports.plots import overlaid_curves, style
from dlrun.reports.plots.shelf import Picture, Sheet, picture_of
from dlrun.reports.plots.style import SPLIT_NAMES
from dlrun.reports.statistics import margin_legend
from dlrun.wording import format_number, text_of

MOST_KEYS = 200
MOST_CLASSES = 200


def comparison_page(
    runs: Sequence[ComparedRun], pictures: Sequence[Picture], links: Links = NO_LINKS
) -> str:
    """Write the page that compares two or more runs: HTML that needs nothing else."""
    differing = differing_keys(runs)
    classes = class_rows(runs)
    unlike = incomparable(runs)
    metrics: dict[str, list[MetricRow]] = {}
    rows = metric_rows(runs)
    found = grouping(runs, rows)
    if found.groups:  # one seed is no evidence: what is the best of several is told by their means
        rows, classes = ([replace(row, best=()) for row in of] for of in (rows, classes))
    for row in rows:  # those by which runs are chosen come first
        metrics.setdefault(row.split, []).append(row)
    means: dict[str, list[GroupRow]] = {}
    for group_row in found.rows:
        means.setdefault(group_row.split, []).append(group_row)
    keys = [(key, [_cell(value) for value in values]) for key, values in differing.items()]
    return render(
        "comparison.html.jinja",
        title=f"Comparison of {len(runs)} runs",
        runs=runs,
        links=links,
        keys=keys[:MOST_KEYS],
        more_keys=max(0, len(keys) - MOST_KEYS),
        metrics=metrics,
        groups=found.groups,
        group_of={number: group.label for group in found.groups for number in group.runs},
        means=means,
        caveat=found.caveat,
        margin_legend=margin_legend(one for row in found.rows for one in row.estimates),
        unlike=unlike.in_words() if unlike else None,
        classes=classes[:MOST_CLASSES],
        more_classes=max(0, len(classes) - MOST_CLASSES),
        plots=pictures,
        split_names=SPLIT_NAMES,
    )


def draw_comparison(runs: Sequence[ComparedRun], form: str = "png") -> list[Picture]:
    """Draw the plots of a comparison."""
    if not overlaid_curves.columns(runs):
        return []
    words = ("Learning curves", "The curves of all runs over each other, after every epoch.")
    sheet = Sheet(f"Comparison of {len(runs)} runs", form)
    with style.applied():
        figure, numbers = overlaid_curves.draw(runs), overlaid_curves.numbers(runs)
        return [picture_of(sheet, "curves", words, figure, numbers)]


def _cell(value: Any) -> str:
    """A value of a config in a table."""
    if value is ABSENT:
        return ""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else format_number(value)
    if isinstance(value, list):
        return text_of(f"[{', '.join(map(_cell, value))}]", 80)
    return text_of(value, 80)
