"""`dlrun watch RUN|SWEEP`: follow from another terminal what is at work."""

from __future__ import annotations

import typer

from dlrun.cli.options import DEFAULT_RUNS_DIR, Run, RunsDir
from dlrun.cli.terminal.output import write_data, write_message


def watch(run: Run, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
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
            for row, epochs, logs in watch_run(folder):  # noqa: B007 - the last is told below
                if before is None:
                    listener.started(epochs=epochs, steps=1, first_epoch=len(logs))
                    for epoch, one in enumerate(logs, start=1):
                        listener.recalled(epoch=epoch, logs=one)
                if logs and len(logs) != before:
                    listener.progressed(epoch=len(logs), step=0, logs=logs[-1])
                before = len(logs)
            listener.finished()
        reason = row.reason or row.status
        is_told = reason.lower().startswith(row.status)  # `Interrupted by SIGINT.`
        write_message(reason if is_told else f"{row.status}: {reason}")
        is_well = row.status == "finished"
    write_data(str(folder))
    if not is_well:
        raise typer.Exit(1)
