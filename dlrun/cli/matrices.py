"""Arrays on the terminal: every number of small ones, a few numbers about large ones."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len

from dlrun.cli.columns import GAP, Cell, align, draw
from dlrun.wording import format_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlrun.cli.output import Screen
    from dlrun.formulas import Place, Statistics

MANY: Final = 120
"""Arrays with more numbers are summarised."""
LONG: Final = 20
"""Axes that are longer are not laid out."""
PICTURE: Final = 40
"""Images with more rows or columns are not drawn."""
SHADES: Final = " .:-=+*#%@"
SHOWN: Final = 3
"""How many of the largest entries a summary names."""

_SMALLEST, _LARGEST = 1e-4, 1e5
_GRID: Final = 2


def format_entry(value: float) -> str:
    """Write a number of an array with four places.

    Args:
        value: The number.

    Returns:
        Such as `0.9790`, `-1.25e-05`, `0`, `nan`.
    """
    if value == 0:
        return "0"
    if math.isfinite(value) and not _SMALLEST <= abs(value) < _LARGEST:
        return f"{value:.2e}"
    return f"{value:.4f}"


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
    """Draw an array.

    Args:
        name: What it is called.
        array: Numbers of any shape.
        screen: Where it is shown.
        full: Whether to lay out even a large one.

    Returns:
        The numbers under their indices, the axes behind the second one after another; or a
        summary in two lines.
    """
    if not (full or is_small(array)):
        return draw_summary(name, array)
    if array.ndim <= 1:
        entries = array.reshape(-1).tolist()
        heads = [f"[{index}]" for index in range(len(entries))] if array.ndim else [""]
        return draw_grid(heads, [(name, [format_entry(entry) for entry in entries])], screen=screen)
    return "\n\n".join(
        draw_grid(
            [f"[{column}]" for column in range(part.shape[1])],
            [
                (f"[{row}]", [format_entry(entry) for entry in entries])
                for row, entries in enumerate(part.tolist())
            ],
            corner=label,
            screen=screen,
        )
        for label, part in _parts(name, array)
    )


def draw_image(pixels: Any, *, screen: Screen) -> str | None:
    """Draw a grey image in shades of text.

    Args:
        pixels: `(height, width)`.
        screen: Where it is shown.

    Returns:
        One line for each row of pixels, two cells for each pixel; None where that is too wide.
    """
    height, width = pixels.shape
    if max(height, width) > PICTURE or 2 * width > screen.width:
        return None
    low, high = float(pixels.min()), float(pixels.max())
    step = (high - low) / len(SHADES) or 1.0
    shades = [[min(int((pixel - low) / step), len(SHADES) - 1) for pixel in row]
              for row in pixels.tolist()]  # fmt: skip
    return "\n".join("".join(2 * SHADES[shade] for shade in row).rstrip() for row in shades)


def draw_summary(name: str, array: Any) -> str:
    """Describe an array that is too large to be read."""
    from dlrun.formulas import largest_places, statistics

    largest = "   ".join(
        f"{format_place(place)} {format_entry(float(array[place]))}"
        for place in largest_places(array, SHOWN)
        if array[place] != 0
    )
    told = f"{name}  {describe(statistics(array))}"
    return f"{told}\n  largest by magnitude: {largest}" if largest else told


def describe(numbers: Statistics) -> str:
    """Write the statistics of an array in one line."""
    words = [format_shape(numbers.shape)]
    named = (("mean", numbers.mean), ("std", numbers.std), ("min", numbers.min))
    words += [f"{word} {format_number(value)}" for word, value in (*named, ("max", numbers.max))]
    words += [f"zeros {_share(numbers.zeros)}"] if numbers.zeros else []
    words += [f"not finite {numbers.not_finite}"] if numbers.not_finite else []
    return GAP.join(words)


def _share(share: float) -> str:
    """A share in percent; never 0 % of some, nor 100 % of not all."""
    if share < 1:
        return f"{min(max(round(100 * share), 1), 99)}%"
    return "100%"


def draw_grid(
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    *,
    screen: Screen,
    corner: str = "",
) -> str:
    """Draw rows under the heads of their columns.

    Args:
        heads: One for each column.
        rows: The label and the cells of each row.
        screen: Where it is shown; columns that do not fit stand in a block of their own below.
        corner: What stands above the labels.

    Returns:
        Lines, the labels aligned left and the cells right.
    """
    labels = [corner, *(label for label, _ in rows)]
    room = screen.width - max(map(cell_len, labels))
    widths = [
        len(GAP) + max(cell_len(cell) for cell in (head, *(cells[n] for _, cells in rows)))
        for n, head in enumerate(heads)
    ]
    return "\n\n".join(
        draw(
            align(
                [
                    [Cell(corner, "bold"), *(Cell(head, "bold") for head in heads[begin:end])],
                    *([label, *cells[begin:end]] for label, cells in rows),
                ]
            ),
            color=screen.color,
        )
        for begin, end in _blocks(widths, room)
    )


def _blocks(widths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """Which columns stand side by side: as many as there is room for, one at least."""
    begin = 0
    while begin < len(widths):
        end, left = begin + 1, room - widths[begin]
        while end < len(widths) and widths[end] <= left:
            left -= widths[end]
            end += 1
        yield begin, end
        begin = end


def _parts(name: str, array: Any) -> Iterator[tuple[str, Any]]:
    """The array itself, or each matrix of its first two axes."""
    if array.ndim == _GRID:
        yield name, array
        return
    for rest in itertools.product(*(range(size) for size in array.shape[_GRID:])):
        where = ", ".join([":", ":", *map(str, rest)])
        yield f"{name}[{where}]", array[(slice(None), slice(None), *rest)]
