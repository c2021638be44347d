"""`dlrun label RUN good`, `dlrun note RUN "..."`: what one thinks of a run."""

from __future__ import annotations

from typing import Annotated

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Run, RunsDir, argument, option
from dlrun.cli.terminal.output import write_data, write_json
from dlrun.cli.terminal.tables import one_line
from dlrun.errors import UsageError
from dlrun.wording import printable

Labels = Annotated[
    list[str] | None,
    argument("LABEL", "Labels of at most 60 characters; none to print those that the run has."),
]
Text = Annotated[
    str | None,
    argument("TEXT", "The note, in the place of the one that the run has; none to print that."),
]


def label(
    run: Run,
    labels: Labels = None,
    *,
    remove: Annotated[
        bool, option("--remove", "Take these labels away; without any, all.")
    ] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
) -> None:
    """Label a run, and print its labels."""
    from dlrun.rundir.folder import open_run
    from dlrun.rundir.notes import add_labels, remove_labels

    opened = open_run(run, runs_dir)
    folder, notes = opened.path, opened.notes
    if remove:
        notes = remove_labels(folder, labels or notes.labels)
    elif labels:
        notes = add_labels(folder, labels)
    if as_json:
        write_json({"run": folder, "labels": notes.labels})
    elif notes.labels:
        write_data("\n".join(map(one_line, notes.labels)))


def note(
    run: Run,
    text: Text = None,
    *,
    remove: Annotated[bool, option("--remove", "Take the note away.")] = False,
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
