"""All plots, in the order in which they tell what a run did.

A plot is one file: `NAME` (the stem of its picture), `TITLE`, `fits(data)` (whether it makes sense
for a run), `draw(data)` and `caption(data)` (what is seen and how it is read). `SECTION` is where
it stands on the page, if not among the results; `USES_ALL_ROWS` is true where it is made of more
than the rows that are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType

from matplotlib.figure import Figure

from dlrun.reports.plots import (
    confusion_matrix,
    decision_boundary,
    error_by_horizon,
    first_kernels,
    fitted_curve,
    forecast,
    learning_curves,
    misclassified,
    permutation_importance,
    precision_recall_curves,
    predicted_true,
    reliability_diagram,
    residuals,
    roc_curves,
    style,
    weight_histograms,
)
from dlrun.reports.run_data import ReportData


@dataclass(frozen=True)
class Picture:
    """A plot that was drawn."""

    name: str  # the stem of its file
    title: str
    caption: str  # what is seen and how it is read
    png: bytes
    width: int  # how wide it is meant to be shown, in CSS pixels
    section: str = "results"


PLOTS: tuple[ModuleType, ...] = (
    learning_curves,
    decision_boundary,
    fitted_curve,
    confusion_matrix,
    misclassified,
    roc_curves,
    precision_recall_curves,
    reliability_diagram,
    forecast,
    error_by_horizon,
    predicted_true,
    residuals,
    permutation_importance,
    weight_histograms,
    first_kernels,
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


def _picture(plot: ModuleType, data: ReportData) -> Picture:
    said, rows = plot.caption(data), data.judged
    if len(rows) < rows.total and not getattr(plot, "USES_ALL_ROWS", False):
        said += f" From {len(rows):,} of the {rows.total:,} rows, evenly spaced."
    picture = picture_of(plot.NAME, plot.TITLE, said, plot.draw(data))
    return replace(picture, section=getattr(plot, "SECTION", picture.section))
