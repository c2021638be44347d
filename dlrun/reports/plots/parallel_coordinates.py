"""All axes of a sweep at once: a line through the values of each point, down to its objective.

The axes lie across and follow each other downward, so that eight of them, with their labels, can be
read on a telephone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import INK, MUTED, new_figure, safe_text
from dlrun.reports.plots.sweep_marks import BEST, color_of, labels, objective, of_outside, places_on
from dlrun.reports.sweep_axes import Axis
from dlrun.reports.sweep_data import SweepData

NAME = "parallel_coordinates"
TITLE = "Parallel coordinates"

MOST_AXES = 10
_CHARACTERS = 60
_MOST_LABELS = 10
_EDGE = 0.05
_CHARACTER = 0.0145  # about how wide one is, the whole figure being 1


def fits(data: SweepData) -> bool:
    """Whether there are two axes or more, and points that differ."""
    return len(data.axes) > 1 and data.scale is not None


def caption(data: SweepData) -> str:
    """Say what is seen and how it is read."""
    said = "Each line is a point: from axis to axis through its values, down to the objective"
    said += "; darker is better, and the best one is drawn strong."
    if len(data.axes) > MOST_AXES:
        said += f" The {MOST_AXES} axes that matter most of {len(data.axes)}."
    return said + of_outside(data)


def numbers(data: SweepData) -> Columns:
    """Give the values and the objective of each point, the best first."""
    values = [
        (axis.key, [axis.labels[number] for number in axis.groups])
        for axis in data.axes[:MOST_AXES]
    ]
    return [*values, (data.results.objective, data.means)]


def draw(data: SweepData) -> Figure:
    """Draw one line a point, the worst ones first."""
    chosen = data.axes[:MOST_AXES]
    rows = len(chosen) + 1
    figure = new_figure(0.15 + 0.72 * rows)
    axes = figure.add_subplot()
    heights = -np.arange(rows, dtype=np.float64)
    goals = places_on(data.scale, data.means)
    # A line through so many rows for each point: (points, rows, 2).
    across = np.stack([*(axis.places + _aside(axis) for axis in chosen), goals], axis=1)
    lines = np.stack([across, np.broadcast_to(heights, across.shape)], axis=2)[::-1]
    count = len(lines)
    axes.add_collection(
        LineCollection(
            list(lines),
            colors=color_of(data).to_rgba(goals)[::-1],
            linewidths=float(np.interp(np.log10(count), [1, 2, 3], [1.4, 1.0, 0.6])),
            alpha=float(np.interp(np.log10(count), [1, 2, 3], [0.9, 0.7, 0.45])),
            zorder=2,
        ),
        autolim=False,
    )
    axes.plot(
        across[0], heights, color=BEST, linewidth=2.2, marker="D", markersize=4.5, zorder=4,
        clip_on=False,
    )  # fmt: skip
    for height, axis in zip(heights, chosen, strict=False):
        _row(axes, float(height), safe_text(axis.key, 50), axis.marks)
    if data.scale is not None:
        _row(axes, float(heights[-1]), objective(data), data.scale.marks())
    axes.set_xlim(-_EDGE, 1 + _EDGE)
    axes.set_ylim(heights[-1] - 0.3, 0.32)
    axes.set_axis_off()
    return figure


def _row(axes: Axes, height: float, name: str, marks: Sequence[tuple[float, str]]) -> None:
    """An axis: a line with its name above and its marks below."""
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
    axes.plot([0, 1], [height, height], color=INK, linewidth=1.0, zorder=3)
    axes.text(
        -_EDGE, height + 0.13, name, ha="left", va="bottom", fontsize=8.5, fontweight="bold",
        bbox=ground, zorder=5,
    )  # fmt: skip
    step = -(-len(marks) // _MOST_LABELS)
    shown = marks[::step]
    limit = max(_CHARACTERS // max(len(shown), 1), 4)
    texts = labels([text for _, text in shown], limit)
    for (place, _), text in zip(shown, texts, strict=True):
        axes.plot([place, place], [height, height - 0.07], color=MUTED, linewidth=0.8, zorder=3)
        reach = len(text) * _CHARACTER / 2
        middle = min(max(place, reach - _EDGE), 1 + _EDGE - reach)
        axes.text(
            middle, height - 0.1, text,
            ha="center", va="top", fontsize=7.5, bbox=ground, zorder=5,
        )  # fmt: skip


def _aside(axis: Axis) -> NDArray[np.float64]:
    """Spreads the lines through one value, the best at the left, so that they can be followed."""
    if not axis.has_few:
        return np.zeros(len(axis.places))
    width = min(0.4 / len(axis.labels), 0.06)
    return width * (np.linspace(0, 1, len(axis.places)) - 0.5)
