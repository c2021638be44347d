"""A gallery of the images that are taken for another class, the surest mistakes first."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.figure import Figure

from dlrun.reports.mistakes import count_wrong, sureness, worst
from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import INK, MUTED, bare, new_figure, safe_text
from dlrun.reports.run_data import ReportData, as_images, picture_of

NAME = "misclassified"
TITLE = "Misclassified images"
SECTION = "gallery"

MOST = 100
_LONG_NAME = 4
_TEXT = 0.3  # inches: the height of the two lines below an image


def fits(data: ReportData) -> bool:
    """Whether the rows are images, and some of them are taken for another class."""
    return data.is_classification and picture_of(data.spec) is not None and count_wrong(data) > 0


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    wrong, shown = count_wrong(data), min(count_wrong(data), MOST)
    which = f"All {wrong}" if wrong == shown else f"The first {shown} of {wrong}"
    sure = (
        "below, how likely the model found its answer; the surest mistakes come first."
        if data.gives_probabilities
        else "below, the score of its answer; the highest come first."
    )
    return (
        f"{which} wrong answers among {len(data.judged):,} rows of the {data.judged.split} "
        f"split. First the true class, then the predicted one; {sure}"
    )


def numbers(data: ReportData) -> Columns:
    """Give the rows whose images are shown, in their order."""
    mistakes = worst(data, MOST)
    return [
        ("row", [one.row for one in mistakes]),
        ("true", [one.true for one in mistakes]),
        ("predicted", [one.predicted for one in mistakes]),
        ("probability" if data.gives_probabilities else "score", [one.sure for one in mistakes]),
    ]


def draw(data: ReportData) -> Figure:
    """Draw the images in rows, with two lines of text below each."""
    mistakes = worst(data, MOST)
    images = as_images(data.judged.x[[mistake.place for mistake in mistakes]], data.spec)
    longest = max(len(name) for name in data.class_names)
    widest = 10 if longest <= _LONG_NAME else 6
    columns = min(widest, max(5, math.ceil(math.sqrt(len(mistakes)))))
    lines = math.ceil(len(mistakes) / columns)
    ratio = images.shape[1] / images.shape[2]
    inch = 7.2 / widest
    text = _TEXT / inch
    figure = new_figure(max(lines * (ratio + text) * inch, 0.8), columns * inch)
    axes = figure.add_subplot()
    for number, (image, mistake) in enumerate(zip(images, mistakes, strict=True)):
        left, top = number % columns, (number // columns) * (ratio + text)
        axes.imshow(
            image,
            extent=(left + 0.04, left + 0.96, top + 0.96 * ratio, top + 0.04 * ratio),
            cmap="gray",
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
        names = [safe_text(name, 9) for name in (mistake.true, mistake.predicted)]
        below: dict[str, Any] = {"x": left + 0.5, "ha": "center", "va": "top"}
        size = 7.5 if longest <= _LONG_NAME else 6.5
        axes.text(y=top + ratio, s=" → ".join(names), color=INK, fontsize=size, **below)
        sure, y = sureness(data, mistake), top + ratio + text * 0.46
        axes.text(y=y, s=sure, color=MUTED, fontsize=6.5, **below)
    axes.set_xlim(0, columns)
    axes.set_ylim(lines * (ratio + text), 0)
    axes.set_aspect("equal")
    bare(axes)
    return figure
