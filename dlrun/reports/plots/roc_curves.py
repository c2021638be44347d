"""ROC curves: how many rows of a class are found against how many others are taken for it."""

from __future__ import annotations

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
from dlrun.reports.scores import roc

NAME = "roc_curves"
TITLE = "ROC curves"

fits = curves_fit


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    return (
        "Each point of a curve is one threshold for calling a row a member of the class. "
        "The closer to the upper left corner the better: an area of 1 is perfect, 0.5 is guessing "
        f"(dashed). From {len(data.judged):,} rows of the {data.judged.split} split."
        + left_out(data)
    )


def numbers(data: ReportData) -> Columns:
    """Give the points of the curves, of each at most a thousand."""
    curves = class_curves(data, roc)
    return curve_numbers(data, curves, x="false_positive_rate", y="true_positive_rate")


def draw(data: ReportData) -> Figure:
    """Draw one curve a class, each against all others."""
    figure = draw_curves(data, class_curves(data, roc), area="area under the curve", steps=False)
    axes = figure.axes[0]
    chance(axes, None)
    axes.set_xlabel("false positive rate: of the others, how many are taken for it")
    axes.set_ylabel("true positive rate: how many are found")
    return figure
