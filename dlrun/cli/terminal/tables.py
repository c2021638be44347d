"""Text in columns, as wide as its cells, cut to fit a narrow terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dlrun.cli.terminal.output import Screen, fill
from dlrun.wording import printable

if TYPE_CHECKING:
    from dlrun.reports.baseline import Baseline
    from dlrun.reports.statistics import Estimate

GAP = "  "
_BEATS = {"better": "", "undecided": "yellow", "worse": "red"}
_NARROWEST = 6  # cells of a first column that gives way
_READABLE = 14  # cells of a name that is cut
_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Cell(NamedTuple):
    """One cell of a table."""

    text: str
    style: str = ""  # `bold` or a colour


def bold(headings: Iterable[str]) -> list[Cell]:
    """Make the cells of a heading."""
    return [Cell(heading, "bold") for heading in headings]


def align(
    rows: Sequence[Sequence[str | Cell]],
    *,
    left: int | Collection[int] = 1,
    width: int | None = None,
) -> list[list[Cell]]:
    """Pad the cells of each column to the same width, the first `left` columns to the right.

    `left` may be their numbers, too. Where rows are wider than `width`, the first column is cut.
    """
    given = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    cells = [[Cell(one_line(cell.text), cell.style) for cell in row] for row in given]
    widths = [max(cell_len(cell.text) for cell in column) for column in zip(*cells, strict=True)]
    if width is not None and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        others = sum(widths[1:]) + len(GAP) * (len(widths) - 1)
        widths[0] = min(widths[0], max(width - others, _NARROWEST))
        first = cut_apart([row[0].text for row in cells], widths[0])
        cells = [[row[0]._replace(text=text), *row[1:]]
                 for row, text in zip(cells, first, strict=True)]  # fmt: skip
    lefts = range(left) if isinstance(left, int) else left
    return [
        [_padded(cell, widths[n], is_left=n in lefts) for n, cell in enumerate(row)]
        for row in cells
    ]


def draw(rows: Sequence[Sequence[Cell]], screen: Screen) -> str:
    """Join aligned cells to lines without blanks at their ends."""
    return "\n".join(
        GAP.join(paint(cell.text, cell.style, screen) for cell in row).rstrip() for row in rows
    )


def draw_if_fitting(
    rows: Sequence[Sequence[str | Cell]], screen: Screen, *, left: int | Collection[int] = 1
) -> str | None:
    """Align and draw rows; None where they are wider than the screen."""
    table = align(rows, left=left)
    return draw(table, screen) if natural_width(table) <= screen.width else None


def draw_cut(
    headings: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen, *, left: int = 1
) -> str:
    """Draw rows under headings; what is too wide gives way in its first column, else is stacked."""
    table = align([bold(headings), *rows], left=left, width=screen.width)
    if natural_width(table) > screen.width:
        return _stack([headings, *rows], screen)
    return draw(table, screen)


def draw_or_stack(
    rows: Sequence[Sequence[str]], screen: Screen, *, left: int = 1, whole: bool = False
) -> str:
    """Draw rows under headings; where there is no room, each row as a name and what it has.

    Before that, names are cut to some cells, unless they are to stay `whole`.
    """
    table = align([bold(rows[0]), *rows[1:]], left=left, width=screen.width)
    room = cell_len(table[0][0].text)
    if natural_width(table) <= screen.width and (
        (room >= _READABLE and not whole) or room >= max(cell_len(row[0]) for row in rows)
    ):
        return draw(table, screen)
    return _stack(rows, screen)


def _stack(rows: Sequence[Sequence[str]], screen: Screen) -> str:
    """Write each row as a name and what it has."""
    heads = rows[0][1:]
    lines = []
    for name, *values in rows[1:]:
        pairs = [f"{head} {value}" for head, value in zip(heads, values, strict=True) if value]
        lines += [wrap(one_line(name), screen), fold(pairs, screen, indent="    ")]
    return "\n".join(lines)


def wrap(text: str, screen: Screen, *, hang: int = 2) -> str:
    """Fold a text to the width of a terminal, later lines further in than the first one."""
    first = len(text) - len(text.lstrip())
    return fill(text, screen.width, hang=max(first, hang))


def fold(
    pieces: Iterable[str], screen: Screen, *, indent: str, begin: str = "", gap: str = GAP
) -> str:
    """Put pieces side by side, as many as a line has room for; each is whole where it can be."""
    lines = [begin or indent]
    for piece in pieces:
        is_first = lines[-1] in (begin, indent)
        longer = f"{lines[-1]}{'' if is_first else gap}{piece}"
        if is_first or cell_len(longer) <= screen.width:
            lines[-1] = longer
        else:
            lines.append(indent + piece)
    return "\n".join(wrap(line, screen, hang=len(indent)) for line in lines)


def paint(text: str, style: str, screen: Screen) -> str:
    """Put a text between the codes of a terminal, where there is a style to show."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if screen.color and style else text


def natural_width(rows: Sequence[Sequence[Cell]]) -> int:
    """Measure the widest line of aligned rows, in cells."""
    return max(cell_len(draw([row], Screen())) for row in rows)


def cell_len(text: str) -> int:
    """Measure a text in cells of a terminal: some letters take two, and accents none."""
    if _is_plain(text):
        return len(text)
    from rich.cells import cell_len as measured

    return measured(text)


def cut_cells(text: str, width: int) -> str:
    """Cut a text, visibly, to so many cells."""
    if cell_len(text) <= width:
        return text
    if _is_plain(text):
        return f"{text[: max(width - 1, 0)]}…"
    from rich.cells import set_cell_size

    return set_cell_size(text, width - 1) + "…"


def cut_middle(text: str, width: int) -> str:
    """Cut a text in its middle: of names that begin alike the end tells them apart."""
    last = _end_of(text, (width - 1) // 2)
    return text if cell_len(text) <= width else cut_cells(text, width - cell_len(last)) + last


def cut_start(text: str, width: int) -> str:
    """Cut a text at its start."""
    return text if cell_len(text) <= width else "…" + _end_of(text, width - 1)


def cut_apart(texts: Sequence[str], width: int) -> list[str]:
    """Cut texts to so many cells where most of them stay different: at the end, if that will do."""
    ways = ([cut(text, width) for text in texts] for cut in (cut_cells, cut_middle, cut_start))
    return max(ways, key=lambda cut: len({*cut}))


def _end_of(text: str, width: int) -> str:
    """The last characters of a text that take so many cells at most."""
    last = text[max(len(text) - width, 0) :]
    while cell_len(last) > width:
        last = last[1:]
    return last


def _is_plain(text: str) -> bool:
    """Whether each character surely takes one cell; most texts need no library to say so."""
    return text.isascii() and text.isprintable()


def one_line(text: str) -> str:
    """Make a text harmless to the terminal and to the lines of a table."""
    return printable(text).replace("\n", " ")


def format_estimate(estimate: Estimate | None) -> str:
    """Write a mean over seeds or folds and its margin, where there is one: `0.9790 ± 0.0021`."""
    return "-" if estimate is None else str(estimate)


def _padded(cell: Cell, width: int, *, is_left: bool) -> Cell:
    blanks = " " * (width - cell_len(cell.text))
    text = cut_cells(cell.text, width)
    return cell._replace(text=text + blanks if is_left else blanks + text)


def baseline_lines(split: str, baseline: Baseline, screen: Screen) -> list[str]:
    """Say whether a network beats the baseline of a split; in colour where it does not."""
    color = _BEATS[baseline.beats]
    lines = fill(printable(baseline.in_words(split)), screen.width).splitlines()
    return [paint(line, color, screen) if color else line for line in lines]
