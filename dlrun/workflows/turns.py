"""Which process trains many runs in a folder: one at a time."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.rundir.listing import run_paths
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.sweeps.listener import SweepListener
from dlrun.workflows.standing import is_stillborn


@contextlib.contextmanager
def alone(sweep_dir: Path) -> Iterator[list[int]]:
    """Be the only process that works on a sweep, whose folder is made; refuse to be a second one.

    Gives the open files that no process of a run may keep: the lock must end with this process.
    """
    sweep_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(holding_lock(sweep_dir))
        except RunFolderError as error:
            what = "another process works on this sweep."
            raise RunFolderError(what, where=str(sweep_dir)) from error
        for path in run_paths(sweep_dir):
            if is_stillborn(path) and lock_state(path) != "held":
                shutil.rmtree(path, ignore_errors=True)
        descriptor = lock.fileno()
        yield [] if descriptor is None else [descriptor]


@contextlib.contextmanager
def in_turn(runs_dir: Path, listener: SweepListener) -> Iterator[list[int]]:
    """Be the only process that trains many runs in a folder; wait until others have ended.

    So the second of two equal commands finds the runs of the first. Gives the same as `alone`.
    """
    runs_dir.mkdir(parents=True, exist_ok=True)
    lock, is_told = None, False
    with contextlib.ExitStack() as stack:
        while lock is None:
            try:
                lock = stack.enter_context(holding_lock(runs_dir))
            except RunFolderError:
                if not is_told:
                    listener.message(f"waiting for another process that trains runs in {runs_dir}")
                is_told = True
        descriptor = lock.fileno()
        yield [] if descriptor is None else [descriptor]
