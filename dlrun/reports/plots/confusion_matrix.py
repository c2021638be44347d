"""The confusion matrix: how many rows of each class are taken for which class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import WIDTH, new_figure, safe_text
from dlrun.reports.run_data import ReportData

NAME = "confusion_matrix"
TITLE = "Confusion matrix"
USES_ALL_ROWS = True

_PERCENT_UP_TO = 12
_COUNTS_UP_TO = 25
_NAMES_UP_TO = 60
_FEW = 4
_WIDEST = 9.5
_DARK = 0.55


def fits(data: ReportData) -> bool:
    """Whether classes are told apart."""
    return data.classification is not None


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    classes = len(data.class_names)
    said = f"Rows of the {data.judged.split} split by their true class and by the predicted one. "
    if classes <= _PERCENT_UP_TO:
        said += "Each field gives the number of rows and their share of the true class."
    elif classes <= _COUNTS_UP_TO:
        said += "Each field gives the number of rows; the shade, their share of the true class."
    else:
        said += "The shade gives their share of the true class."
    return said + " The diagonal is right; shades of small shares are made stronger."


def numbers(data: ReportData) -> Columns:
    """Give each field of the matrix; of many classes only those that have rows."""
    counts, shares = _fields(data)
    chosen = counts >= 0 if len(counts) <= _COUNTS_UP_TO else counts > 0
    true, predicted = np.nonzero(chosen)
    return [
        ("true", [data.class_names[number] for number in true]),
        ("predicted", [data.class_names[number] for number in predicted]),
        ("rows", counts[chosen]),
        ("share_of_true", shares[chosen]),
    ]


def draw(data: ReportData) -> Figure:
    """Draw the matrix, with numbers as far as they can be read."""
    counts, shares = _fields(data)
    classes = len(counts)
    width = float(np.clip(1.4 + 0.4 * classes, WIDTH * 0.75, _WIDEST))
    figure = new_figure(width * 0.9, width)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    bar = figure.colorbar(image, ax=axes, shrink=0.7, pad=0.02, ticks=[0, 0.1, 0.25, 0.5, 1])
    bar.ax.set_yticklabels(["0 %", "10 %", "25 %", "50 %", "100 %"])
    bar.outline.set_visible(False)
    bar.set_label("share of the true class")
    if classes <= _COUNTS_UP_TO:
        _numbers(axes, counts, shares)
    _names(axes, data.class_names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _fields(data: ReportData) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts, and their shares of the true class, `(true, predicted)` both."""
    if data.classification is None:
        raise ValueError("a regression has no confusion matrix")
    counts = np.array(data.classification.confusion, np.int64)
    return counts, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _numbers(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    """Write counts, and percents below them, into the fields that have rows."""
    classes = len(counts)
    with_percent = classes <= _PERCENT_UP_TO
    for row, column in zip(*np.nonzero(counts), strict=True):
        color = "white" if shares[row, column] ** 0.5 > _DARK else "black"
        count, share = f"{counts[row, column]}", shares[row, column]
        size = 12.0 if classes <= _FEW else 8.5 if with_percent else 6.5
        if len(count) > 4:  # noqa: PLR2004
            size -= 1.5
        options: dict[str, Any] = {"ha": "center", "color": color}
        if not with_percent:
            axes.text(column, row, count, fontsize=size, va="center", **options)
            continue
        percent = f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %"  # noqa: PLR2004
        axes.text(column, row - 0.02, count, fontsize=size, va="bottom", **options)
        axes.text(column, row + 0.06, percent, fontsize=size * 0.7, va="top", **options)


def _names(axes: Axes, names: tuple[str, ...]) -> None:
    """Name rows and columns, or number some of them where there are too many."""
    classes = len(names)
    if classes > _NAMES_UP_TO:
        return
    shown = [safe_text(name, 16) for name in names]
    size = 8 if classes <= _COUNTS_UP_TO else 5.5
    is_long = max(map(len, shown)) * classes > 44  # noqa: PLR2004
    axes.set_yticks(range(classes), shown, fontsize=size)
    turned: dict[str, Any] = {}
    if is_long:
        slanted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
        turned = slanted if classes <= _PERCENT_UP_TO else {"rotation": 90}
    axes.set_xticks(range(classes), shown, fontsize=size, **turned)
