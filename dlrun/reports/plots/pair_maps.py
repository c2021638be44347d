"""Two axes of a sweep at once: a heat map of a grid, coloured dots of points drawn at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import INK, WIDTH, dots, new_figure
from dlrun.reports.plots.sweep_marks import (
    BEST,
    CHARACTERS,
    UPWARD,
    color_bar,
    color_of,
    mark_values,
    objective,
    of_outside,
    places_on,
)
from dlrun.reports.sweep_axes import Axis
from dlrun.reports.sweep_data import SweepData, is_grid, scale_of
from dlrun.wording import format_number, text_of

_BESIDE = 12  # how many characters a color bar takes
_TURNED = 0.5  # how much height labels take that do not fit beside each other, in inches
_WIDE, _NARROW = 1.2, 0.95  # how much room a character of a number takes
_BRIGHT = 0.5
_EDGE = 0.04


def title(pair: tuple[Axis, Axis]) -> str:
    """Name the plot of two axes."""
    return text_of(f"{pair[0].name} and {pair[1].name}", 120)


def caption(data: SweepData, pair: tuple[Axis, Axis]) -> str:
    """Say what is seen and how it is read."""
    if not is_grid(pair):
        said = "Each dot is a point of the sweep; darker is better, and the best one has a ring."
        return said + of_outside(data)
    one, other = _placed(pair)
    said = f"The mean of {objective(data)} over everything else"
    means = table(data, one, other)
    several = len(best_fields(means, larger=data.results.larger))
    best = "best field has a frame" if several == 1 else f"{several} best fields have a frame"
    said += f"; darker is better, and the {best}."
    if np.isnan(means).any():
        said += " Hatched fields have no finished run."
    return said


def numbers(data: SweepData, pair: tuple[Axis, Axis]) -> Columns:
    """Give each field of a grid, the mean over everything else; else each point."""
    across, up = _placed(pair)
    if not is_grid(pair):
        values = [(one.key, [one.labels[number] for number in one.groups]) for one in (across, up)]
        return [*values, (data.results.objective, data.means)]
    means = table(data, across, up)
    return [
        (across.key, list(across.labels) * len(up.labels)),
        (up.key, [label for label in up.labels for _ in across.labels]),
        (data.results.objective, means.ravel()),
    ]


def draw(data: SweepData, pair: tuple[Axis, Axis]) -> Figure:
    """Draw a heat map where the grid is mostly filled, else coloured dots."""
    across, up = _placed(pair)
    if is_grid(pair):
        room = CHARACTERS - _BESIDE - min(max(map(len, up.labels)), UPWARD)
        turned = _TURNED if sum(map(len, across.labels)) > room else 0
        figure = new_figure(float(np.clip(1.1 + 0.36 * len(up.labels), 2.4, 7.5)) + turned)
        axes = figure.add_subplot()
        means = table(data, across, up)
        scale = scale_of(means[np.isfinite(means)], larger=data.results.larger)
        places = places_on(scale, means)
        _fields(axes, data, means, places)
        _numbers(axes, means, color_of(data).to_rgba(places), room / len(across.labels))
        columns, rows = (replace(one, marks=tuple(enumerate(one.labels))) for one in (across, up))
        mark_values(axes, columns, characters=room)
        mark_values(axes, rows, vertical=True)
    else:
        figure = new_figure(WIDTH * 0.78)
        axes = figure.add_subplot()
        scale = data.scale
        _points(axes, data, across, up)
    color_bar(figure, axes, data, scale)
    return figure


def table(data: SweepData, across: Axis, up: Axis) -> NDArray[np.float64]:
    """Average the objective in each field of a grid, `(rows, columns)`; NaN where no point is."""
    sums = np.zeros((len(up.labels), len(across.labels)))
    counts = np.zeros_like(sums)
    np.add.at(sums, (up.groups, across.groups), data.means)
    np.add.at(counts, (up.groups, across.groups), 1)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def best_fields(means: NDArray[np.float64], *, larger: bool) -> list[tuple[int, int]]:
    """Give row and column of the best field, of all that are the best where several are equal."""
    best = np.nanmax(means) if larger else np.nanmin(means)
    return [
        (row, column) for row, column in np.argwhere(np.isclose(means, best, 1e-12, 0)).tolist()
    ]


def _placed(pair: tuple[Axis, Axis]) -> tuple[Axis, Axis]:
    """The axis with fewer values runs across: a page is narrow, and may be long."""
    one, other = pair
    return (other, one) if len(other.labels) < len(one.labels) else (one, other)


def _fields(
    axes: Axes, data: SweepData, means: NDArray[np.float64], places: NDArray[np.float64]
) -> None:
    """A field for each pair of values, with its number where there is room."""
    colors = color_of(data)
    axes.patch.set_facecolor("#f2f2f2")
    axes.patch.set_hatch("///")
    axes.patch.set_edgecolor("#cccccc")
    axes.imshow(
        np.ma.masked_invalid(places), cmap=colors.cmap, vmin=0, vmax=1, aspect="auto",
        origin="lower", interpolation="nearest",
    )  # fmt: skip
    rows, columns = means.shape
    for row, column in best_fields(means, larger=data.results.larger):
        axes.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1,
                fill=False, edgecolor=BEST, linewidth=2, clip_on=False, zorder=4,
            )
        )  # fmt: skip
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _numbers(axes: Axes, means: NDArray[Any], colors: NDArray[Any], room: float) -> None:
    """Write the means into their fields, where these have room for so many characters."""
    cells = list(zip(*np.nonzero(np.isfinite(means)), strict=True))
    texts, size = [format_number(means[cell]) for cell in cells], 8.0
    if max(map(len, texts)) * _WIDE > room:
        texts, size = [f"{means[cell]:.3g}" for cell in cells], 6.5
        if max(map(len, texts)) * _NARROW > room:
            return
    for (row, column), text in zip(cells, texts, strict=True):
        red, green, blue, _ = colors[row, column]
        is_bright = 0.3 * red + 0.59 * green + 0.11 * blue > _BRIGHT
        color = INK if is_bright else "white"
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=color)


def _points(axes: Axes, data: SweepData, across: Axis, up: Axis) -> None:
    """A coloured dot for each point, the best ones on top."""
    order = np.arange(len(data.means))[::-1]
    colors = color_of(data).to_rgba(places_on(data.scale, data.means))
    shape: dict[str, Any] = {**dots(len(order)), "alpha": 0.9}
    axes.scatter(
        across.places[order], up.places[order], c=colors[order], edgecolor="white", linewidth=0.3,
        **shape,
    )  # fmt: skip
    axes.scatter(
        across.places[:1], up.places[:1], s=90, facecolor="none", edgecolor=BEST, linewidth=1.8
    )
    mark_values(axes, across)
    mark_values(axes, up, vertical=True)
    axes.set_xlim(-_EDGE, 1 + _EDGE)
    axes.set_ylim(-_EDGE, 1 + _EDGE)
