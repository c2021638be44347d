"""All plots, in the order in which they tell what a run did.

A plot is one file: `NAME` (the stem of its picture), `TITLE`, `fits(data)` (whether it makes sense
for a run), `draw(data)`, `numbers(data)` (what it shows, as columns) and `caption(data)` (what is
seen and how it is read). `SECTION` is where it stands on the page, if not among the results;
`USES_ALL_ROWS` is true where it is made of more than the rows that are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    word_effects,
)
from dlrun.reports.plots.numbers import Columns, to_csv
from dlrun.reports.run_data import ReportData


@dataclass(frozen=True)
class Picture:
    """A plot that was drawn."""

    name: str  # the stem of its file
    title: str
    caption: str  # what is seen and how it is read
    files: Mapping[str, bytes]  # by their endings: `png`, another format where asked for, `csv`
    width: int  # how wide it is meant to be shown, in CSS pixels
    section: str = "results"

    @property
    def png(self) -> bytes:
        """The picture as pages show it."""
        return self.files["png"]


@dataclass(frozen=True)
class Sheet:
    """What all plots of one report have in common."""

    of: str  # of what they are, as each says in small letters
    form: str = "png"  # of `PLOT_FORMATS`; other formats are drawn beside PNG, which pages show


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
    word_effects,
    weight_histograms,
    first_kernels,
)

CSS_PIXELS = 96


def draw_plots(data: ReportData, form: str = "png") -> list[Picture]:
    """Draw every plot that fits a run."""
    sheet = Sheet(data.run, form)
    with style.applied():
        return [_picture(plot, data, sheet) for plot in PLOTS if plot.fits(data)]


def picture_of(
    sheet: Sheet, name: str, words: tuple[str, str], figure: Figure, numbers: Columns
) -> Picture:
    """Draw a figure that has a title and a caption, its `words`, and put its numbers beside it."""
    title, caption = words
    width = round(figure.get_figwidth() * CSS_PIXELS)
    style.sign(figure, sheet.of)
    forms = dict.fromkeys(("png", sheet.form))
    files = {form: style.save(figure, form, f"{title}, {sheet.of}") for form in forms}
    return Picture(name, title, caption, {**files, "csv": to_csv(numbers)}, width)


def _picture(plot: ModuleType, data: ReportData, sheet: Sheet) -> Picture:
    said, rows = plot.caption(data), data.judged
    if len(rows) < rows.total and not getattr(plot, "USES_ALL_ROWS", False):
        said += f" From {len(rows):,} of the {rows.total:,} rows, evenly spaced."
    words = (plot.TITLE, said)
    picture = picture_of(sheet, plot.NAME, words, plot.draw(data), plot.numbers(data))
    return replace(picture, section=getattr(plot, "SECTION", picture.section))


def files_of(pictures: Iterable[Picture]) -> dict[str, bytes]:
    """Give the files of pictures by their names: `learning_curves.png`, `learning_curves.csv`."""
    return {
        f"{picture.name}.{ending}": content
        for picture in pictures
        for ending, content in picture.files.items()
    }
