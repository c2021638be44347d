"""All runs of a folder, read so that no damaged run stops the reading: it is labelled instead."""

from __future__ import annotations

import contextlib
import math
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.environment import host_facts
from dlrun.rundir.extension import settle
from dlrun.rundir.files import reason
from dlrun.rundir.lock import lock_state
from dlrun.rundir.metrics import finite_number, main_metric, read_metrics
from dlrun.rundir.names import RECORD
from dlrun.rundir.notes import NOTHING, Notes, read_notes
from dlrun.rundir.record import read_record, started

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUN_NAME = re.compile(r"(\d{8}-\d{6})_.+_[a-z2-7]{4}")


@dataclass(frozen=True)
class RunRow:
    """One run as a list of runs shows it.

    Attributes:
        path: The run folder.
        status: `running`, `finished`, `interrupted`, `failed`; `killed` where `running` stands in
            the record of a process that is gone; `damaged` where the folder cannot be read.
        started: When the run was started; None where nothing tells.
        seconds: How long it took; None while it is running and where nothing tells.
        metric: The split and the name of the main metric, such as `test accuracy`, or None.
        value: Its value, or None.
        reason: Why it failed or what is damaged, in one line, or None.
        notes: The labels and the note that the user gave it.
        record: What `run.json` says; empty where it cannot be read.
        metrics: The metrics by split, see `dlrun.rundir.metrics`.
    """

    path: Path
    status: str
    started: datetime | None = None
    seconds: float | None = None
    metric: str | None = None
    value: float | None = None
    reason: str | None = None
    notes: Notes = NOTHING
    record: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    metrics: Mapping[str, Mapping[str, float | None]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        """The name of the run folder."""
        return self.path.name


def list_runs(runs_dir: Path) -> list[RunRow]:
    """Read all runs of a folder.

    Args:
        runs_dir: The folder that holds the run folders; a missing one holds none.

    Returns:
        One row per run, the newest first.

    Raises:
        RunFolderError: The folder itself cannot be read.
    """
    rows = [read_row(path) for path in run_paths(runs_dir)]
    return sorted(rows, key=_age_order, reverse=True)


def run_paths(runs_dir: Path) -> list[Path]:
    """Find the run folders in a folder: those that hold a record or are named like a run.

    Args:
        runs_dir: The folder that holds the run folders; a missing one holds none.

    Returns:
        Their paths, sorted by name. Symbolic links are left out: what they lead to is listed in
        its own place.

    Raises:
        RunFolderError: The folder cannot be read.
    """
    try:
        with os.scandir(runs_dir) as entries:
            folders = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        what = f"cannot be listed: {reason(error)}."
        raise RunFolderError(what, where=str(runs_dir)) from error
    return sorted(path for path in folders if is_run(path))


def is_run(path: Path) -> bool:
    """Say whether a folder looks like a run.

    Args:
        path: The folder.

    Returns:
        True where it holds a record or is named like a run.
    """
    return _RUN_NAME.fullmatch(path.name) is not None or os.path.lexists(path / RECORD)


def read_row(path: Path) -> RunRow:
    """Read what a list shows of a run; never fails.

    Args:
        path: The run folder.

    Returns:
        The row.
    """
    notes, damage = _notes(path)
    # What cannot be moved to its place now is read where it is next time.
    with contextlib.suppress(DlrunError):
        settle(path)
    try:
        record = read_record(path)
        metrics = read_metrics(path)
    except RunFolderError as error:
        return RunRow(path, "damaged", _time_of_name(path), reason=str(error), notes=notes)
    status = record["status"]
    why = record.get("reason") or damage
    main = main_metric(metrics)
    return RunRow(
        path,
        "killed" if status == "running" and not is_alive(path, record) else status,
        started(record),
        finite_number(record.get("seconds")),
        " ".join(main) if main else None,
        metrics[main[0]].get(main[1]) if main else None,
        str(why) if why is not None else None,
        notes,
        record,
        metrics,
    )


def _notes(path: Path) -> tuple[Notes, str | None]:
    """What the user said of a run, and what is wrong with the file that holds it."""
    try:
        return read_notes(path), None
    except RunFolderError as error:
        return NOTHING, str(error)


def is_alive(path: Path, record: Mapping[str, Any]) -> bool:
    """Say whether the process of a run whose record says `running` is still there.

    The kernel's lock tells it. Where there is none, the number of the process tells it, on its own
    machine; a run on another machine is believed.

    Args:
        path: The run folder.
        record: What its `run.json` holds.

    Returns:
        False only where the process is known to be gone.
    """
    state = lock_state(path)
    if state == "held":
        return True
    here = host_facts()
    same_kernel = here["boot"] is not None and record.get("boot") == here["boot"]
    if not same_kernel and record.get("host") != here["host"]:
        return True
    if state == "free" or not same_kernel:
        return False
    return _process_exists(record.get("pid"))


def _process_exists(pid: object) -> bool:
    """Ask the kernel for a process by its number."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _time_of_name(path: Path) -> datetime | None:
    """The local time that a run's name begins with."""
    named = _RUN_NAME.fullmatch(path.name)
    if named is None:
        return None
    try:
        return datetime.strptime(named[1], "%Y%m%d-%H%M%S").astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _age_order(row: RunRow) -> tuple[float, str]:
    """Later runs are larger; runs without any time are the smallest."""
    return (row.started.timestamp() if row.started else -math.inf, row.name)
