"""A small curve of the losses for a terminal, drawn with dots of braille or with letters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dlrun.wording import format_number, printable

if TYPE_CHECKING:
    from rich.text import Text

    Points = list[tuple[int, float]]  # epoch and value
    Grids = Mapping[str, set[tuple[int, int]]]  # column and row of the dots of each curve

WIDTH = 40  # cells of a drawing, its scale included
HEIGHT = 5
_SCALE_WIDTH = 10
STYLES = {"loss": "cyan", "val_loss": "yellow"}
"""What is drawn, and in which colour; the dots of both mix where they meet."""
_LETTERS = {"loss": "*", "val_loss": "o"}
_BOTH = "#"
_LOGARITHMIC_FROM = 20  # the ratio of the largest to the smallest value
_MOST_POINTS = 1000
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the bits of a cell, by row
_BRAILLE = 0x2800


class LossCurve:
    """The losses of a training as they become known."""

    def __init__(self) -> None:
        self._points: dict[str, Points] = {name: [] for name in STYLES}

    def add(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Note the losses of an epoch that was not noted yet; what is not finite leaves a gap."""
        for name, points in self._points.items():
            value = logs.get(name)
            if value is None or not math.isfinite(value) or (points and points[-1][0] >= epoch):
                continue
            points.append((epoch, float(value)))
            if len(points) > _MOST_POINTS:
                del points[1:-1:2]

    def draw(self, *, is_braille: bool, ascii_only: bool) -> list[Text]:
        """Draw five lines of at most 40 cells; none before there are two epochs."""
        known = {name: points for name, points in self._points.items() if len(points) > 1}
        if not known:
            return []
        across, down = (2, 4) if is_braille else (1, 1)
        size = ((WIDTH - _SCALE_WIDTH) * across, HEIGHT * down)
        values = [value for points in known.values() for _, value in points]
        grids = {name: _trace(points, known, values, size) for name, points in known.items()}
        return _lines(grids, values, is_braille=is_braille, ascii_only=ascii_only)


def legend(logs: Mapping[str, float], *, is_braille: bool, width: int) -> list[Text]:
    """Write the logs as the curves are drawn, those of the validation rows on their own line."""
    from rich.text import Text

    lines = []
    for is_validation in (False, True):
        line = Text(no_wrap=True)
        for name, value in logs.items():
            if name.startswith("val_") is not is_validation:
                continue
            line.append("  " if line else "")
            mark = "" if is_braille or name not in _LETTERS else f"{_LETTERS[name]} "
            line.append(f"{mark}{printable(name)} ", STYLES.get(name, "") if is_braille else "")
            line.append(format_number(value))
        if line:
            line.truncate(width, overflow="ellipsis")
            lines.append(line)
    return lines


def beside(left: Sequence[Text], right: Sequence[Text], width: int) -> Text:
    """Put as many lines or more to the right of lines of at most `width` cells."""
    from rich.text import Text

    lines = []
    for number, line in enumerate(right):
        joined = left[number].copy() if number < len(left) else Text()
        joined.append(" " * (width - joined.cell_len)).append_text(line)
        lines.append(joined)
    return Text("\n", no_wrap=True).join(lines)


def _trace(
    points: Points, every: Mapping[str, Points], values: Sequence[float], size: tuple[int, int]
) -> set[tuple[int, int]]:
    """The dots that a curve meets, as column and row, joined without gaps."""
    columns, rows = size
    first = min(points[0][0] for points in every.values())
    last = max(points[-1][0] for points in every.values())
    scale = _scale(values)
    low, high = scale(min(values)), scale(max(values))

    def dot(epoch: int, value: float) -> tuple[int, int]:
        across = (epoch - first) / max(last - first, 1)  # in [0, 1], as is `up`
        up = (scale(value) - low) / (high - low) if high > low else 0.5
        return round(across * (columns - 1)), round((1 - up) * (rows - 1))

    dots = [dot(*point) for point in points]
    found = set(dots)
    for (x, y), (to_x, to_y) in itertools.pairwise(dots):
        steps = max(abs(to_x - x), abs(to_y - y))
        found |= {
            (round(x + (to_x - x) * step / steps), round(y + (to_y - y) * step / steps))
            for step in range(1, steps)
        }
    return found


def _scale(values: Sequence[float]) -> Callable[[float], float]:
    """Logarithmic, where all values are positive and far apart."""
    smallest = min(values)
    is_wide = smallest > 0 and max(values) / smallest >= _LOGARITHMIC_FROM
    return math.log if is_wide else float


def _lines(
    grids: Grids, values: Sequence[float], *, is_braille: bool, ascii_only: bool
) -> list[Text]:
    """The cells of the drawing, behind its scale."""
    from rich.text import Text

    labels = {0: format_number(max(values)), HEIGHT - 1: format_number(min(values))}
    if _scale(values) is math.log:
        labels[HEIGHT // 2] = "log"
    lines = []
    for row in range(HEIGHT):
        line = Text(no_wrap=True)
        line.append(f"{labels.get(row, ''):>{_SCALE_WIDTH - 2}} ", "dim")
        line.append("|" if ascii_only else "│", "dim")
        cell = _braille if is_braille else _letter
        cells = [cell(grids, column, row) for column in range(WIDTH - _SCALE_WIDTH)]
        for style, group in itertools.groupby(cells, key=lambda one: one[1]):
            line.append("".join(text for text, _ in group), style)
        line.rstrip()
        lines.append(line)
    return lines


def _letter(grids: Grids, column: int, row: int) -> tuple[str, str]:
    here = [name for name, grid in grids.items() if (column, row) in grid]
    return (" " if not here else _BOTH if len(here) > 1 else _LETTERS[here[0]]), ""


def _braille(grids: Grids, column: int, row: int) -> tuple[str, str]:
    """A cell of two by four dots; the curve of the validation rows gives its colour."""
    bits, style = 0, ""
    for name, grid in grids.items():
        for down, pair in enumerate(_DOTS):
            for across, bit in enumerate(pair):
                if (column * 2 + across, row * 4 + down) in grid:
                    bits |= bit
                    style = STYLES[name]
    return chr(_BRAILLE + bits) if bits else " ", style
