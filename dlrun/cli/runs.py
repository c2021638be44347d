"""`dlrun runs`: the runs of a folder with status, main metric, age and whatever is asked for."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from dlrun.absent import ABSENT
from dlrun.cli.completion import complete_key
from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, Where, option, split_keys
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.documents import (
    AsCsv,
    AsLatex,
    AsMarkdown,
    Form,
    form_of,
    write_document,
)
from dlrun.cli.terminal.output import (
    Screen,
    screen_of,
    write_csv,
    write_data,
    write_json,
    write_message,
)
from dlrun.cli.terminal.tables import (
    GAP,
    Cell,
    bold,
    cell_len,
    cut_cells,
    cut_middle,
    draw_if_fitting,
    one_line,
    paint,
)
from dlrun.rundir.names import SPLITS, SWEEP
from dlrun.wording import (
    as_text,
    choice_in_words,
    format_age,
    format_duration,
    format_number,
    is_number,
    printable,
)

if TYPE_CHECKING:
    from dlrun.workflows.runs import RunFacts

USUAL = ("name", "status", "metric", "value", "age")
"""What a list shows that nobody asked anything of."""
USUAL_CSV = (
    "name", "run", "status", "started", "seconds", "metric", "value", "label", "note", "reason",
)  # fmt: skip

_STATUS_STYLES = {
    "finished": "green",
    "running": "cyan",
    "extending": "cyan",
    "interrupted": "yellow",
    "killed": "yellow",
    "failed": "red",
    "damaged": "red",
}
_HEADINGS = {"metric": "main metric"}
_METRICS = ("value", "val", *SPLITS)
_WIDEST = 40  # cells of a note or a reason in a table
_SHORT = 24  # cells of a metric where there is no room for a longer name
_MOST_SWEEPS = 5
_BEGIN = re.compile(r"^\d{8}-\d{6}_(?=.)")  # of the name of a run: its time
_LEAST_OF_A_NAME = 16  # cells

Columns = Annotated[
    str | None,
    option(
        "--columns KEY,KEY...",
        "What to show: facts (name, status, started, age, seconds, label, note, ...), metrics "
        "(test.accuracy, val_loss), keys of the config (optimizer.learning_rate). Beginning with "
        "+ they are added to the usual ones.",
        autocompletion=complete_key,
    ),
]
Sort = Annotated[
    str | None,
    option(
        "--sort KEY",
        "Sort by a key: metrics best first, times newest first, else smallest first.  "
        "[default: the newest first]",
        autocompletion=complete_key,
    ),
]
Descending = Annotated[
    bool | None,
    option(
        "--descending/--ascending",
        "The largest, or the smallest value first, whatever --sort would choose.",
    ),
]
Best = Annotated[
    int | None,
    option(
        "--best N",
        "Only the first N by --sort, or by the main metric: its mean over the seeds first.",
        min=1,
    ),
]


def runs(
    *,
    columns: Columns = None,
    where: Where = None,
    sort: Sort = None,
    descending: Descending = None,
    best: Best = None,
    recursive: Annotated[
        bool, option("--recursive -r", "The runs of sweeps in the folder, too.")
    ] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_markdown: AsMarkdown = False,
    as_latex: AsLatex = False,
) -> None:
    """List the runs, the newest first."""
    form = form_of(as_json=as_json, as_csv=as_csv, as_markdown=as_markdown, as_latex=as_latex)
    show_activity(f"reading the runs of {runs_dir} ...", soon=True)
    from dlrun.workflows.runs import choose_runs

    is_added = columns is not None and columns.startswith("+")
    keys = None if columns is None else split_keys(columns.removeprefix("+"))
    found = choose_runs(
        runs_dir,
        where=where,
        sort=sort,
        descending=descending,
        best=best,
        columns=keys or (),
        recursive=recursive,
    )
    if best is not None and sort is None and found:
        choice = choice_in_words((found[0].row.metric or "").partition(" ")[0])
        if choice is not None:
            write_message(choice)
    if form is Form.JSON:
        write_json(runs_json(found, [*USUAL, *(keys or [])] if is_added else keys))
        return
    usual = list(USUAL_CSV) if form is Form.CSV else usual_columns(found)
    shown = keys if keys and not is_added else list(dict.fromkeys([*usual, *(keys or [])]))
    if form is Form.CSV:
        rows = [map(run.comparable, shown) for run in found]
        write_csv(
            [shown, *(["" if one is ABSENT else as_text(one) for one in row] for row in rows)]
        )
    elif form is not None:
        cells = [[_cell(run, key, run.get(key)).text for key in shown] for run in found]
        write_document(form, [shown, *cells], numeric=_numeric(found, shown))
    elif found:
        write_data(runs_table(found, shown, screen=screen_of(sys.stdout)))
        killed = [run.row.path for run in found if run.row.status == "killed"]
        if killed:
            write_message(f"{len(killed)} killed: `dlrun resume {killed[0]}` goes on with it.")
    else:
        such = "such run" if where is not None or best is not None else "run"
        write_message(f"There is no {such} in {runs_dir}.")
        _point_to_sweeps(runs_dir)


def _point_to_sweeps(runs_dir: Path) -> None:
    sweeps = sorted(path.parent for path in runs_dir.glob(f"*/{SWEEP}"))
    if sweeps:
        there = ", ".join(map(str, sweeps[:_MOST_SWEEPS]))
        write_message(f"Runs of sweeps are in {there}: `--recursive` lists them.")


def usual_columns(runs: Sequence[RunFacts]) -> list[str]:
    """Choose what a list shows where nobody has: labels and notes where there are some."""
    notes = [run.row.notes for run in runs]
    more = {"label": any(one.labels for one in notes), "note": any(one.note for one in notes)}
    return [*USUAL, *(key for key, is_there in more.items() if is_there)]


def runs_table(runs: Sequence[RunFacts], columns: Sequence[str], *, screen: Screen) -> str:
    """Draw one line a run; where that is too wide, the first column and the others below it."""
    cells = [[_cell(run, key, run.get(key)) for key in columns] for run in runs]
    headings = bold(_HEADINGS.get(key, key) for key in columns)
    lefts = frozenset(range(len(columns))) - _numeric(runs, columns)
    table = draw_if_fitting([headings, *cells], screen, left=lefts)
    if table is not None:
        return table
    if columns[0] == "name":
        short = _with_short_names(cells, _room_for_names([headings, *cells], screen))
        table = draw_if_fitting([headings, *short], screen, left=lefts)
        if table is not None:
            return table
        if any(cell_len(row[0].text) > screen.width for row in cells):
            cells = _with_short_names(cells, screen.width)
    is_usual = tuple(columns[: len(USUAL)]) == USUAL and set(columns) <= {*USUAL, "label", "note"}
    table = _without_notes([headings, *cells], lefts, screen) if is_usual else None
    if table is not None:
        heading, *lines = table.splitlines()
        drawn = [heading]
        for line, row in zip(lines, cells, strict=True):
            notes = [paint(*cell, screen) for cell in row[len(USUAL) :] if cell.text]
            drawn += [line, *([f"  {GAP.join(notes)}"] if notes else [])]
        return "\n".join(drawn)
    return "\n".join(_stacked(columns, row, screen, name_keys=not is_usual) for row in cells)


def _without_notes(
    rows: Sequence[Sequence[Cell]], left: frozenset[int], screen: Screen
) -> str | None:
    """Draw the usual columns alone, with short names and short metrics if need be.

    None where that is too wide, too.
    """
    headings, *cells = (row[: len(USUAL)] for row in rows)
    place = USUAL.index("metric")
    for most in (_WIDEST, _SHORT):
        cells = [
            [*row[:place], row[place]._replace(text=cut_middle(row[place].text, most)),
             *row[place + 1 :]]
            for row in cells
        ]  # fmt: skip
        short = _with_short_names(cells, _room_for_names([headings, *cells], screen))
        for some in (cells, short):
            table = draw_if_fitting([headings, *some], screen, left=left)
            if table is not None:
                return table
    return None


def _numeric(runs: Sequence[RunFacts], columns: Sequence[str]) -> set[int]:
    """The columns of numbers and ages, which stand to the right."""
    return {
        number
        for number, key in enumerate(columns)
        if key == "age" or any(is_number(run.get(key)) for run in runs)
    }


def _room_for_names(rows: Sequence[Sequence[Cell]], screen: Screen) -> int:
    """How many cells a table leaves to the names in its first column."""
    others = [max(cell_len(row[number].text) for row in rows) for number in range(1, len(rows[0]))]
    return max(screen.width - sum(others) - len(GAP) * len(others), _LEAST_OF_A_NAME)


def _with_short_names(rows: Sequence[Sequence[Cell]], room: int) -> list[list[Cell]]:
    """The names without their times where they stay different, cut in the middle to fit.

    What is left of a name that is not cut finds the run as well as the whole of it.
    """
    short = [_BEGIN.sub("", row[0].text) for row in rows]
    names = short if len({*short}) == len(short) else [row[0].text for row in rows]
    cut = [cut_middle(name, room) for name in names]
    names = cut if len({*cut}) == len(cut) else names
    return [[row[0]._replace(text=name), *row[1:]] for row, name in zip(rows, names, strict=True)]


def runs_json(runs: Sequence[RunFacts], columns: Sequence[str] | None) -> list[dict[str, Any]]:
    """Give a list of runs as JSON can express it; without columns what is known of every run."""
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


def _cell(run: RunFacts, key: str, value: Any) -> Cell:
    if value is ABSENT:
        return Cell("" if key in ("label", "note") else "-")
    if key == "status":
        shown = "extending" if run.row.is_extending else value
        return Cell(shown, _STATUS_STYLES[shown])
    text = one_line(_worded(key, value))
    text = text if key == "name" else cut_cells(text, _WIDEST)
    return Cell(text, "bold" if key == "label" else "")


def _worded(key: str, value: Any) -> str:
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


def _stacked(
    columns: Sequence[str], cells: Sequence[Cell], screen: Screen, *, name_keys: bool
) -> str:
    """A run in several lines; of the usual columns it is clear what they are."""
    words = []
    for key, cell in list(zip(columns, cells, strict=True))[1:]:
        if not cell.text or (cell.text == "-" and not (name_keys or key == "age")):
            continue
        label = f"{printable(key)} " if name_keys else ""
        words.append((label + cell.text, label + paint(cell.text, cell.style, screen)))
    gap = GAP if name_keys else " "
    lines: list[list[str]] = [[]]
    used = 0  # cells of the last line
    for plain, painted in words:
        if lines[-1] and used + len(gap) + cell_len(plain) > screen.width - 2:
            lines.append([])
            used = 0
        used += cell_len(plain) + (len(gap) if lines[-1] else 0)
        lines[-1].append(painted)
    below = "\n".join(gap.join(line) for line in lines if line)
    return f"{cells[0].text}\n{textwrap.indent(below, '  ')}".rstrip()
