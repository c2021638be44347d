"""Which process trains many runs in a folder: one at a time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dlrun.errors import RunFolderError
from dlrun.rundir.lock import holding_lock
from dlrun.workflows.leftovers import remove_stillborn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dlrun.sweeps.listener import SweepListener


@contextlib.contextmanager
def alone(sweep_dir: Path) -> Iterator[list[int]]:
    """Be the only process that works on a sweep.

    Args:
        sweep_dir: The folder of its runs; it is made if it is missing.

    Yields:
        The open files that no process of a run may keep: the lock must end with this process.

    Raises:
        RunFolderError: Another process works on it.
    """
    sweep_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(holding_lock(sweep_dir))
        except RunFolderError as error:
            what = "another process works on this sweep."
            raise RunFolderError(what, where=str(sweep_dir)) from error
        remove_stillborn(sweep_dir)
        descriptor = lock.fileno()
        yield [] if descriptor is None else [descriptor]


@contextlib.contextmanager
def in_turn(runs_dir: Path, listener: SweepListener) -> Iterator[list[int]]:
    """Be the only process that trains many runs in a folder; wait until others have ended.

    So the second of two equal commands finds the runs of the first.

    Args:
        runs_dir: The folder; it is made if it is missing.
        listener: Who is told of the waiting.

    Yields:
        See `alone`.
    """
    runs_dir.mkdir(parents=True, exist_ok=True)
    is_told = False
    while True:
        with contextlib.ExitStack() as stack:
            try:
                lock = stack.enter_context(holding_lock(runs_dir))
            except RunFolderError:
                if not is_told:
                    is_told = True
                    listener.message(f"waiting for another process that trains runs in {runs_dir}")
                continue
            descriptor = lock.fileno()
            yield [] if descriptor is None else [descriptor]
            return
