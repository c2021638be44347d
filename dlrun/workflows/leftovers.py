"""Removes what is left of runs that had not begun: by a killed sweep, or because all was wrong."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from dlrun.errors import DataError, RunFolderError, UsageError
from dlrun.rundir.listing import run_paths
from dlrun.rundir.lock import lock_state
from dlrun.rundir.names import (
    CHECKPOINT,
    HISTORY,
    LOCK,
    NOTES,
    RECORD,
    TEMPORARY_PREFIX,
    WEIGHTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def remove_stillborn(sweep_dir: Path) -> None:
    """Remove run folders without a config: their processes were killed before they wrote it.

    Args:
        sweep_dir: The folder of the runs of a sweep, on which no other process works.
    """
    for path in run_paths(sweep_dir):
        names = os.listdir(path)  # noqa: PTH208 - names are all that is needed
        is_nothing = all(
            name in (LOCK, RECORD) or name.startswith(TEMPORARY_PREFIX) for name in names
        )
        if is_nothing and lock_state(path) != "held":
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def leaving_nothing(folder: Path) -> Iterator[None]:
    """Remove a new run folder where config, data or device are wrong and nothing was trained.

    A disk that fails, a signal, and whatever goes wrong later leave the folder, which says so.

    Args:
        folder: The run folder.
    """
    try:
        yield
    except (UsageError, DataError, RunFolderError):
        worth = (WEIGHTS, HISTORY, CHECKPOINT, NOTES)
        if not any(os.path.lexists(folder / name) for name in worth):
            shutil.rmtree(folder, ignore_errors=True)
        raise
