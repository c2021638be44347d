"""What the plots of a sweep have in common: the axis of the objective, labels, colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.style import COLORS, MUTED, log_axis, safe_text
from dlrun.reports.sweep_axes import Axis, Scale
from dlrun.reports.sweep_data import SweepData

BEST = COLORS[1]  # the colour of what is best
_LABELS = 16
CHARACTERS = 62  # so many have room beside each other below a plot
MOST_LINES = 3  # of a label
UPWARD = 18  # so many has the mark of a value at the left of a plot
_AN_INCH = 13
_ROOM = 0.06
_ROOM_OF_BARS = 0.25


def labels(texts: Sequence[str], limit: int) -> list[str]:
    """Cut different texts to so many characters so that they can still be told apart.

    Where they are the same then, only the words stay in which they differ; they are numbered where
    neither helps.
    """
    short = [safe_text(text, limit) for text in texts]
    if len(set(short)) == len(short):
        return short
    parts = [safe_text(text, limit) for text in _different_parts(texts)]
    if len(set(parts)) == len(parts):
        return parts
    return [
        f"{number} {safe_text(text, max(limit - 3, 1))}"
        for number, text in enumerate(texts, start=1)
    ]


def _different_parts(texts: Sequence[str]) -> list[str]:
    """Leave out the words with which all texts begin and end; a key before a value stays."""
    words = [text.split() for text in texts]
    shortest = min(map(len, words))
    first = next((n for n in range(shortest) if len({one[n] for one in words}) > 1), shortest)
    last = next((n for n in range(shortest - first) if len({one[-1 - n] for one in words}) > 1), 0)
    if first and words[0][first - 1].endswith(":"):
        first -= 1
    return [
        f"{'…' * (first > 0)}{' '.join(one[first : len(one) - last])}{'…' * (last > 0)}"
        for one in words
    ]


def mark_values(
    axes: Axes, axis: Axis, *, vertical: bool = False, characters: int = CHARACTERS
) -> None:
    """Mark the values of an axis of a sweep where so many characters have room across."""
    step = -(-len(axis.marks) // _LABELS)
    places = [place for place, _ in axis.marks][::step]
    texts = [text for _, text in axis.marks][::step]
    if vertical:
        axes.set_yticks(places, labels(texts, UPWARD))
        room = _upward(axes)
        axes.set_ylabel(in_lines(axis.key if len(axis.key) <= room else axis.name, room))
        return
    shown = labels(texts, max(characters // len(texts), 12))
    is_crowded = sum(map(len, shown)) > characters
    turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(places, shown, **(turned if is_crowded else {}))
    axes.set_xlabel(safe_text(axis.key, 60))


def objective_axis(axes: Axes, data: SweepData) -> None:
    """Let the vertical axis be that of the objective, with room for a part of the error bars."""
    axes.set_ylabel(in_lines(data.results.objective, _upward(axes)))
    if data.scale is None:
        return
    if data.scale.is_log:
        log_axis(axes, data.scale.low, data.scale.high)
    axes.set_ylim(*objective_limits(data, data.scale))


def objective_limits(data: SweepData, scale: Scale) -> tuple[float, float]:
    """Say from where to where the objective is drawn."""
    if scale.is_log:
        room = (scale.high / scale.low) ** _ROOM
        return scale.low / room, scale.high * room
    margins = np.nan_to_num(data.margins)
    least, most = (part * (scale.high - scale.low) for part in (_ROOM, _ROOM_OF_BARS))
    below = scale.low - float((data.shown - margins).min())
    above = float((data.shown + margins).max()) - scale.high
    return (
        scale.low - float(np.clip(below, least, most)),
        scale.high + float(np.clip(above, least, most)),
    )


@dataclass(frozen=True)
class Bars:
    """Error bars of which some are longer than there is room."""

    means: NDArray[np.float64]  # (points,)
    margins: NDArray[np.float64]  # (points,), 0 where there is none
    limits: tuple[float, float]  # of the axis

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Which go on beyond the limits, `(points, 2)`: below and above."""
        low, high = self.limits
        return np.stack([self.means - self.margins < low, self.means + self.margins > high], axis=1)

    def in_words(self) -> str:
        """Say so, for a caption; nothing where all have room."""
        return " A bar with an arrow goes on beyond the edge." if self.cut.any() else ""

    def mark(self, axes: Axes, places: NDArray[Any], *, upright: bool) -> None:
        """Put an arrow on each edge that a bar crosses; the bars stand upright or lie."""
        marks = "v^" if upright else "<>"
        for side, (edge, mark) in enumerate(zip(self.limits, marks, strict=True)):
            chosen = places[self.cut[:, side]]
            at = np.full(len(chosen), edge)
            across, up = (chosen, at) if upright else (at, chosen)
            axes.plot(
                across, up, mark, color=MUTED, markersize=4, clip_on=False, zorder=5, label="_"
            )


def objective(data: SweepData) -> str:
    """Name the objective."""
    return safe_text(data.results.objective, 50)


def in_lines(text: str, room: int) -> str:
    """Break a text for an upright label after blanks, and words that are too long after `_` or `.`.

    `room` is how many characters a line has; what is longer all the same is cut.
    """
    parts: list[str] = []
    for word in safe_text(text, MOST_LINES * room).split(" "):
        pieces = [word] if len(word) <= room else re.findall(r"[^._]*[._]|[^._]+", word)
        parts += [*pieces[:-1], f"{pieces[-1]} "]
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1] + part.rstrip()) > room:
            lines.append("")
        lines[-1] += part
    return "\n".join(safe_text(line, room) for line in lines[:MOST_LINES])


def _upward(axes: Axes) -> int:
    """How many characters have room along the vertical axis, below which there are marks."""
    height = axes.figure.get_figheight() if isinstance(axes.figure, Figure) else 0.0
    return max(int((height - 0.8) * _AN_INCH), 8)


def color_of(data: SweepData) -> ScalarMappable:
    """Choose the colours of the objective, whose places lie in [0, 1]: what is better is darker."""
    return ScalarMappable(Normalize(0, 1), "viridis_r" if data.results.larger else "viridis")


def places_on(scale: Scale | None, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place values of any shape in [0, 1], in the middle where all are equal; NaN stays."""
    if scale is None:
        return np.where(np.isfinite(values), 0.5, np.nan)
    return scale.place(values)


def color_bar(figure: Figure, axes: Axes, data: SweepData, scale: Scale | None) -> None:
    """Explain the colours that stand for a scale."""
    if scale is None:
        return
    bar = figure.colorbar(color_of(data), ax=axes, pad=0.02, aspect=30)
    marks = scale.marks()
    bar.set_ticks([place for place, _ in marks], labels=[text for _, text in marks])
    bar.outline.set_visible(False)
    bar.ax.minorticks_off()
    bar.set_label(in_lines(data.results.objective, _upward(axes)))


def of_outside(data: SweepData) -> str:
    """Say so where points are drawn at the end of the scale."""
    if not data.outside:
        return ""
    are = "1 point is" if data.outside == 1 else f"{data.outside:,} points are"
    return f" {are} far worse than the others and drawn at the end of the scale."
