"""Arrays on the terminal: every number of small ones, a few numbers about large ones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from dlrun.cli.terminal.output import Screen
from dlrun.cli.terminal.tables import GAP, align, bold, cell_len, draw, fold
from dlrun.wording import format_number

if TYPE_CHECKING:
    from dlrun.formulas import Place, Statistics

MANY: Final = 120  # arrays with more numbers are summarised
LONG: Final = 20  # axes that are longer are not laid out
PICTURE: Final = 40  # images with more rows or columns are drawn smaller
LUMA: Final = (0.299, 0.587, 0.114)
"""How light red, green and blue are (ITU-R BT.601)."""
SHADES: Final = " .:-=+*#%@"
SHOWN: Final = 3  # of the largest entries a summary names so many

_SMALLEST, _LARGEST = 1e-4, 1e5
_GRID: Final = 2


def format_entry(value: float) -> str:
    """Write a number of an array: `0.9790`, `-1.25e-05`, `0`, `nan`."""
    if value == 0:
        return "0"
    if math.isfinite(value) and not _SMALLEST <= abs(value) < _LARGEST:
        return f"{value:.2e}"
    return f"{value:.4f}"


def format_entries(array: Any) -> list[str]:
    """Write each number of an array, in the order of its memory."""
    return [format_entry(value) for value in array.reshape(-1).tolist()]


def format_place(place: Place) -> str:
    """Write indices: `[3, 4]`."""
    return f"[{', '.join(map(str, place))}]"


def format_shape(shape: Sequence[int]) -> str:
    """Write a shape: `(2, 5)`, `(5,)`."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def is_small(array: Any) -> bool:
    """Tell whether every number of an array can be read on a screen."""
    last = array.shape[min(1, array.ndim - 1)] if array.ndim else 1
    return bool(array.size <= MANY and last <= LONG)


def draw_array(name: str, array: Any, *, screen: Screen, full: bool = False) -> str:
    """Draw numbers of any shape under their indices; of a large array, if not `full`, a summary."""
    if not (full or is_small(array)):
        return draw_summary(name, array, screen)
    if array.ndim <= 1:
        heads = [f"[{index}]" for index in range(array.size)] if array.ndim else [""]
        return draw_grid(heads, [(name, format_entries(array))], screen=screen)
    blocks = []
    for label, matrix in _matrices(name, array):
        heads = [f"[{column}]" for column in range(matrix.shape[1])]
        rows = [(f"[{index}]", format_entries(row)) for index, row in enumerate(matrix)]
        blocks.append(draw_grid(heads, rows, corner=label, screen=screen))
    return "\n\n".join(blocks)


def draw_image(pixels: Any, *, screen: Screen) -> str | None:
    """Draw an image, two cells a pixel or a square of some; None where a line of two is too long.

    `(height, width)`, or `(height, width, 3)` from 0 to 1: in its colours where the screen has any,
    else in shades of text.
    """
    height, width = pixels.shape[:2]
    if screen.width < len("  "):
        return None
    side = max(math.ceil(max(height, width) / PICTURE), math.ceil(2 * width / screen.width))
    if side > 1:  # the mean of each whole square
        rows, columns = max(1, height // side), max(1, width // side)
        pixels = pixels[: rows * side, : columns * side]
        squares = (rows, pixels.shape[0] // rows, columns, pixels.shape[1] // columns)
        pixels = pixels.reshape(*squares, *pixels.shape[2:]).mean(axis=(1, 3))
    if pixels.ndim > len("hw"):
        if screen.color and pixels.shape[2] == len("rgb"):
            return _coloured(pixels)
        pixels = pixels @ LUMA if pixels.shape[2] == len("rgb") else pixels.mean(axis=2)
    low, high = float(pixels.min()), float(pixels.max())
    step = (high - low) / len(SHADES) or 1.0
    lines = []
    for row in pixels.tolist():
        shades = [min(int((pixel - low) / step), len(SHADES) - 1) for pixel in row]
        lines.append("".join(2 * SHADES[shade] for shade in shades).rstrip())
    return "\n".join(lines)


def _coloured(pixels: Any) -> str:
    """Write two cells of 24-bit colour for each pixel of 0 to 1."""
    bytes_of = (pixels.clip(0, 1) * 255).round().astype(int).tolist()
    return "\n".join(
        "".join(f"\x1b[48;2;{red};{green};{blue}m  " for red, green, blue in row) + "\x1b[0m"
        for row in bytes_of
    )


def draw_summary(
    name: str, array: Any, screen: Screen, *, entries: Sequence[str] | None = None
) -> str:
    """Describe an array that is too large to be read; `entries` are the names of a flat one's."""
    from dlrun.formulas import largest_places, statistics

    largest = [
        f"{format_place(place) if entries is None else entries[place[0]]} "
        f"{format_entry(float(array[place]))}"
        for place in largest_places(array, SHOWN)
        if array[place] != 0
    ]
    told = fold(describe(statistics(array)), screen, begin=f"{name}  ", indent=" " * 4)
    if not largest:
        return told
    below = fold(largest, screen, begin="  largest by magnitude: ", indent=" " * 4, gap=" " * 3)
    return f"{told}\n{below}"


def describe(numbers: Statistics) -> list[str]:
    """Write the statistics of an array, each by itself."""
    words = [format_shape(numbers.shape)]
    named = ("mean", "std", "min", "max")
    words += [f"{name} {format_number(getattr(numbers, name))}" for name in named]
    if numbers.zeros:  # the share of entries that are 0
        percent = round(100 * numbers.zeros)
        if numbers.zeros < 1:  # never 0 % of some, nor 100 % of not all
            percent = min(max(percent, 1), 99)
        words.append(f"zeros {percent}%")
    words += [f"not finite {numbers.not_finite}"] if numbers.not_finite else []
    return words


def draw_grid(
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    *,
    screen: Screen,
    corner: str = "",
) -> str:
    """Draw rows (label and cells) under heads, the columns that do not fit in blocks below."""
    labels = [corner, *(label for label, _ in rows)]
    room = screen.width - max(map(cell_len, labels))
    widths = [
        len(GAP) + max(cell_len(cell) for cell in (head, *(cells[n] for _, cells in rows)))
        for n, head in enumerate(heads)
    ]
    blocks = []
    for begin, end in _blocks(widths, room):
        inner = [[label, *cells[begin:end]] for label, cells in rows]
        table = align([bold([corner, *heads[begin:end]]), *inner])
        blocks.append(draw(table, screen))
    return "\n\n".join(blocks)


def _blocks(widths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """The columns that stand side by side: as many as there is room for, one at least."""
    begin = 0
    while begin < len(widths):
        end, left = begin + 1, room - widths[begin]
        while end < len(widths) and widths[end] <= left:
            left -= widths[end]
            end += 1
        yield begin, end
        begin = end


def _matrices(name: str, array: Any) -> Iterator[tuple[str, Any]]:
    """The array itself, or each matrix of its first two axes."""
    if array.ndim == _GRID:
        yield name, array
        return
    for rest in itertools.product(*(range(size) for size in array.shape[_GRID:])):
        where = ", ".join([":", ":", *map(str, rest)])
        yield f"{name}[{where}]", array[(slice(None), slice(None), *rest)]
