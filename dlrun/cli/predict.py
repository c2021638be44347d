"""`dlrun predict RUN INPUT`: what a run says about new rows."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, Quiet, Run, RunsDir
from dlrun.cli.output import ClosedOutputError, write_data

STDOUT = Path("-")

InputPath = Annotated[
    Path,
    typer.Argument(metavar="INPUT", help="Rows to predict: CSV, npz or npy.", show_default=False),
]
OutputPath = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write, - for stdout.  [default: predictions/ in the run folder]",
        show_default=False,
    ),
]


def predict(
    run: Run,
    input_path: InputPath,
    *,
    output: OutputPath = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
) -> None:
    """Write predictions for new rows and print the CSV's path."""
    from dlrun.cli.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import predict as workflow

    data_stream = sys.stdout if output == STDOUT else sys.stderr
    try:
        with contextlib.redirect_stdout(data_stream), listening(quiet=quiet) as listener:
            written = workflow.predict(
                open_run(run, runs_dir), input_path, output=output, listener=listener
            )
    except BrokenPipeError as error:
        raise ClosedOutputError from error
    if written is not None:
        write_data(str(written))
