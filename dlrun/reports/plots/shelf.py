"""All plots, in the order in which they tell what a run did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from matplotlib.figure import Figure

from dlrun.reports.plots import (
    confusion_matrix,
    decision_boundary,
    first_kernels,
    fitted_curve,
    learning_curves,
    misclassified,
    precision_recall_curves,
    predicted_true,
    reliability_diagram,
    residuals,
    roc_curves,
    style,
    weight_histograms,
)
from dlrun.reports.story import ReportData


class Plot(Protocol):
    """What a file of this folder offers."""

    NAME: str
    TITLE: str

    def fits(self, data: ReportData) -> bool:
        """Whether the plot makes sense for a run."""

    def draw(self, data: ReportData) -> Figure:
        """Draw it."""

    def caption(self, data: ReportData) -> str:
        """Say what is seen and how it is read."""


@dataclass(frozen=True)
class Picture:
    """A plot that was drawn."""

    name: str  # the stem of its file
    title: str
    caption: str  # what is seen and how it is read
    png: bytes
    width: int  # how wide it is meant to be shown, in CSS pixels


PLOTS = cast(
    "tuple[Plot, ...]",
    (
        learning_curves,
        decision_boundary,
        fitted_curve,
        confusion_matrix,
        misclassified,
        roc_curves,
        precision_recall_curves,
        reliability_diagram,
        predicted_true,
        residuals,
        weight_histograms,
        first_kernels,
    ),
)

CSS_PIXELS = 96


def draw_plots(data: ReportData) -> list[Picture]:
    """Draw every plot that fits a run."""
    with style.applied():
        return [_picture(plot, data) for plot in PLOTS if plot.fits(data)]


def picture_of(name: str, title: str, caption: str, figure: Figure) -> Picture:
    """Draw a figure for a page."""
    width = round(figure.get_figwidth() * CSS_PIXELS)
    return Picture(name, title, caption, style.to_png(figure), width)


def _picture(plot: Plot, data: ReportData) -> Picture:
    said = plot.caption(data) + _bound(plot, data)
    return picture_of(plot.NAME, plot.TITLE, said, plot.draw(data))


def _bound(plot: Plot, data: ReportData) -> str:
    """Say so where not all rows were looked at."""
    rows = data.judged
    of_all = (learning_curves, confusion_matrix, weight_histograms, first_kernels)
    if plot in of_all or len(rows) == rows.total:
        return ""
    return f" From {len(rows):,} of the {rows.total:,} rows, evenly spaced."
