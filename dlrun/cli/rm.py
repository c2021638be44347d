"""`dlrun rm RUN...`: take runs and sweeps away, so that they can be brought back."""

from __future__ import annotations

from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Quiet, RunsDir, SomeRuns, Where
from dlrun.cli.terminal.output import write_data, write_json, write_message
from dlrun.errors import UsageError
from dlrun.wording import count


def rm(
    runs: SomeRuns = None,
    *,
    where: Where = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Move runs, or whole sweeps, into the trash; never one that is at work."""
    from dlrun.rundir.trash import find_folders, move_to_trash

    if not runs and where is None:
        raise UsageError("which runs?", fix="Name some, or give --where CONDITION.")
    folders = find_folders(runs or (), runs_dir)
    if where is not None:
        from dlrun.workflows.runs import choose_runs

        folders += [found.row.path for found in choose_runs(runs_dir, where=where)]
    moved = move_to_trash(list(dict.fromkeys(folders)))
    if as_json:
        write_json(moved)
        return
    for path in moved:
        write_data(str(path))
    if not quiet:
        told = f"{count(len(moved), 'folder')} moved into the trash"
        again = (
            "`dlrun restore NAME` brings one back, `dlrun restore --empty` removes them for good"
        )
        write_message(f"{told}; {again}" if moved else "There is no such run.")
