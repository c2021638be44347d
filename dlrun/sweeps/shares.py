"""Shares of a sweep: every so many-th run, for jobs on a shared file system that know no lock.

Each share has a folder of its own in that of the sweep, `.shares/2-of-8`, where its lock lies, so
that no share is worked on twice, and the identities that it gave to all runs, for shares may be
worked on by machines that differ.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dlrun.errors import DlrunError, RunFolderError, UsageError
from dlrun.rundir.files import read_json, write_json
from dlrun.rundir.folder import run_paths
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.sweeps.trials import is_stillborn

T = TypeVar("T")

_HOME = ".shares"
_IDENTITIES = "identities.json"
_TASK, _TASKS, _FIRST, _STEP = (
    f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "COUNT", "MIN", "STEP")
)
_LONG_AGO = 3600.0  # seconds after which a folder without a config is nobody's


@dataclass(frozen=True)
class Share:
    """One of so many shares, counted from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        """As it is typed."""
        return f"{self.number}/{self.count}"

    def of(self, items: Sequence[T]) -> list[T]:
        """Give the items of this share; every item is in exactly one."""
        return list(items[self.number - 1 :: self.count])


def read_share(text: str) -> Share:
    """Read `2/8`."""
    found = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", text)
    share = None if found is None else Share(int(found[1]), int(found[2]))
    if share is None or not 1 <= share.number <= share.count:
        fix = "Give I/N, such as 2/8 for the second of eight."
        raise UsageError(f"{text!r} is no share.", where="--shard", fix=fix)
    return share


def share_of_array(variables: Mapping[str, str]) -> Share | None:
    """Tell the share of a task of a Slurm job array; None where this is none, or one alone."""
    if _TASK not in variables or _TASKS not in variables:
        return None
    try:
        task, count = int(variables[_TASK]), int(variables[_TASKS])
        first, step = int(variables.get(_FIRST, "0")), int(variables.get(_STEP, "1"))
        number, rest = divmod(task - first, step)
    except (ValueError, ZeroDivisionError):
        number, rest, count = -1, 0, 1
    if rest or not 0 <= number < count:
        told = ", ".join(f"{name}={variables[name]}" for name in (_TASK, _TASKS, _FIRST, _STEP)
                         if name in variables)  # fmt: skip
        fix = "Give --shard I/N, or let --array count without gaps, as in 0-7."
        raise UsageError(f"{told} tells no share.", where="--shard", fix=fix)
    return Share(number + 1, count) if count > 1 else None


@contextlib.contextmanager
def working_on(sweep_dir: Path, share: Share) -> Iterator[list[int]]:
    """Be the only process that works on a share; other shares are let alone.

    Gives the open files that no process of a run may keep.
    """
    if lock_state(sweep_dir) == "held":
        what = "another process works on the whole of this sweep."
        raise RunFolderError(what, where=str(sweep_dir))
    home = _home(sweep_dir, share)
    home.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(holding_lock(home))
        except RunFolderError as error:
            what = f"another process works on share {share} of this sweep."
            raise RunFolderError(what, where=str(sweep_dir), fix=error.fix) from error
        remove_stillborn(sweep_dir, older_than=_LONG_AGO)
        descriptor = lock.fileno()
        yield [] if descriptor is None else [descriptor]


def refuse_shares_at_work(sweep_dir: Path) -> None:
    """Refuse to work on the whole of a sweep while a share of it is worked on."""
    for home in sorted((sweep_dir / _HOME).glob("*")):
        if lock_state(home) == "held":
            what = f"another process works on share {home.name.replace('-of-', '/')} of this sweep."
            raise RunFolderError(what, where=str(sweep_dir), fix="Wait for it, or give --shard.")


def remove_stillborn(sweep_dir: Path, *, older_than: float = 0.0) -> None:
    """Remove folders of runs that have no config and on which nobody works."""
    for path in run_paths(sweep_dir):
        with contextlib.suppress(OSError):
            is_old = not older_than or time.time() - path.stat().st_mtime > older_than
            if is_old and is_stillborn(path) and lock_state(path) != "held":
                shutil.rmtree(path, ignore_errors=True)


def note_identities(sweep_dir: Path, share: Share, identities: Sequence[str], base: str) -> None:
    """Keep what a share calls the runs of the sweep."""
    path = _home(sweep_dir, share) / _IDENTITIES
    write_json(path, {"base_hash": base, "identities": list(identities)})


def noted_identities(sweep_dir: Path, base: str, count: int) -> list[list[str]]:
    """Read what the shares of a sweep call its runs, in their order; damaged notes are none."""
    found = []
    for path in sorted((sweep_dir / _HOME).glob(f"*/{_IDENTITIES}")):
        with contextlib.suppress(DlrunError):
            told = read_json(path)
            identities = told.get("identities")
            is_same = told.get("base_hash") == base
            if is_same and isinstance(identities, list) and len(identities) == count:
                found.append([str(one) for one in identities])
    return found


def forget_shares(sweep_dir: Path) -> None:
    """Remove the notes of shares that were worked on: one process has the whole sweep now."""
    for path in (sweep_dir / _HOME).glob(f"*/{_IDENTITIES}"):
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def _home(sweep_dir: Path, share: Share) -> Path:
    return sweep_dir / _HOME / f"{share.number}-of-{share.count}"
