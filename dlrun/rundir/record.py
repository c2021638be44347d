"""`run.json`: what a run is and how it stands; on disk before any work, closed whatever happens."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import DlrunError, InterruptedRunError, PausedRunError, RunFolderError
from dlrun.memory import refusal
from dlrun.rundir.environment import host_facts
from dlrun.rundir.files import (
    json_text,
    parse_json,
    plain,
    read_text,
    syncing_folders_together,
    write_text,
)
from dlrun.rundir.integrity import hash_files, is_signed, signed
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.metrics import finite_number
from dlrun.rundir.names import RECORD
from dlrun.signals import received_signal

if TYPE_CHECKING:
    from dlrun.rundir.folder import Run
    from dlrun.rundir.lock import FolderLock

FORMAT = 1  # the version of the run folder's format that this dlrun writes and reads

STATUSES = ("running", "finished", "interrupted", "failed")

_MAX_REASON = 500
_TEXT_HASH = "text_sha256"
_HASHES = re.compile(rf',\n  "{_TEXT_HASH}": "(\w{{64}})",\n  "sha256": "\w{{64}}"\n}}\n')
"""How the text of a record ends."""


class Record:
    """The open record of a run that is going on."""

    def __init__(self, path: Path, facts: Mapping[str, Any], settle: Callable[..., None]) -> None:
        self._path = path
        self._settle = settle  # see `syncing_folders_together`
        self.facts = dict(facts)

    def note(self, **facts: Any) -> None:
        """Add facts, or replace them, which the file will hold when it is written next."""
        self.facts.update(facts)

    def add(self, **facts: Any) -> None:
        """Add facts, or replace them, and write the file anew."""
        self.note(**facts)
        self._settle(but=self._path.parent)
        write_text(self._path, record_text(self.facts))
        self._settle()


@contextlib.contextmanager
def recording(
    run: Run,
    facts: Mapping[str, Any],
    *,
    earlier: Mapping[str, Any] | None = None,
    lock: FolderLock | None = None,
) -> Iterator[Record]:
    """Record a run: `running` while the block works, and at its end how it ended.

    `finished` where the block ends by itself, `interrupted` on a signal (`InterruptedRunError`,
    `KeyboardInterrupt`, `SystemExit(128 + number)`) and on a pause (`PausedRunError`), `failed` on
    everything else, with a reason of one line and the exit code.
    The exception goes on. The folder is locked meanwhile: a process that is killed leaves
    `running` behind without a lock, which readers call `killed`. Room for the last line is kept in
    the lock file, so that a run that fills the disk can still say so.

    `earlier` is what `run.json` says of a run that goes on; `lock` that of the folder, where it is
    held already.
    """
    with (
        contextlib.nullcontext(lock) if lock else holding_lock(run.path) as held,
        syncing_folders_together() as settle,
    ):
        before = dict(earlier or {})
        # A monotonic time at which the run would have begun, had it never been interrupted.
        start = time.monotonic() - (finite_number(before.get("seconds")) or 0)
        opening = {
            "format": FORMAT,
            "status": "running",
            "reason": None,
            "exit_code": None,
            "started": before.get("started") or now(),
            "ended": None,
            "seconds": None,
            **host_facts(),
        }
        # What they vouch for is about to be written anew.
        for key in ("files", "final_weights"):
            before.pop(key, None)
        record = Record(run.file(RECORD), {**before, **opening, **facts}, settle)
        record.add()
        held.keep_room()
        try:
            yield record
        except BaseException as error:
            held.give_room()
            # A disk too full for the closing line must not hide why the run failed.
            with contextlib.suppress(DlrunError):
                record.add(**how_it_ended(error), **_end(run, record, start))
            raise
        held.give_room()
        record.add(status="finished", exit_code=0, **_end(run, record, start))


def read_record(folder: Path) -> dict[str, Any]:
    """Read the record of a run, perhaps a stranger's.

    `format`, `status` and `started` are there and make sense.
    """
    path = folder / RECORD
    text = read_text(path)
    record = parse_json(text, path)
    version = record.get("format")
    if version != FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        raise RunFolderError(
            f"has the format version {version!r}; this dlrun reads version {FORMAT}.",
            where=str(path),
            fix="It was written by a newer dlrun: upgrade." if newer else None,
        )
    if not (_is_as_written(text) or is_signed(record)):
        raise RunFolderError("is not what the run saved: damaged or changed.", where=str(path))
    if record.get("status") not in STATUSES:
        raise RunFolderError(
            f"has the status {record.get('status')!r}, expected one of {', '.join(STATUSES)}.",
            where=str(path),
        )
    if started(record) is None:
        raise RunFolderError(
            f"has the starting time {record.get('started')!r}: not a time.", where=str(path)
        )
    return record


def record_text(facts: Mapping[str, Any]) -> str:
    """Write a record with its hash, and with that of its text: 10,000 of these are soon checked."""
    values = {
        key: value for key, value in plain(facts).items() if key not in (_TEXT_HASH, "sha256")
    }
    return signed({**values, _TEXT_HASH: _hash(json_text(values))})


def _is_as_written(text: str) -> bool:
    """Whether a text is what `record_text` gave; `verify` holds the values against theirs too."""
    found = _HASHES.search(text, max(len(text) - 200, 0))
    return found is not None and found[1] == _hash(f"{text[: found.start()]}\n}}\n")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def started(record: Mapping[str, Any]) -> datetime | None:
    """Read when a run was started, with its zone; None where there is no time that makes sense."""
    try:
        time_of_start = datetime.fromisoformat(record["started"])
        time_of_start.astimezone()  # at the ends of the calendar not every zone has a time
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return time_of_start if time_of_start.tzinfo is not None else None


def now() -> str:
    """The local time with its zone, to the microsecond: `2026-11-20T23:14:55.000000+01:00`."""
    return datetime.now().astimezone().isoformat(timespec="microseconds")


def _end(run: Run, record: Record, start: float) -> dict[str, Any]:
    return {
        "ended": now(),
        "seconds": round(time.monotonic() - start, 3),
        "files": hash_files(run.path, record.facts.get("exports")),
    }


def how_it_ended(error: BaseException) -> dict[str, Any]:
    """Tell status, exit code and reason of a run that ends with an error, a signal or a pause."""
    number = None if isinstance(error, DlrunError) else received_signal(error)
    if number is not None:
        error = InterruptedRunError(number)
    if isinstance(error, MemoryError):
        error = DlrunError(refusal(error))
    if isinstance(error, InterruptedRunError | PausedRunError):
        return _closing("interrupted", error.exit_code, str(error))
    if isinstance(error, DlrunError):
        return _closing("failed", error.exit_code, str(error))
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        return _closing("failed", code, f"SystemExit: {error.code}")
    # TensorFlow puts whole stacks below the line that tells.
    first_line = str(error).strip().partition("\n")[0]
    return _closing("failed", 1, f"{type(error).__name__}: {first_line}")


def _closing(status: str, exit_code: int, reason: str) -> dict[str, Any]:
    """The three facts that close a record; the reason on one line of bounded length."""
    line = " ".join(reason.split())
    short = line if len(line) <= _MAX_REASON else line[: _MAX_REASON - 1] + "…"
    return {"status": status, "exit_code": exit_code, "reason": short}
