"""The curve that a regression of one column has fitted, with the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.data.units import from_units, in_units
from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.predicted_true import MOST_TARGETS
from dlrun.reports.plots.predicted_true import fits as values_fit
from dlrun.reports.plots.style import (
    INK,
    SPLIT_NAMES,
    WIDTH,
    legend_above,
    new_figure,
    panels_of,
    safe_text,
    scatter_rows,
)
from dlrun.reports.run_data import ReportData, feature_name, is_a_plane

NAME = "fitted_curve"
TITLE = "The fitted curve"

_POINTS = 400


def fits(data: ReportData) -> bool:
    """Whether there is one column, and values are predicted."""
    return values_fit(data) and data.spec.input_shape == (1,) and is_a_plane(data.spec)


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    splits = ", ".join(SPLIT_NAMES[split] for split in data.rows)
    return (
        f"The line is what the model answers for every value; the dots are the rows ({splits}). "
        "Where there are no dots, the line is a guess."
    )


def numbers(data: ReportData) -> Columns:
    """Give the rows, and then the line, whose split is `model`."""
    names = data.spec.target_names[:MOST_TARGETS]

    def part(split: str, x: NDArray[Any], y: NDArray[Any]) -> Columns:
        columns = [(name, y[:, number]) for number, name in enumerate(names)]
        return [("split", [split] * len(x)), (feature_name(data.spec, 0), x), *columns]

    splits = [
        part(rows.split, in_units(rows.x, data.spec)[:, 0], rows.y_true.reshape(len(rows), -1))
        for rows in data.rows.values()
    ]
    return stacked([*splits, part("model", *_line(data))])


def draw(data: ReportData) -> Figure:
    """Draw one panel for each target."""
    names = data.spec.target_names[:MOST_TARGETS]
    figure = new_figure(0.3 + WIDTH * 0.58 * len(names))
    panels = panels_of(figure, len(names))
    x, answer = _line(data)
    for number, (panel, name) in enumerate(zip(panels, names, strict=True)):
        for rows in data.rows.values():
            x_true = in_units(rows.x, data.spec)[:, 0]
            y_true = rows.y_true.reshape(len(rows), -1)[:, number]
            is_judged = rows is data.judged
            scatter_rows(panel, x_true, y_true, rows.split, faint=not is_judged)
        panel.plot(x, answer[:, number], color=INK, linewidth=1.8, label="model")
        panel.set_xlabel(safe_text(feature_name(data.spec, 0)))
        panel.set_ylabel(safe_text(name))
    legend_above(panels[0])
    return figure


def _line(data: ReportData) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """What the model answers: values of the column `(points,)`, and of `(points, targets)`."""
    known = np.concatenate([in_units(rows.x, data.spec)[:, 0] for rows in data.rows.values()])
    margin = 0.04 * float(known.max() - known.min()) or 0.5
    x = np.linspace(known.min() - margin, known.max() + margin, _POINTS)
    answer = data.answer(from_units(x[:, None], data.spec).astype(np.float32))
    return x, answer.reshape(_POINTS, -1)
