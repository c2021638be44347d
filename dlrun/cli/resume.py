"""`dlrun resume RUN`: go on with a run; stdout gets its path, as that of `train` does."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated

import typer

from dlrun.cli.options import (
    DEFAULT_RUNS_DIR,
    AsJson,
    Device,
    Quiet,
    Run,
    RunsDir,
    Trust,
    WithReport,
    check_device,
)
from dlrun.cli.output import write_data, write_json
from dlrun.cli.train import show_outcome


def resume(
    context: typer.Context,
    run: Run,
    *,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=0, help="Train to this epoch: goes on with a finished run.", show_default=False
        ),
    ] = None,
    device: Device = "auto",
    report: WithReport = True,
    trust: Trust = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped, to the very same bits.

    It may have been interrupted, have failed or have been killed; `--epochs` extends a
    finished one.
    """
    check_device(device)
    from dlrun.cli.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import resume as workflow
    from dlrun.workflows.execution import TrainOutcome
    from dlrun.workflows.options import RunOptions

    with contextlib.redirect_stdout(sys.stderr), listening(quiet=quiet) as listener:
        options = RunOptions(runs_dir, context.obj, device=device, threads=None, report=report)
        opened = open_run(run, runs_dir)
        outcome = workflow.resume(opened, options, listener, epochs=epochs, trust=trust)
    if isinstance(outcome, TrainOutcome):
        show_outcome(outcome, quiet=quiet, as_json=as_json)
    elif as_json:
        write_json({"run": outcome.path, "status": "finished"})
    else:
        write_data(str(outcome.path))
