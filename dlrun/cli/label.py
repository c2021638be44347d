"""`dlrun label RUN good`: gives labels to a run, or takes them away."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Run, RunsDir
from dlrun.cli.output import printable, write_data, write_json

Labels = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[LABEL]...",
        help="Labels of at most 60 characters; none to print those that the run has.",
        show_default=False,
    ),
]


def label(
    run: Run,
    labels: Labels = None,
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take these labels away; without any, all.")
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
        write_data("\n".join(printable(one).replace("\n", " ") for one in notes.labels))
