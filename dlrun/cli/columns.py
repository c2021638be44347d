"""Text in columns, as wide as its cells, cut to fit a narrow terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size

from dlrun.wording import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

GAP = "  "
_NARROWEST = 6

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Cell(NamedTuple):
    """One cell of a table.

    Attributes:
        text: What it shows, on one line.
        style: `bold` or a colour, or nothing.
    """

    text: str
    style: str = ""


def align(
    rows: Sequence[Sequence[str | Cell]],
    *,
    left: int | Collection[int] = 1,
    width: int | None = None,
) -> list[list[Cell]]:
    """Give the cells of each column the same width.

    Args:
        rows: The rows, each with the same number of cells.
        left: So many columns are aligned left, or those of these numbers; the others right.
        width: The cells of a line. Where a row needs more, its first column is cut, down to six.

    Returns:
        The same rows, padded.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(cell_len(cell.text) for cell in column) for column in zip(*cells, strict=True)]
    if width is not None and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        others = sum(widths[1:]) + len(GAP) * (len(widths) - 1)
        widths[0] = min(widths[0], max(width - others, _NARROWEST))
    lefts = range(left) if isinstance(left, int) else left
    return [
        [_padded(cell, widths[n], is_left=n in lefts) for n, cell in enumerate(row)]
        for row in cells
    ]


def draw(rows: Sequence[Sequence[Cell]], *, color: bool) -> str:
    """Join aligned cells to lines.

    Args:
        rows: What `align` returns.
        color: Whether styles are shown.

    Returns:
        Lines without blanks at their ends.
    """
    return "\n".join(
        GAP.join(paint(cell.text, cell.style, color=color) for cell in row).rstrip() for row in rows
    )


def paint(text: str, style: str, *, color: bool) -> str:
    """Show a text in a style.

    Args:
        text: The text.
        style: See `Cell`.
        color: Whether styles are shown at all.

    Returns:
        The text, between the codes of a terminal where there is a style to show.
    """
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if color and style else text


def natural_width(rows: Sequence[Sequence[Cell]]) -> int:
    """Measure aligned rows.

    Args:
        rows: What `align` returns.

    Returns:
        The cells of the widest line.
    """
    return max(cell_len(draw([row], color=False)) for row in rows)


def _cell(value: str | Cell) -> Cell:
    """A cell that is harmless to the terminal and stays on one line."""
    cell = value if isinstance(value, Cell) else Cell(value)
    return cell._replace(text=printable(cell.text).replace("\n", " "))


def _padded(cell: Cell, width: int, *, is_left: bool) -> Cell:
    """A cell of a given width."""
    missing = width - cell_len(cell.text)
    if missing < 0:
        return cell._replace(text=set_cell_size(cell.text, width - 1) + "…")
    return cell._replace(text=cell.text + " " * missing if is_left else " " * missing + cell.text)
