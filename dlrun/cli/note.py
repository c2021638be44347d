"""`dlrun note RUN "..."`: writes down what one thinks of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Run, RunsDir
from dlrun.cli.output import printable, write_data, write_json
from dlrun.errors import UsageError

Text = Annotated[
    str | None,
    typer.Argument(
        metavar="[TEXT]",
        help="The note, in the place of the one that the run has; none to print that.",
        show_default=False,
    ),
]


def note(
    run: Run,
    text: Text = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the note away.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
) -> None:
    """Write a note on a run, and print it."""
    if remove and text is not None:
        raise UsageError("--remove takes the note away, but there is a new one.")
    if text is not None and not text.strip():
        raise UsageError("the note is empty.", fix="--remove takes a note away.")
    from dlrun.rundir.folder import open_run
    from dlrun.rundir.notes import set_note

    opened = open_run(run, runs_dir)
    folder = opened.path
    notes = set_note(folder, text) if remove or text is not None else opened.notes
    if as_json:
        write_json({"run": folder, "note": notes.note})
    elif notes.note:
        write_data(printable(notes.note))
