"""`dlrun reproduce RUN`: train a run again and say whether every bit came out the same."""

from __future__ import annotations

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, DataNow, Quiet, Run, RunsDir, Trust
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data, write_json
from dlrun.wording import count

EXIT_DIFFERENT = 6  # something came out otherwise


def reproduce(
    context: typer.Context,
    run: Run,
    *,
    data: DataNow = None,
    trust: Trust = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train a finished run again and compare it bit by bit.

    Nothing but the run folder is needed, and the data that it names. Ends with exit code 6
    where it comes out otherwise.
    """
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import reproduce as workflow

    with listening(quiet=quiet) as listener:
        found = workflow.reproduce(
            open_run(run, runs_dir),
            trust=trust,
            command=context.obj,
            listener=listener,
            data=data,
        )
    if as_json:
        facts = {"epochs": found.epochs, "difference": found.difference, "reasons": found.reasons}
        write_json({"run": found.run.path, "identical": found.difference is None, **facts})
    elif found.difference is None:
        epochs = count(found.epochs, "epoch")
        write_data(f"identical: data, initial weights, {epochs}, final weights")
    else:
        write_data(f"different: {found.difference}")
        for reason in found.reasons or ["nothing that is recorded explains it"]:
            write_data(f"  {reason}")
    if found.difference is not None:
        raise typer.Exit(EXIT_DIFFERENT)
