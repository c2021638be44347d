"""The trials of a sweep, and how each of them stands."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from dlrun.errors import DivergedError, DlrunError
from dlrun.execution.identity import Machine
from dlrun.rundir.files import read_text, write_text
from dlrun.rundir.folder import RunRow, list_runs, read_row
from dlrun.rundir.integrity import damaged_files, is_own, unknown_because
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.rundir.metrics import epochs_of
from dlrun.rundir.names import (
    CONFIG,
    LOCK,
    METRICS,
    OWNER,
    RECORD,
    TEMPORARY_PREFIX,
    TURN,
    WEIGHTS,
)
from dlrun.rundir.record import read_record, record_text
from dlrun.sweeps.processes import SIGNALLED, Ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dlrun.config import Experiment


Status = Literal[
    "waiting",  # to begin or to go on
    "elsewhere",  # another process works on it
    "running",
    "paused",  # by halving
    "finished",
    "failed",
    "interrupted",
    "killed",
]


@dataclass
class Trial:
    """A run of a sweep that is to be there in the end."""

    experiment: Experiment
    values: Mapping[str, Any]  # what tells it apart from the others, by key
    identity: str  # see `dlrun.execution.identity`
    others: Sequence[str] = ()  # its identities on other machines, where such may have trained it
    status: Status = "waiting"
    folder: Path | None = None  # None before there is one
    found: bool = False  # finished before this sweep was started
    reason: str | None = None  # why it failed, in one line
    epoch: int = 0  # completed epochs
    part: float = 0.0  # of the next one
    logs: Mapping[str, float] = field(default_factory=dict)  # of the last epoch
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)  # by split
    seconds: float = 0.0  # in this sweep
    started: datetime | None = None
    taken: float = 0.0  # seconds in all; 0 where that is not known
    sample: int | None = None  # its draw, where draws depend on what came before
    pauses: Sequence[int] = ()  # the epochs after which halving judges it
    hopeless: bool = False  # it failed so that it would fail again in the same way

    @property
    def epochs(self) -> int:
        """The epoch at which it ends."""
        return self.experiment.training.epochs

    def measured(self, key: str) -> float | None:
        """Give a final metric such as `test.accuracy`; None where it is not known or not finite."""
        split, _, metric = key.partition(".")
        return self.metrics.get(split, {}).get(metric)


PAUSED = "Paused "  # how the reason of a paused run begins
RANKS = ("finished", "running", "interrupted", "killed", "failed")
"""Of several runs of one identity the first by this order is taken, of equal ones the newest."""
_STRANGE = {
    "done": "not known as yours, but whole, and not trained again",
    "damaged": "not known as yours nor whole, and trained anew",
    "unfinished": "not known as yours, and trained anew unless you give --trust",
}


def find_trials(runs_dir: Path) -> list[RunRow]:
    """Find the runs of a folder, which may be missing, that have an identity; the newest first."""
    rows = list_runs(runs_dir)
    return [
        row for row in rows if isinstance(row.record.get("identity"), str) and row.status in RANKS
    ]


class TrialStore:
    """Tells trials how they stand, by the runs of a folder.

    Failed runs go on with `retry_failed`, and unfinished ones that are not known as the user's own
    with `trust`. With `halving` paused runs wait for their turn; else they go on. Where this
    process is `alone` on its trials, none of them can be at work on another machine.
    """

    def __init__(
        self,
        runs_dir: Path,
        *,
        retry_failed: bool,
        halving: bool,
        trust: bool,
        alone: bool = False,
    ) -> None:
        self._retry_failed = retry_failed
        self._halving = halving
        self._trust = trust
        self._alone = alone
        self._strange: dict[str, list[RunRow]] = {kind: [] for kind in _STRANGE}
        self.rows = find_trials(runs_dir)
        self.found: dict[str, list[RunRow]] = {}  # by identity
        for row in self.rows:
            self.found.setdefault(row.record["identity"], []).append(row)
        self.machines = _machines_of(self.rows)

    def find(self, trial: Trial) -> None:
        """Let a trial be what its run is, if there is one."""
        row = self._run_of(trial)
        if row is None:
            return
        trial.folder, trial.identity = row.path, row.record["identity"]
        self._resume(trial, row)
        trial.found = trial.status == "finished"

    def look_again(self, trial: Trial) -> None:
        """Bring a trial up to date on which another process works."""
        if trial.folder is not None:
            self._resume(trial, read_row(trial.folder))

    def collect(self, trial: Trial, ended: Ended) -> None:
        """Bring a trial up to date whose process has ended."""
        if trial.folder is not None and not os.path.lexists(trial.folder / RECORD):
            if trial.folder.exists() and is_stillborn(trial.folder):
                shutil.rmtree(trial.folder, ignore_errors=True)
            if not trial.folder.exists():
                trial.folder = None  # nothing could be trained, so nothing was left
        if trial.folder is None:
            by_signal = ended.code > SIGNALLED
            trial.status = "killed" if ended.code < 0 else "interrupted" if by_signal else "failed"
            why = "not started" if by_signal else _last_line(ended) or _cause(ended)
            trial.reason = _one_line(trial.reason or why)
            return
        row = read_row(trial.folder)
        refresh(trial, row)
        if row.status == "running":
            trial.status = "elsewhere"  # another process was quicker
        if row.status == "killed":
            trial.reason = f"{_cause(ended)}; {_last_line(ended)}".removesuffix("; ")

    def remarks(self) -> list[str]:
        """Say once which runs that were looked up are not known as the user's, in lines."""
        found, self._strange = self._strange, {kind: [] for kind in _STRANGE}
        return [
            f"{_are(len(rows), kind)} {_STRANGE[kind]}. "
            f"{unknown_because(rows[0].record.get('seal'))}"
            for kind, rows in found.items()
            if rows
        ]

    def _run_of(self, trial: Trial) -> RunRow | None:
        """The run of a trial that has come farthest; the user's own one of several.

        What a run is, its identity and its hashes tell: a finished one is done, whoever made it,
        for it is data alone. To go on with one is to do what its folder says.
        """
        several = (trial.identity, *trial.others)
        rows = [row for identity in several for row in self.found.get(identity, [])]
        own = {row.path: _is_own(row) for row in rows}
        ranked = sorted(rows, key=lambda row: (RANKS.index(row.status), not own[row.path]))
        for row in ranked:
            is_finished = row.status == "finished"
            if own[row.path] or (self._trust and not is_finished):
                return row
            if is_finished and _is_whole(row, trial):
                self._strange["done"].append(row)
                return row
        for row in ranked[:1]:
            kind = "damaged" if row.status == "finished" else "unfinished"
            self._strange[kind].append(row)
        return None

    def _resume(self, trial: Trial, row: RunRow) -> None:
        """Let a trial of an earlier sweep, or of another process, wait where it is to go on."""
        if self._alone and row.status == "running" and take_over(row.path):
            row = read_row(row.path)
        refresh(trial, row)
        if row.status == "running":
            trial.status = "elsewhere"
        elif (
            trial.status in ("interrupted", "killed")
            or (trial.status == "paused" and not self._halving)
            or (trial.status == "failed" and self._retry_failed and not trial.hopeless)
        ):
            trial.status = "waiting"


def _machines_of(rows: Sequence[RunRow]) -> list[Machine]:
    """The machines of a cluster on which runs were trained, as their records name them."""
    found: list[Machine] = []
    for row in rows:
        told = row.record.get("machine")
        with contextlib.suppress(TypeError):
            machine = Machine(**told) if isinstance(told, dict) else None
            if machine is not None and machine not in found:
                found.append(machine)
    return found


def refresh(trial: Trial, row: RunRow) -> None:
    """Bring a trial up to date with what its run folder says."""
    status = "paused" if is_paused(row) else row.status if row.status in RANKS else "failed"
    trial.status = cast("Status", status)
    trial.reason = None if trial.status == "finished" else _one_line(row.reason or "")
    trial.metrics = row.metrics
    trial.started = row.started
    trial.epoch = epochs_of(row.path)
    trial.taken = row.seconds or 0.0
    # It would fail again in the same way.
    diverged = row.record.get("exit_code") == DivergedError.exit_code
    trial.hopeless = trial.status == "failed" and diverged


def take_over(folder: Path) -> bool:
    """Close the record of a run that began on another machine, if nobody there holds its lock.

    Who reads one run believes what it says of another machine, for a lock may not reach so far. A
    sweep, or a share of it, is worked on by one process, and that is this one.
    """
    if lock_state(folder) != "free":
        return False
    with contextlib.suppress(DlrunError), holding_lock(folder):
        record = read_record(folder)
        if record["status"] == "running":
            why = f"Its process on {record.get('host')} is gone."
            closed = {**record, "status": "interrupted", "reason": why}
            write_text(folder / RECORD, record_text(closed))
        return True
    return False


def is_paused(row: RunRow) -> bool:
    """Say whether halving has paused a run."""
    return row.status == "interrupted" and (row.reason or "").startswith(PAUSED)


def is_stillborn(folder: Path) -> bool:
    """Say whether a run folder has no config yet: its process ended before it wrote it."""
    names = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
    return all(
        name in (LOCK, OWNER, TURN, RECORD) or name.startswith(TEMPORARY_PREFIX) for name in names
    )


def place_in_sweep(row: RunRow, base: str | None) -> Mapping[str, Any]:
    """Give `base`, `point` and `sample` of a run; nothing where its sweep has another base."""
    told = row.record.get("sweep")
    return told if isinstance(told, dict) and told.get("base") == base else {}


def _config_of(row: RunRow) -> str | None:
    try:
        return read_text(row.path / CONFIG)
    except DlrunError:
        return None


def _is_own(row: RunRow) -> bool:
    """Whether this user's dlrun made a run."""
    config = _config_of(row)
    return config is not None and is_own(config, row.record.get("seal"))


def _is_whole(row: RunRow, trial: Trial) -> bool:
    """Whether a finished run is what its identity claims: anybody can write down any."""
    hashes = row.record.get("files")
    has_all = isinstance(hashes, dict) and hashes.keys() >= {CONFIG, METRICS, WEIGHTS}
    is_same = _config_of(row) == trial.experiment.to_yaml()
    return is_same and has_all and not damaged_files(row.path, row.record)


def _are(count: int, kind: str) -> str:
    """Such as `2 finished runs are`."""
    word = "unfinished" if kind == "unfinished" else "finished"
    return f"1 {word} run is" if count == 1 else f"{count} {word} runs are"


def _cause(ended: Ended) -> str:
    if ended.code < 0:
        return f"killed by {signal.Signals(-ended.code).name}"
    return f"its process ended with exit code {ended.code}"


def _last_line(ended: Ended) -> str:
    return next((line for line in ended.last_words.splitlines()[::-1] if line.strip()), "").strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())
