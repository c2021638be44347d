"""`dlrun verify`: is every file of a run still the one that the run wrote?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlrun.rundir.checkpoints import checkpoint_problems
from dlrun.rundir.evaluations import evaluation_problems
from dlrun.rundir.extension import has_extension
from dlrun.rundir.folder import RunFolder, open_run
from dlrun.rundir.integrity import damaged_files

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        folder: The run folder.
        files: How many files have a hash, checkpoints and evaluations included.
        problems: What is wrong, one line for each file.
        complete: Whether the run has ended, and so has written its hashes down.
        extension: Whether a longer training of it was begun, which is not looked at.
    """

    folder: RunFolder
    files: int
    problems: list[str]
    complete: bool
    extension: bool


def verify(reference: str, *, runs_dir: Path) -> Verification:
    """Hold every file of a run against its hash.

    Args:
        reference: A run folder, a part of its name, or `latest`.
        runs_dir: Where the runs are.

    Raises:
        RunFolderError: There is no such run, or its `run.json` is damaged.
    """
    folder = open_run(reference, runs_dir)
    record = folder.read_record()
    hashes = record.get("files")
    checkpoints, broken = checkpoint_problems(folder.path)
    evaluations, changed = evaluation_problems(folder.path)
    return Verification(
        folder,
        files=1 + checkpoints + evaluations + (len(hashes) if isinstance(hashes, dict) else 0),
        problems=damaged_files(folder.path, record) + broken + changed,
        complete=isinstance(hashes, dict),
        extension=has_extension(folder.path),
    )
