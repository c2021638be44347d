"""Predicted against true values of a regression."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.style import (
    MUTED,
    WIDTH,
    legend_above,
    new_figure,
    panels_of,
    safe_text,
    scatter_rows,
)
from dlrun.reports.run_data import ReportData, Rows

NAME = "predicted_true"
TITLE = "Predicted against true values"

MOST_TARGETS = 6


def fits(data: ReportData) -> bool:
    """Whether values are predicted, one for each target, all of them finite; not labels."""
    rows = data.judged
    values = (len(rows), len(data.spec.target_names))
    if data.is_classification or data.has_labels:
        return False
    if not rows.y_true.shape == rows.y_pred.shape == values:
        return False
    return all(bool(np.isfinite(part.y_pred).all()) for part in data.rows.values())


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    said = f"Each dot is a row of the {data.judged.split} split; on the dashed line the "
    said += "prediction is exact."
    return said + (" Training rows lie behind it." if len(data.rows) > 1 else "")


def numbers(data: ReportData) -> Columns:
    """Give the true and the predicted value of each dot."""
    return stacked(
        [
            ("split", [rows.split] * len(rows)),
            ("row", rows.numbers),
            ("target", [name] * len(rows)),
            ("true", true),
            ("predicted", predicted),
        ]
        for number, name in enumerate(data.spec.target_names[:MOST_TARGETS])
        for rows, true, predicted in target_values(data, number)
    )


def draw(data: ReportData) -> Figure:
    """Draw one panel for each target."""
    names = data.spec.target_names[:MOST_TARGETS]
    columns = min(len(names), 2)
    lines = -(-len(names) // columns)
    figure = new_figure(WIDTH * 0.9 if columns == 1 else 2.8 * lines + 0.3)
    panels = panels_of(figure, len(names), columns)
    for number, (panel, name) in enumerate(zip(panels, names, strict=True)):
        for rows, true, predicted in target_values(data, number):
            is_judged = rows is data.judged
            scatter_rows(panel, true, predicted, rows.split, faint=not is_judged)
        _diagonal(panel)
        panel.set_xlabel(f"true {safe_text(name)}")
        panel.set_ylabel(f"predicted {safe_text(name)}")
    if len(data.rows) > 1:
        legend_above(panels[0])
    return figure


def target_values(
    data: ReportData, target: int
) -> Iterator[tuple[Rows, NDArray[np.float64], NDArray[np.float64]]]:
    """Give true and predicted values, `(rows,)`, of the training and of the judged rows."""
    for rows in data.training_and_judged:
        true, predicted = (
            np.asarray(values, np.float64).reshape(len(rows), -1)[:, target]
            for values in (rows.y_true, rows.y_pred)
        )
        yield rows, true, predicted


def _diagonal(panel: Axes) -> None:
    low = min(panel.get_xlim()[0], panel.get_ylim()[0])
    high = max(panel.get_xlim()[1], panel.get_ylim()[1])
    panel.plot([low, high], [low, high], color=MUTED, linestyle="--", linewidth=1, zorder=1)
    panel.set_xlim(low, high)
    panel.set_ylim(low, high)
    panel.set_aspect("equal")
