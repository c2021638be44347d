"""How far forecasts are off, by how many steps they look ahead."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dlrun.reports.plots.forecast import fits as forecasts_fit
from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.predicted_true import MOST_TARGETS
from dlrun.reports.plots.style import (
    COLORS,
    SPLIT_COLORS,
    WIDTH,
    legend_above,
    new_figure,
    panels_of,
    safe_text,
)
from dlrun.reports.run_data import ReportData

NAME = "error_by_horizon"
TITLE = "Error by horizon"


def fits(data: ReportData) -> bool:
    """Whether more than one step is foretold."""
    form = data.spec.series
    return form is not None and form.horizon > 1 and forecasts_fit(data)


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    return (
        f"The root mean squared error of each step ahead, over the {len(data.judged):,} "
        f"{data.judged.split} windows. Forecasts grow worse the farther they look; where a naive "
        "one is below the network, the network is of no use."
    )


def numbers(data: ReportData) -> Columns:
    """Give the errors of each step ahead."""
    form = data.spec.series
    names, parts = () if form is None else form.targets[:MOST_TARGETS], []
    for number, name in enumerate(names):
        found = errors(data)
        steps = range(1, len(found["network"]) + 1)
        columns: Columns = [
            ("target", [name] * len(steps)),
            ("ahead", steps),
            *((label, values[:, number]) for label, values in found.items()),
        ]
        parts.append(columns)
    return stacked(parts)


def draw(data: ReportData) -> Figure:
    """Draw one panel for each column that is foretold."""
    form = data.spec.series
    names = () if form is None else form.targets[:MOST_TARGETS]
    figure = new_figure(0.3 + WIDTH * 0.5 * len(names))
    panels = panels_of(figure, len(names))
    for number, (panel, name) in enumerate(zip(panels, names, strict=True)):
        for place, (label, values) in enumerate(errors(data).items()):
            steps = np.arange(1, len(values) + 1)
            color = SPLIT_COLORS[data.judged.split] if not place else COLORS[5 + place]
            style = "-" if not place else "--"
            panel.plot(steps, values[:, number], style, color=color, marker="o", markersize=3,
                       label=label)  # fmt: skip
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
        panel.set_ylim(bottom=0)
        panel.set_xlabel("steps ahead")
        panel.set_ylabel(f"error of {safe_text(name)}")
        legend_above(panel)
    return figure


def errors(data: ReportData) -> dict[str, NDArray[np.float64]]:
    """Give the roots of mean squared errors, `(horizon, targets)`: of the network, and naive ones.

    Windows of which a naive forecast says nothing are left out of its mean.
    """
    rows, form = data.judged, data.spec.series
    if form is None or rows.foretold is None:
        return {}
    shape = (-1, form.horizon, len(form.targets))
    true = rows.y_true.astype(np.float64)
    said = {"network": rows.y_pred, **rows.foretold.naive}
    found = {}
    for name, values in said.items():
        squares = np.square(true - np.asarray(values, np.float64)).reshape(shape)
        known = np.isfinite(squares)
        if known.any():
            total = np.where(known, squares, 0).sum(axis=0)
            found[name] = np.sqrt(total / np.maximum(known.sum(axis=0), 1))
    return found
