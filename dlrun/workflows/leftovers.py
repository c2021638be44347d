"""Removes what a killed sweep leaves behind of runs that had not begun."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from dlrun.rundir.listing import run_paths
from dlrun.rundir.lock import lock_state
from dlrun.rundir.names import LOCK, RECORD, TEMPORARY_PREFIX

if TYPE_CHECKING:
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
