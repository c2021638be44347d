"""`dlrun watch RUN|SWEEP`: follow from another terminal what is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from dlrun.cli import options
from dlrun.cli.terminal.output import write_data, write_message
from dlrun.rundir.folder import Run

if TYPE_CHECKING:
    from dlrun.workflows.watch import Look


def watch(run: options.Run, *, runs_dir: options.RunsDir = options.DEFAULT_RUNS_DIR) -> None:
    """Follow a run, or a sweep, that another process works on, until it has ended."""
    from dlrun.cli.terminal.progress import listening
    from dlrun.rundir.trash import find_folders, is_sweep
    from dlrun.workflows.watch import watch_run, watch_sweep

    (folder,) = find_folders([run], runs_dir)
    if is_sweep(folder):
        statuses = watch_sweep(folder, write_message)
        is_well = set(statuses) <= {"finished"}
    else:
        before = None  # so many epochs were told; None at the first look
        with listening(quiet=False) as listener:
            for look in watch_run(folder):
                epochs, logs = look.epochs, look.logs
                if before is None:
                    listener.started(epochs=epochs, steps=1, first_epoch=len(logs))
                    for epoch, one in enumerate(logs, start=1):
                        listener.recalled(epoch=epoch, logs=one)
                if logs and len(logs) != before:
                    listener.progressed(epoch=len(logs), step=0, logs=logs[-1])
                before = len(logs)
            listener.finished()
        write_message(_how_it_ended(look))
        is_well = look.row.status == "finished"
    write_data(str(folder))
    if not is_well:
        raise typer.Exit(1)


def _how_it_ended(look: Look) -> str:
    """Say of the run how it ended, for `Interrupted by SIGINT.` alone would be said of `watch`."""
    row = look.row
    if row.status == "damaged":
        return f"the run is damaged: {row.reason}"
    early = Run(row.path).ended_early(look.epochs)
    return "finished" if early is None else f"the run {early}"
