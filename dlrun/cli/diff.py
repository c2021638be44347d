"""`dlrun diff A B`: in what two runs differ."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dlrun.cli.completion import complete_run
from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir
from dlrun.cli.output import screen_of, write_data, write_json

First = Annotated[
    str,
    typer.Argument(
        metavar="A",
        help="A run folder, a part of its name that no other run has, or `latest`.",
        autocompletion=complete_run,
        show_default=False,
    ),
]
Second = Annotated[
    str,
    typer.Argument(
        metavar="B", help="Another one.", autocompletion=complete_run, show_default=False
    ),
]


def diff(
    a: First, b: Second, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR, as_json: AsJson = False
) -> None:
    """Show in what two runs differ.

    Config, versions, data, initial weights, history and results, from cause to effect.
    """
    from dlrun.cli.differences import difference_json, draw_difference
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import diff as workflow

    found = workflow.diff(open_run(a, runs_dir), open_run(b, runs_dir))
    if as_json:
        write_json(difference_json(found))
    else:
        write_data(draw_difference(found, screen=screen_of(sys.stdout)))
