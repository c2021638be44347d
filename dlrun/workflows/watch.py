"""`dlrun watch RUN|SWEEP`: what a process elsewhere does, told by the files that it writes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from dlrun.config.stored import stored_config
from dlrun.errors import RunFolderError
from dlrun.rundir.extension import Extension
from dlrun.rundir.folder import RunRow, list_runs, read_row
from dlrun.rundir.lock import lock_state
from dlrun.rundir.metrics import read_history

_PAUSE = 0.5  # seconds between looks


class Look(NamedTuple):
    """What the files of a run say at a moment."""

    row: RunRow
    epochs: int  # that it is to train
    logs: list[dict[str, float]]  # of each completed epoch


def watch_run(path: Path) -> Iterator[Look]:
    """Look at a run again and again; the last look is after its end."""
    if Extension(path).is_training:
        path = Extension(path).path
    while True:
        # In this order: what is read after the end is whole.
        row = read_row(path)
        logs = _logs(path)
        epochs = stored_config(row).get("training.epochs") if row.record else None
        yield Look(row, epochs if isinstance(epochs, int) else len(logs), logs)
        if row.status != "running":
            return
        time.sleep(_PAUSE)


def watch_sweep(folder: Path, say: Callable[[str], None]) -> Counter[str]:
    """Say how many runs of a sweep stand how, whenever that changes, until nobody works on it."""
    before: Counter[str] = Counter()
    while True:
        is_open = is_worked_on(folder)
        now = Counter(row.status for row in list_runs(folder))
        if now != before:
            say(", ".join(f"{number} {status}" for status, number in sorted(now.items())))
        before = now
        if not is_open and not now["running"]:
            return now
        time.sleep(_PAUSE)


def is_worked_on(sweep: Path) -> bool:
    """Say whether a process works on a sweep, or on a share of it."""
    return any(lock_state(home) == "held" for home in [sweep, *sweep.glob(".shares/*")])


def _logs(path: Path) -> list[dict[str, float]]:
    """The logs of all epochs so far; none where the file is not there, or is not whole."""
    try:
        columns = read_history(path)
    except RunFolderError:
        return []
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
