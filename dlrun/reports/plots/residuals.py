"""Residuals of a regression: what is left of the true value when the prediction is taken away."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.predicted_true import MOST_TARGETS, target_values
from dlrun.reports.plots.predicted_true import fits as values_fit
from dlrun.reports.plots.style import INK, SPLIT_COLORS, new_figure, safe_text, scatter_rows
from dlrun.reports.run_data import ReportData

NAME = "residuals"
TITLE = "Residuals"

_SIDE_BY_SIDE = 3  # from so many targets on there are as few lines as in `predicted_true` beside it

fits = values_fit


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    return (
        "True minus predicted value, for each row of the "
        f"{data.judged.split} split, and how often each residual occurs. A good model leaves "
        "noise without a pattern around zero; a curve or a funnel tells what it has missed."
    )


def numbers(data: ReportData) -> Columns:
    """Give the residual of each dot."""
    parts: list[Columns] = []
    for number, name in enumerate(data.spec.target_names[:MOST_TARGETS]):
        rows, true, predicted = list(target_values(data, number))[-1]
        parts.append(
            [
                ("row", rows.numbers),
                ("target", [name] * len(rows)),
                ("predicted", predicted),
                ("residual", true - predicted),
            ]
        )
    return stacked(parts)


def draw(data: ReportData) -> Figure:
    """Draw one pair of panels for each target: the residuals, and their histogram."""
    names = data.spec.target_names[:MOST_TARGETS]
    columns = 1 if len(names) < _SIDE_BY_SIDE else 2
    lines = -(-len(names) // columns)
    figure = new_figure(0.4 + 2.6 * lines)
    panels = figure.subplots(lines, 2 * columns, squeeze=False, width_ratios=[3.2, 1] * columns)
    pairs = panels.reshape(-1, 2)  # (lines x columns, the residuals and their histogram)
    for unused in pairs[len(names) :].ravel():
        unused.remove()
    for number, (name, (left, right)) in enumerate(zip(names, pairs, strict=False)):
        right.sharey(left)
        right.tick_params(labelleft=False)
        rows, true, predicted = list(target_values(data, number))[-1]
        color, residual = SPLIT_COLORS[rows.split], true - predicted
        scatter_rows(left, predicted, residual, rows.split)
        bins = int(np.clip(np.sqrt(len(residual)), 5, 40))
        right.hist(residual, bins=bins, orientation="horizontal", color=color, rwidth=0.9)
        for panel in (left, right):
            panel.axhline(0, color=INK, linewidth=0.8)
        # Even above and below, so that a shift is seen at once.
        edge = 1.08 * float(np.abs(residual).max()) or 1.0
        left.set_ylim(-edge, edge)
        left.set_xlabel(f"predicted {safe_text(name)}")
        left.set_ylabel("true \N{MINUS SIGN} predicted")
        right.set_xlabel("rows")
    return figure
