"""Precision-recall curves: how many of a class are found, and how many of the finds are right."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from dlrun.reports.plots.class_curves import (
    chance,
    class_curves,
    curve_numbers,
    curves_fit,
    draw_curves,
    left_out,
)
from dlrun.reports.plots.numbers import Columns
from dlrun.reports.run_data import ReportData
from dlrun.reports.scores import precision_recall

NAME = "precision_recall_curves"
TITLE = "Precision and recall"

fits = curves_fit


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    said = (
        "Each step of a curve is one threshold. The closer to the upper right corner the better; "
        "the area is the average precision."
    )
    if len(data.class_names) == 2:  # noqa: PLR2004
        said += " The dashed line is guessing."
    return said + left_out(data)


def numbers(data: ReportData) -> Columns:
    """Give the points of the curves, of each at most a thousand."""
    return curve_numbers(data, class_curves(data, precision_recall), x="recall", y="precision")


def draw(data: ReportData) -> Figure:
    """Draw one curve a class, each against all others."""
    curves = class_curves(data, precision_recall)
    figure = draw_curves(data, curves, area="average precision", steps=True)
    axes = figure.axes[0]
    if len(data.class_names) == 2:  # noqa: PLR2004
        chance(axes, float(np.mean(data.judged.y_true == 1)))
    axes.set_xlabel("recall: of the class, how many are found")
    axes.set_ylabel("precision: of the finds, how many are right")
    return figure
