"""All runs of a folder, read so that no damaged run stops the reading: it is labelled instead."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.environment import host_facts
from dlrun.rundir.extension import Extension
from dlrun.rundir.files import reason
from dlrun.rundir.lock import lock_state
from dlrun.rundir.metrics import finite_number, main_metric, read_metrics
from dlrun.rundir.names import RECORD
from dlrun.rundir.notes import NOTHING, Notes, read_notes
from dlrun.rundir.record import read_record, started

_RUN_NAME = re.compile(r"(\d{8}-\d{6})_.+_[a-z2-7]{4}")


@dataclass(frozen=True)
class RunRow:
    """One run as a list of runs shows it; what nothing tells is None."""

    path: Path
    # `running`, `finished`, `interrupted`, `failed`; `killed` where `running` stands in the record
    # of a process that is gone; `damaged` where the folder cannot be read.
    status: str
    started: datetime | None = None
    seconds: float | None = None
    metric: str | None = None  # the split and the name of the main metric: `test accuracy`
    value: float | None = None
    reason: str | None = None  # why it failed or what is damaged, in one line
    notes: Notes = NOTHING
    record: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    metrics: Mapping[str, Mapping[str, float | None]] = field(
        default_factory=dict, repr=False, compare=False
    )
    is_extending: bool = False  # whether a process trains it longer at this moment

    @property
    def name(self) -> str:
        """The name of the run folder."""
        return self.path.name


def list_runs(runs_dir: Path) -> list[RunRow]:
    """Read all runs of a folder, the newest first; a missing folder holds none."""
    rows = [read_row(path) for path in run_paths(runs_dir)]
    return sorted(rows, key=_age_order, reverse=True)


def run_paths(runs_dir: Path) -> list[Path]:
    """Find the folders that hold a record or are named like a run, sorted by name.

    Symbolic links are left out: what they lead to is listed in its own place.
    """
    try:
        with os.scandir(runs_dir) as entries:
            folders = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        what = f"cannot be listed: {reason(error)}."
        raise RunFolderError(what, where=str(runs_dir)) from error
    return sorted(filter(is_run, folders), key=os.fspath)


def is_run(path: Path) -> bool:
    """Say whether a folder holds a record or is named like a run."""
    return _RUN_NAME.fullmatch(path.name) is not None or os.path.lexists(path / RECORD)


def read_row(path: Path) -> RunRow:
    """Read what a list shows of a run; never fails."""
    notes, damage = NOTHING, None
    try:
        notes = read_notes(path)
    except RunFolderError as error:
        damage = str(error)
    # What cannot be moved to its place now is read where it is next time.
    extension, is_extended = Extension(path), False
    with contextlib.suppress(DlrunError):
        is_extended = extension.settle()
    try:
        record = read_record(path)
        metrics = read_metrics(path)
    except RunFolderError as error:
        return RunRow(path, "damaged", _time_of_name(path), reason=str(error), notes=notes)
    why = record.get("reason") or damage
    main = main_metric(metrics)
    return RunRow(
        path,
        status_of(path, record),
        started(record),
        finite_number(record.get("seconds")),
        " ".join(main) if main else None,
        metrics[main[0]].get(main[1]) if main else None,
        str(why) if why is not None else None,
        notes,
        record,
        metrics,
        is_extended and extension.is_training,
    )


def status_of(path: Path, record: Mapping[str, Any]) -> str:
    """Say how a run stands by its record, and by whether the process that it tells of is there."""
    status = str(record["status"])
    return "killed" if status == "running" and not is_alive(path, record) else status


def is_alive(path: Path, record: Mapping[str, Any]) -> bool:
    """Say whether the process of a run whose record says `running` may still be there.

    The kernel's lock tells it. Where there is none, the number of the process tells it, on its own
    machine; a run on another machine is believed.
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
