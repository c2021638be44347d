"""The runs of a folder and of its sweeps, each read again when its folder has changed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import compress
from pathlib import Path
from typing import Any, Final

from dlrun.errors import DlrunError, RunFolderError, UsageError
from dlrun.rundir.extension import Extension
from dlrun.rundir.files import read_bytes, read_json
from dlrun.rundir.folder import RunRow, is_run, read_row
from dlrun.rundir.metrics import MAX_BYTES
from dlrun.rundir.names import EXTENSION, HISTORY, SWEEP
from dlrun.rundir.trash import is_sweep
from dlrun.workflows.runs import RunFacts
from dlrun.workflows.watch import is_worked_on

_TICK: Final = 2.0
"""Seconds within which a file system may give two changes of a folder the same time."""
LEAST: Final = 100
"""So many are read at least: a page of a list."""
_SHARED: Final = ("versions", "environment", "packages")
"""What thousands of records say alike: it is kept once."""


@dataclass(eq=False)
class KnownRun:
    """A run as it was when its folder was read."""

    path: Path
    sweep: str | None  # the name of the sweep that it belongs to
    facts: RunFacts
    stamp: int | None  # the time of its folder's last change; None: to be read again
    epochs: int | None = None  # completed ones of a run at work
    is_extended: bool = False  # whether a longer training of it was begun
    read_at: float = field(default_factory=time.monotonic)

    @property
    def is_at_work(self) -> bool:
        """Whether a process trains it at this moment."""
        return self.facts.row.status == "running" or self.facts.row.is_extending

    @property
    def may_change(self) -> bool:
        """Whether it may change without a change of its folder: by locks, and in an extension."""
        return self.stamp is None or self.is_at_work or self.is_extended


@dataclass(frozen=True)
class KnownSweep:
    """A sweep by what it was asked for."""

    path: Path
    trials: int | None  # so many runs it will have; None where they are drawn one by one
    is_at_work: bool


@dataclass(frozen=True)
class _Children:
    """The folders in a folder, as they were listed."""

    stamp: int | None
    runs: list[tuple[str, Path]]  # with their names in the index
    others: list[Path]


class RunIndex:
    """Knows the runs of a folder by their paths in it, the newest first."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.version = 0  # changes with whatever it knows
        self.unread = 0  # folders that were not read yet
        self.sweeps: dict[str, KnownSweep] = {}
        self._runs: dict[str, KnownRun] = {}
        self._listed: dict[Path, _Children] = {}
        self._defined: dict[Path, tuple[int | None, int | None]] = {}
        self._shared: dict[str, Any] = {}

    def runs(self) -> list[KnownRun]:
        """Give what is known, the newest first, as lists of runs have it."""

        def age(one: KnownRun) -> tuple[float, str]:
            started = one.facts.row.started
            return (started.timestamp() if started else float("-inf"), one.path.name)

        return sorted(self._runs.values(), key=age, reverse=True)

    def name_of(self, path: Path) -> str:
        """Name a folder by its path in the folder of the runs: `rates/20261120-231455_a_7k2q`."""
        return path.relative_to(self.home).as_posix()

    def run(self, name: str) -> KnownRun:
        """Find a run by its path in the folder of the runs; nothing but a known one is found."""
        if name not in self._runs:
            raise UsageError(f"there is no run '{name}' any more.")
        return self._runs[name]

    def forget(self, name: str) -> None:
        """Read a run again at the next occasion."""
        self._runs[name].stamp = None

    def refresh(self, seconds: float) -> None:
        """Look for what has changed, and read it for so many seconds, new runs first.

        What does not fit into the time comes the next time, but for some: `unread` tells of how
        many nothing is known so far.
        """
        found = dict(self._folders())
        for name in self._runs.keys() - found.keys():
            del self._runs[name]
            self.version += 1
        stale = sorted(self._stale(found), key=self._urgency, reverse=True)
        until = time.monotonic() + seconds  # to list thousands takes its own time
        for at, name in enumerate(stale):
            if at >= LEAST and time.monotonic() > until:
                break
            self._read(name, *found[name])
        self.unread = len(found) - len(self._runs)

    def _folders(self) -> Iterator[tuple[str, tuple[Path, str | None]]]:
        """Find the folders of runs, with the sweep that they belong to; links are left out."""
        sweeps = {}
        inside = self._children(self.home)
        yield from ((name, (path, None)) for name, path in inside.runs)
        for path in inside.others:
            if is_run(path):  # its record came later
                yield self.name_of(path), (path, None)
            elif is_sweep(path):
                sweeps[path.name] = KnownSweep(path, self._trials(path), is_worked_on(path))
                of_it = self._children(path)
                more = [(self.name_of(one), one) for one in of_it.others if is_run(one)]
                yield from ((name, (run, path.name)) for name, run in [*of_it.runs, *more])
        if sweeps != self.sweeps:
            self.sweeps = sweeps
            self.version += 1

    def _children(self, path: Path) -> _Children:
        """List the folders in a folder, again only where one came or went."""
        stamp = _stamp(path)
        known = self._listed.get(path)
        if known is None or stamp is None or stamp != known.stamp:
            try:
                with os.scandir(path) as entries:
                    found = [
                        Path(one.path)
                        for one in entries
                        if not one.name.startswith(".") and one.is_dir(follow_symlinks=False)
                    ]
            except OSError:
                found = []
            are_runs = list(map(is_run, found))
            runs = [(self.name_of(one), one) for one in compress(found, are_runs)]
            others = [one for one, is_one in zip(found, are_runs, strict=True) if not is_one]
            known = self._listed[path] = _Children(stamp, runs, others)
        return known

    def _trials(self, sweep: Path) -> int | None:
        """Count what a sweep was asked to try."""
        stamp = _stamp(sweep / SWEEP)
        before, trials = self._defined.get(sweep, (None, None))
        if stamp is None or stamp != before:
            trials = None
            with contextlib.suppress(RunFolderError):
                points = read_json(sweep / SWEEP).get("points")
                trials = len(points) if isinstance(points, list) else None
            self._defined[sweep] = stamp, trials
        return trials

    def _stale(self, found: Mapping[str, tuple[Path, str | None]]) -> Iterator[str]:
        for name, (path, _) in found.items():
            known = self._runs.get(name)
            if known is None or known.may_change or known.stamp != _stamp(path):
                yield name

    def _urgency(self, name: str) -> tuple[bool, float, str]:
        """New runs are read first, the newest of them; then what was read longest ago."""
        known = self._runs.get(name)
        return (known is None, -known.read_at if known else 0.0, name.rpartition("/")[2])

    def _read(self, name: str, path: Path, sweep: str | None) -> None:
        stamp = _stamp(path)  # before the files: what changes meanwhile is read again
        row = self._sharing(read_row(path))
        before = self._runs.get(name)
        now = KnownRun(path, sweep, RunFacts(row, datetime.now(UTC)), stamp)
        now.is_extended = os.path.lexists(path / EXTENSION)
        if now.is_at_work:
            now.epochs = _completed_epochs(path)
        self._runs[name] = now
        if before is None or not _is_same(before, now):
            self.version += 1
        elif before.facts.row.record == row.record:
            now.facts = before.facts  # it may have parsed a config

    def _sharing(self, row: RunRow) -> RunRow:
        """Keep once what records say alike."""
        record = dict(row.record)
        for key in _SHARED:
            if key in record:
                record[key] = self._shared.setdefault(f"{key}{record[key]!r}", record[key])
        return replace(row, record=record)


def _is_same(before: KnownRun, now: KnownRun) -> bool:
    a, b = before.facts.row, now.facts.row
    rest_is_same = (a.record, a.metrics, before.epochs) == (b.record, b.metrics, now.epochs)
    return a == b and rest_is_same


def _stamp(path: Path) -> int | None:
    """Give the time of the last change, in ns; None where the next one may have the same."""
    try:
        changed = os.stat(path, follow_symlinks=False).st_mtime_ns  # noqa: PTH116 - thousands
    except OSError:
        return None
    return changed if changed / 1e9 < time.time() - _TICK else None


def _completed_epochs(run: Path) -> int | None:
    """Read how far a run at work has come, of the last whole line of its history."""
    with contextlib.suppress(DlrunError, ValueError):
        text = read_bytes(history_home(run) / HISTORY, MAX_BYTES)
        last = text[: text.rfind(b"\n")].rpartition(b"\n")[2]
        return 0 if last.startswith(b"epoch") else int(last.partition(b",")[0])
    return None


def history_home(run: Path) -> Path:
    """Give the folder that holds the curves of a run: its extension's while that is trained."""
    extension = Extension(run)
    return extension.path if extension.is_training else run


def of_sweep(runs: Iterable[KnownRun], sweep: str | None) -> list[KnownRun]:
    """Choose the runs of a sweep; those of none for an empty name, all for None."""
    return [one for one in runs if sweep is None or (one.sweep or "") == sweep]
