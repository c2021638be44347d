"""Lists of runs: as a table, line below line where the terminal is narrow, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size

from dlrun.absent import ABSENT
from dlrun.cli.columns import GAP, Cell, align, draw, natural_width, paint
from dlrun.rundir.names import SPLITS
from dlrun.wording import as_text, format_age, format_duration, format_number, is_number, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.cli.output import Screen
    from dlrun.workflows.facts import RunFacts

USUAL = ("name", "status", "metric", "value", "age")
"""What a list shows that nobody asked anything of."""
USUAL_CSV = (
    "name", "run", "status", "started", "seconds", "metric", "value", "label", "note", "reason",
)  # fmt: skip

_STATUS_STYLES = {
    "finished": "green",
    "running": "cyan",
    "interrupted": "yellow",
    "killed": "yellow",
    "failed": "red",
    "damaged": "red",
}
_HEADINGS = {"metric": "main metric"}
_METRICS = ("value", "val", *SPLITS)
_WIDEST = 40
"""Cells of a note or a reason in a table."""


def usual_columns(runs: Sequence[RunFacts]) -> list[str]:
    """Choose what a list shows where nobody has: labels and notes where there are some.

    Args:
        runs: The runs.
    """
    notes = [run.row.notes for run in runs]
    more = {"label": any(one.labels for one in notes), "note": any(one.note for one in notes)}
    return [*USUAL, *(key for key, is_there in more.items() if is_there)]


def runs_table(runs: Sequence[RunFacts], columns: Sequence[str], *, screen: Screen) -> str:
    """Draw a list of runs.

    Args:
        runs: The runs.
        columns: The keys to show.
        screen: Where it is shown.

    Returns:
        One line a run; where that is too wide, the first column and below it what else is known.
    """
    values = [[run.get(key) for key in columns] for run in runs]
    cells = [[_cell(key, value) for key, value in zip(columns, row, strict=True)] for row in values]
    headings = [Cell(_HEADINGS.get(key, key), "bold") for key in columns]
    numeric = {
        number
        for number, key in enumerate(columns)
        if key == "age" or any(is_number(row[number]) for row in values)
    }
    lefts = frozenset(range(len(columns))) - numeric
    table = align([headings, *cells], left=lefts)
    if natural_width(table) <= screen.width:
        return draw(table, color=screen.color)
    is_usual = tuple(columns[: len(USUAL)]) == USUAL and set(columns) <= {*USUAL, "label", "note"}
    table = align([row[: len(USUAL)] for row in [headings, *cells]], left=lefts)
    if is_usual and natural_width(table) <= screen.width:
        lines = draw(table, color=screen.color).splitlines()
        below = [_below(row[len(USUAL) :], screen) for row in cells]
        pairs = zip(lines[1:], below, strict=True)
        return "\n".join([lines[0], *(line for pair in pairs for line in pair if line)])
    return "\n".join(_stacked(columns, row, screen, name_keys=not is_usual) for row in cells)


def runs_csv(runs: Sequence[RunFacts], columns: Sequence[str]) -> str:
    """Write a list of runs as CSV, its numbers in full.

    Args:
        runs: The runs.
        columns: The keys to show.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for run in runs:
        values = map(run.comparable, columns)
        writer.writerow(["" if value is ABSENT else as_text(value) for value in values])
    return text.getvalue().rstrip("\n")


def runs_json(runs: Sequence[RunFacts], columns: Sequence[str] | None) -> list[dict[str, Any]]:
    """Give a list of runs as JSON can express it.

    Args:
        runs: The runs.
        columns: The keys to give; None for what is known of every run.
    """
    if columns is None:
        return [_known(run) for run in runs]
    return [
        {key: None if (value := run.comparable(key)) is ABSENT else value for key in columns}
        for run in runs
    ]


def _known(run: RunFacts) -> dict[str, Any]:
    row = run.row
    return {
        "name": row.name,
        "run": row.path,
        "status": row.status,
        "started": row.started.isoformat() if row.started else None,
        "seconds": row.seconds,
        "metric": row.metric,
        "value": row.value,
        "labels": row.notes.labels,
        "note": row.notes.note,
        "reason": row.reason,
    }


def _cell(key: str, value: Any) -> Cell:
    """A value as a list shows it."""
    if value is ABSENT:
        return Cell("" if key in ("label", "note") else "-")
    if key == "status":
        return Cell(value, _STATUS_STYLES[value])
    text = printable(_worded(key, value)).replace("\n", " ")
    if key != "name" and cell_len(text) > _WIDEST:
        text = set_cell_size(text, _WIDEST - 1) + "…"
    return Cell(text, "bold" if key == "label" else "")


def _worded(key: str, value: Any) -> str:
    """A value in words."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if is_number(value):
        if key == "age":
            return format_age(value)
        if key == "seconds":
            return format_duration(value)
        if isinstance(value, float) and key.replace("_", ".").split(".")[0] in _METRICS:
            return format_number(value)
    return as_text(value)


def _below(cells: Sequence[Cell], screen: Screen) -> str:
    """Labels and note of a run, indented."""
    shown = [paint(cell.text, cell.style, color=screen.color) for cell in cells if cell.text]
    return f"  {GAP.join(shown)}" if shown else ""


def _stacked(
    columns: Sequence[str], cells: Sequence[Cell], screen: Screen, *, name_keys: bool
) -> str:
    """A run in several lines; of the usual columns it is clear what they are."""
    words = []
    for key, cell in list(zip(columns, cells, strict=True))[1:]:
        if not cell.text or (cell.text == "-" and not (name_keys or key == "age")):
            continue
        label = f"{printable(key)} " if name_keys else ""
        words.append((label + cell.text, label + paint(cell.text, cell.style, color=screen.color)))
    gap = GAP if name_keys else " "
    lines, used = [[]], 0  # type: tuple[list[list[str]], int]
    for plain, painted in words:
        if lines[-1] and used + len(gap) + cell_len(plain) > screen.width - 2:
            lines.append([])
            used = 0
        used += cell_len(plain) + (len(gap) if lines[-1] else 0)
        lines[-1].append(painted)
    below = "\n".join(gap.join(line) for line in lines if line)
    return f"{cells[0].text}\n{textwrap.indent(below, '  ')}".rstrip()
