"""`dlrun rename RUN NAME`: call a run otherwise."""

from __future__ import annotations

from typing import Annotated

from dlrun.cli.options import DEFAULT_RUNS_DIR, Run, RunsDir, argument
from dlrun.cli.terminal.output import write_data, write_message
from dlrun.wording import quote

NewName = Annotated[
    str, argument("NAME", "Its new name; the time of its start and its letters stay around it.")
]


def rename(run: Run, name: NewName, *, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Give the folder of a run another name, and print its path."""
    from dlrun.rundir.folder import open_run, safe_name
    from dlrun.rundir.trash import rename as move

    if (written := safe_name(name)) != "_".join(name.split()):
        write_message(f"{quote(name)} is written as {written}, so that every system takes the name")
    write_data(str(move(open_run(run, runs_dir).path, name)))
