"""`dlrun predict RUN INPUT`: what a run says about new rows."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

from dlrun.cli.options import DEFAULT_RUNS_DIR, Quiet, Run, RunsDir, argument, option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import ClosedOutputError, write_data

STDOUT = Path("-")

InputPath = Annotated[Path, argument("INPUT", "Rows to predict: CSV, npz or npy.")]
OutputPath = Annotated[
    Path | None,
    option(
        "--output -o FILE",
        "Where to write, - for stdout.  [default: predictions/ in the run folder]",
    ),
]
Threshold = Annotated[
    str | None,
    option(
        "--threshold best-f1|NUMBER",
        "Say yes, or the second of two classes, above it; best-f1 is what `dlrun evaluate` chose.",
    ),
]


def predict(
    run: Run,
    input_path: InputPath,
    *,
    output: OutputPath = None,
    threshold: Threshold = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
) -> None:
    """Write predictions for new rows and print the CSV's path."""
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import predict as workflow

    stream = sys.stdout if output == STDOUT else sys.stderr
    try:
        with listening(quiet=quiet) as listener, contextlib.redirect_stdout(stream):
            written = workflow.predict(
                open_run(run, runs_dir),
                input_path,
                output=output,
                threshold=threshold,
                listener=listener,
            )
    except BrokenPipeError as error:
        raise ClosedOutputError from error
    if written is not None:
        write_data(str(written))
