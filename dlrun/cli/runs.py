"""`dlrun runs`: the runs of a folder with status, main metric, age and whatever is asked for."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dlrun.cli.completion import complete_key
from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, Where
from dlrun.cli.output import screen_of, write_data, write_json, write_message
from dlrun.errors import UsageError
from dlrun.rundir.names import SWEEP

_MOST_SWEEPS = 5

Columns = Annotated[
    str | None,
    typer.Option(
        metavar="KEY,KEY...",
        help="What to show: facts (name, status, started, age, seconds, label, note, ...), metrics "
        "(test.accuracy, val_loss), keys of the config (optimizer.learning_rate). Beginning with "
        "+ they are added to the usual ones.",
        autocompletion=complete_key,
        show_default=False,
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="Sort by a key: metrics best first, times newest first, else smallest first.  "
        "[default: the newest first]",
        autocompletion=complete_key,
        show_default=False,
    ),
]
Descending = Annotated[
    bool | None,
    typer.Option(
        "--descending/--ascending",
        help="The largest, or the smallest value first, whatever --sort would choose.",
        show_default=False,
    ),
]
Best = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Only the first N by --sort, or by the main metric: its mean over the seeds first.",
        show_default=False,
    ),
]


def runs(
    *,
    columns: Columns = None,
    where: Where = None,
    sort: Sort = None,
    descending: Descending = None,
    best: Best = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a CSV.")] = False,
) -> None:
    """List the runs, the newest first."""
    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms.", fix="Give only one of them.")
    from dlrun.cli import run_lists
    from dlrun.wording import choice_in_words
    from dlrun.workflows.runs import choose_runs

    is_added = columns is not None and columns.startswith("+")
    keys = None if columns is None else _keys(columns.removeprefix("+"))
    found = choose_runs(
        runs_dir, where=where, sort=sort, descending=descending, best=best, columns=keys or ()
    )
    if best is not None and sort is None and found:
        choice = choice_in_words((found[0].row.metric or "").partition(" ")[0])
        if choice is not None:
            write_message(choice)
    if as_json:
        given = [*run_lists.USUAL, *(keys or [])] if is_added else keys
        write_json(run_lists.runs_json(found, given))
        return
    usual = list(run_lists.USUAL_CSV) if as_csv else run_lists.usual_columns(found)
    shown = keys if keys and not is_added else list(dict.fromkeys([*usual, *(keys or [])]))
    if as_csv:
        write_data(run_lists.runs_csv(found, shown))
    elif found:
        write_data(run_lists.runs_table(found, shown, screen=screen_of(sys.stdout)))
        killed = [run.row.path for run in found if run.row.status == "killed"]
        if killed:
            write_message(f"{len(killed)} killed: `dlrun resume {killed[0]}` goes on with it.")
    else:
        such = "such run" if where is not None or best is not None else "run"
        write_message(f"There is no {such} in {runs_dir}.")
        sweeps = sorted(path.parent for path in runs_dir.glob(f"*/{SWEEP}"))
        if sweeps:
            there = ", ".join(map(str, sweeps[:_MOST_SWEEPS]))
            write_message(f"Runs of sweeps are in {there}: `--runs-dir {sweeps[0]}` lists them.")


def _keys(text: str) -> list[str]:
    """The keys of a list with commas."""
    keys = [key.strip() for key in text.split(",")]
    if not all(keys):
        raise UsageError(
            "a key between two commas is empty.", where="--columns", fix="Such as name,test.loss"
        )
    return list(dict.fromkeys(keys))
