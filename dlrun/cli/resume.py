"""`dlrun resume RUN`: go on with a run; stdout gets its path, as that of `train` does."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.options import option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data, write_json
from dlrun.cli.train import show_outcome
from dlrun.execution.cluster import read_cluster
from dlrun.execution.options import RunOptions

Epochs = Annotated[
    int | None, option("--epochs", "Train to this epoch: goes on with a finished run.", min=0)
]


def resume(
    context: typer.Context,
    run: options.Run,
    *,
    epochs: Epochs = None,
    track: options.Track = None,
    device: options.Device = "auto",
    devices: options.Devices = None,
    hosts: options.Hosts = None,
    host: options.Host = None,
    report: options.WithReport = True,
    trust: options.Trust = False,
    runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Go on with a run that was stopped, to the very same bits.

    It may have been interrupted, have failed or have been killed; `--epochs` extends a
    finished one.
    """
    options.check_device(device)
    cluster = read_cluster(devices, hosts, host, os.environ)
    show_activity(f"opening {run} ...", quiet=quiet)
    from dlrun.cli.terminal.progress import listening
    from dlrun.execution.run import TrainOutcome
    from dlrun.rundir.folder import open_run
    from dlrun.workflows import resume as workflow

    asked = RunOptions(runs_dir, context.obj, device, None, report, cluster=cluster)
    with listening(quiet=quiet) as listener:
        opened = open_run(run, runs_dir)
        others = options.as_overrides(trackers=track)
        outcome = workflow.resume(
            opened, asked, listener, epochs=epochs, others=others, trust=trust
        )
    if not cluster.is_chief:
        return
    if isinstance(outcome, TrainOutcome):
        show_outcome(outcome, quiet=quiet, as_json=as_json)
    elif as_json:
        write_json({"run": outcome.path, "status": "finished"})
    else:
        write_data(str(outcome.path))
