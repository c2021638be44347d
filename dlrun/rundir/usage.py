"""How many bytes runs and sweeps take on the disk, of them checkpoints."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlrun.rundir.folder import run_paths
from dlrun.rundir.names import CHECKPOINT, SWEEP, TRASH
from dlrun.rundir.trash import find_folders, in_trash, kind_of


@dataclass(frozen=True)
class Usage:
    """What a folder takes."""

    path: Path
    kind: str  # `run`, `sweep` or `trash`
    size: int  # bytes
    checkpoints: int  # bytes of it that only `dlrun resume` needs


def usage(references: Sequence[str], runs_dir: Path) -> list[Usage]:
    """Measure runs and sweeps, all of a folder and its trash where none is named; largest first."""
    if references:
        found = [_usage(path, kind_of(path)) for path in find_folders(references, runs_dir)]
    else:
        sweeps = sorted(path.parent for path in runs_dir.glob(f"*/{SWEEP}"))
        found = [_usage(path, kind_of(path)) for path in [*run_paths(runs_dir), *sweeps]]
        if in_trash(runs_dir):
            found.append(_usage(runs_dir / TRASH, "trash"))
    return sorted(found, key=lambda one: -one.size)


def size_of(folder: Path, *, below: str | None = None) -> int:
    """Add up the bytes of all files in a folder, or of those below folders of a name in it.

    Links are not followed.
    """
    total = 0
    for home, _, names in os.walk(folder):
        if below is not None and below not in Path(home).relative_to(folder).parts:
            continue
        for name in names:
            try:
                total += os.lstat(os.path.join(home, name)).st_size  # noqa: PTH118 - fast
            except FileNotFoundError:
                continue  # a run at work replaces its files
    return total


def _usage(path: Path, kind: str) -> Usage:
    return Usage(path, kind, size_of(path), size_of(path, below=CHECKPOINT))
