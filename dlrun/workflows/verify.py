"""`dlrun verify`: is every file of a run still the one that the run wrote?"""

from __future__ import annotations

from dataclasses import dataclass

from dlrun.errors import RunFolderError
from dlrun.rundir.checkpoints import checkpoint_problems
from dlrun.rundir.evaluations import evaluation_problems
from dlrun.rundir.extension import Extension
from dlrun.rundir.folder import Run
from dlrun.rundir.integrity import damaged_files, is_signed, recorded_files
from dlrun.rundir.names import RECORD


@dataclass(frozen=True)
class Verification:
    """What was found."""

    run: Run
    files: int  # those that have a hash, checkpoints and evaluations included
    problems: list[str]  # a line for each file
    complete: bool  # whether the run has ended, and so has written its hashes down
    extension: bool  # whether a longer training of it was begun, which is not looked at


def verify(run: Run) -> Verification:
    """Hold every file of a run against its hash."""
    if not is_signed(run.record):
        what = "is not what the run saved: damaged or changed."
        raise RunFolderError(what, where=str(run.file(RECORD)))
    checkpoints, broken = checkpoint_problems(run.path)
    evaluations, changed = evaluation_problems(run.path)
    return Verification(
        run,
        files=1 + checkpoints + evaluations + len(recorded_files(run.record)),
        problems=damaged_files(run.path, run.record) + broken + changed,
        complete=isinstance(run.record.get("files"), dict),
        extension=Extension(run.path).is_begun,
    )
