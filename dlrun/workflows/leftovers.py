"""Removes what is left of a run that had not begun, because all was wrong."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from dlrun.errors import DataError, RunFolderError, UsageError
from dlrun.rundir import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def leaving_nothing(folder: Path) -> Iterator[None]:
    """Remove a new run folder where config, data or device are wrong and nothing was trained."""
    # A disk that fails, a signal, and whatever goes wrong later leave the folder, which says so.
    try:
        yield
    except (UsageError, DataError, RunFolderError):
        worth = (names.WEIGHTS, names.HISTORY, names.CHECKPOINT, names.NOTES)
        if not any(os.path.lexists(folder / name) for name in worth):
            shutil.rmtree(folder, ignore_errors=True)
        raise
