"""How the runs of a sweep stand: run folders are the only truth, and are looked up by identity."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from dlrun.errors import DivergedError, DlrunError
from dlrun.rundir.files import read_text
from dlrun.rundir.history import history_text
from dlrun.rundir.integrity import damaged_files
from dlrun.rundir.listing import list_runs, read_row
from dlrun.rundir.names import CONFIG, METRICS, WEIGHTS
from dlrun.rundir.seal import is_own, unknown_because

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dlrun.rundir.listing import RunRow
    from dlrun.sweeps.jobs import Job, Status
    from dlrun.sweeps.processes import Ended

PAUSED = "Paused "
"""How the reason of a paused run begins."""
_SIGNALLED = 128
"""Above it an exit code tells of a signal."""
RANKS = ("finished", "running", "interrupted", "killed", "failed")
"""Of several runs of one identity the first by this order is taken, of equal ones the newest."""


class Standing:
    """The runs that are in a folder.

    Args:
        runs_dir: The folder; it may be missing.
        retry_failed: Whether failed runs are to go on.
        trust: Whether unfinished runs that are not known as the user's own go on.
        halving: Whether paused runs wait for their turn; else they go on.
    """

    def __init__(self, runs_dir: Path, *, retry_failed: bool, halving: bool, trust: bool) -> None:
        self._retry_failed = retry_failed
        self._halving = halving
        self._trust = trust
        self._strange: dict[str, list[RunRow]] = {"done": [], "damaged": [], "unfinished": []}
        self.rows: dict[str, list[RunRow]] = {}
        for row in list_runs(runs_dir):
            identity = row.record.get("identity")
            if isinstance(identity, str) and row.status in RANKS:
                self.rows.setdefault(identity, []).append(row)

    def look_up(self, job: Job) -> None:
        """Find the run of a job, if there is one, and tell how it stands.

        Args:
            job: What is looked for, changed in place.
        """
        row = self._of(job)
        if row is None:
            return
        job.folder = row.path
        self._tell(job, row)
        job.found = job.status == "finished"

    def remarks(self) -> list[str]:
        """Say once which runs that were looked up are not known as the user's, in lines."""
        found, self._strange = self._strange, {"done": [], "damaged": [], "unfinished": []}
        said = {
            "done": "not known as yours, but whole, and not trained again",
            "damaged": "not known as yours nor whole, and trained anew",
            "unfinished": "not known as yours, and trained anew unless you give --trust",
        }
        return [
            f"{_are(len(rows), kind)} {said[kind]}. {unknown_because(rows[0].record.get('seal'))}"
            for kind, rows in found.items()
            if rows
        ]

    def _of(self, job: Job) -> RunRow | None:
        """The run of a job that has come farthest; the user's own one of several.

        What a run is, its identity and its hashes tell: a finished one is done, whoever made it,
        for it is data alone. To go on with one is to do what its folder says.
        """
        rows = self.rows.get(job.identity, [])
        own = {row.path: _is_own(row) for row in rows}
        ranked = sorted(rows, key=lambda row: (RANKS.index(row.status), not own[row.path]))
        for row in ranked:
            is_finished = row.status == "finished"
            if own[row.path] or (self._trust and not is_finished):
                return row
            if is_finished and _is_whole(row, job):
                self._strange["done"].append(row)
                return row
        for row in ranked[:1]:
            kind = "damaged" if row.status == "finished" else "unfinished"
            self._strange[kind].append(row)
        return None

    def look_again(self, job: Job) -> None:
        """Tell how a run stands on which another process works.

        Args:
            job: The run, changed in place.
        """
        if job.folder is not None:
            self._tell(job, read_row(job.folder))

    def collect(self, job: Job, ended: Ended) -> None:
        """Tell how a run stands whose process has ended.

        Args:
            job: The run, changed in place.
            ended: How the process ended.
        """
        if job.folder is not None and not job.folder.exists():
            job.folder = None  # nothing could be trained, so nothing was left
        if job.folder is None:
            by_signal = ended.code > _SIGNALLED
            job.status = "killed" if ended.code < 0 else "interrupted" if by_signal else "failed"
            job.reason = _one_line(job.reason or _last_line(ended) or _cause(ended))
            return
        row = read_row(job.folder)
        take_over(job, row)
        if row.status == "running":
            job.status = "elsewhere"  # another process was quicker
        if row.status == "killed":
            job.reason = f"{_cause(ended)}; {_last_line(ended)}".removesuffix("; ")

    def _tell(self, job: Job, row: RunRow) -> None:
        """Tell of a run of an earlier sweep, or of another process, what is to be done."""
        take_over(job, row)
        goes_on: Status = "waiting"
        if row.status == "running":
            job.status = "elsewhere"
        elif (
            job.status in ("interrupted", "killed")
            or (job.status == "paused" and not self._halving)
            or (job.status == "failed" and self._retry_failed and not job.hopeless)
        ):
            job.status = goes_on


def take_over(job: Job, row: RunRow) -> None:
    """Take over what a run folder says of a run.

    Args:
        job: The run, changed in place.
        row: What the folder says.
    """
    is_paused = row.status == "interrupted" and (row.reason or "").startswith(PAUSED)
    statuses: dict[str, Status] = {
        "finished": "finished",
        "failed": "failed",
        "interrupted": "paused" if is_paused else "interrupted",
        "killed": "killed",
        "running": "running",
    }
    job.status = statuses.get(row.status, "failed")
    job.reason = None if job.status == "finished" else _one_line(row.reason or "")
    job.metrics = row.metrics
    job.started = row.started
    job.epoch = epochs_of(row.path)
    job.taken = row.seconds or 0.0
    job.hopeless = job.status == "failed" and _is_diverged(row.record)


def base_of(record: Mapping[str, Any]) -> Any:
    """Tell with which base config a run of a sweep began.

    Args:
        record: Its record.

    Returns:
        The hash, or None.
    """
    told = record.get("sweep")
    return told.get("base") if isinstance(told, dict) else None


def epochs_of(folder: Path) -> int:
    """Count the completed epochs of a run: a line each, below that with the names.

    Args:
        folder: The run folder.
    """
    try:
        return max(history_text(folder).count("\n") - 1, 0)
    except DlrunError:
        return 0


def _is_own(row: RunRow) -> bool:
    """Whether this user's dlrun made a run."""
    try:
        return is_own(read_text(row.path / CONFIG), row.record.get("seal"))
    except DlrunError:
        return False


def _is_whole(row: RunRow, job: Job) -> bool:
    """Whether a finished run is what its identity claims: anybody can write down any."""
    try:
        is_same = read_text(row.path / CONFIG) == job.experiment.to_yaml()
    except DlrunError:
        return False
    hashes = row.record.get("files")
    has_all = isinstance(hashes, dict) and hashes.keys() >= {CONFIG, METRICS, WEIGHTS}
    return is_same and has_all and not damaged_files(row.path, row.record)


def _are(count: int, kind: str) -> str:
    """Such as `2 finished runs are`."""
    word = "unfinished" if kind == "unfinished" else "finished"
    return f"1 {word} run is" if count == 1 else f"{count} {word} runs are"


def _is_diverged(record: Mapping[str, Any]) -> bool:
    """Whether a run would fail again in the same way."""
    return record.get("exit_code") == DivergedError.exit_code


def _cause(ended: Ended) -> str:
    if ended.code < 0:
        return f"killed by {signal.Signals(-ended.code).name}"
    return f"its process ended with exit code {ended.code}"


def _last_line(ended: Ended) -> str:
    return next((line for line in ended.last_words.splitlines()[::-1] if line.strip()), "").strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())
