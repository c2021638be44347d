"""`dlrun resume RUN`: go on with a run; stdout gets its path, as that of `train` does."""

from __future__ import annotations

from typing import Annotated

import typer  # noqa: TC002 - typer reads the annotations

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
    option,
)
from dlrun.cli.terminal.output import write_data, write_json
from dlrun.cli.train import show_outcome

Epochs = Annotated[
    int | None,
    option("--epochs", None, "Train to this epoch: goes on with a finished run.", min=0),
]


def resume(
    context: typer.Context,
    run: Run,
    *,
    epochs: Epochs = None,
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
    from dlrun.cli.terminal.progress import listening
    from dlrun.workflows import resume as workflow
    from dlrun.workflows.train import TrainOutcome

    with listening(quiet=quiet) as listener:
        outcome = workflow.resume(
            run,
            runs_dir=runs_dir,
            epochs=epochs,
            trust=trust,
            command=context.obj,
            listener=listener,
            device=device,
            report=report,
        )
    if isinstance(outcome, TrainOutcome):
        show_outcome(outcome, quiet=quiet, as_json=as_json)
    elif as_json:
        write_json({"run": outcome.path, "status": "finished"})
    else:
        write_data(str(outcome.path))
