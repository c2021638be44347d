"""Who works in a run folder: a lock that the kernel holds for a process and drops when it dies."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from dlrun.errors import RunFolderError
from dlrun.rundir.environment import host_facts
from dlrun.rundir.exclusion import (
    CAREFUL,
    flags,
    has_file_locks,
    is_owned,
    lock_file,
    owning,
)
from dlrun.rundir.files import check_ordinary, reason
from dlrun.rundir.names import LOCK, OWNER, TURN

LockState = Literal["held", "free", "unknown"]

_PATIENCE = 1.0
"""Seconds to wait for a reader, which holds the lock for microseconds to see whether it is free."""

_ROOM_BYTES = 2**18  # more than the largest record needs

_HOLDER = re.compile(rb"(\d{1,10}) ([\w.-]{1,64})\n")
"""What the lock file begins with while it is held: the process and its machine."""


class FolderLock:
    """The lock of a run folder while it is held: an open file, or None where none can be made."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        facts = host_facts()
        self._line = f"{facts['pid']} {facts['host']}\n".encode()
        self._fill(self._line)

    def fileno(self) -> int | None:
        """The open lock file, which a forked child would hold too if it did not close it."""
        return self._descriptor

    def keep_room(self) -> None:
        """Fill the lock file: what it takes can be given back when the disk is full."""
        self._fill(self._line.ljust(_ROOM_BYTES, b"\0"))

    def give_room(self) -> None:
        """Empty the lock file, so that a last small file can be written on a full disk."""
        self._fill(b"")

    def close(self) -> None:
        """Give the lock back, and leave the file empty."""
        if self._descriptor is not None:
            self._fill(b"")
            os.close(self._descriptor)

    def _fill(self, content: bytes) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                os.write(self._descriptor, content)


@contextlib.contextmanager
def holding_lock(folder: Path) -> Iterator[FolderLock]:
    """Be the only process that works in a run folder.

    Where the file system, or the whole system, knows no locks, a file names who works here.
    """
    mode = flags("O_RDWR", "O_CREAT", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
    try:
        descriptor = os.open(folder / LOCK, mode, 0o666)
    except OSError:
        # Whoever cannot make a file here will be told so by the first file that matters.
        yield FolderLock(None)
        return
    with contextlib.ExitStack() as held:
        try:
            check_ordinary(descriptor, folder / LOCK)
            if not _acquire(folder, descriptor):
                _own(folder, descriptor, held)
        except BaseException:
            os.close(descriptor)
            raise
        lock = FolderLock(descriptor)
        try:
            yield lock
        finally:
            lock.close()


@contextlib.contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Let processes change a small file of a folder one after the other.

    The lock of a run is no use for that: a run that is going on holds it for hours. Whoever cannot
    open the folder, or make a file in it, will be told so by the file that is to be changed.
    """
    with contextlib.ExitStack() as held:
        is_locked = False
        if has_file_locks():
            with contextlib.suppress(OSError):
                descriptor = os.open(folder, flags("O_RDONLY", "O_DIRECTORY", "O_CLOEXEC"))
                held.callback(os.close, descriptor)
                lock_file(descriptor, wait=True)
                is_locked = True
        if not is_locked:
            with contextlib.suppress(OSError):
                held.enter_context(owning(folder / TURN, None))
        yield


def lock_state(folder: Path) -> LockState:
    """Look whether a process works in a run folder.

    It is `unknown` where there is no lock file.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | CAREFUL)
    except OSError:
        return "unknown"
    try:
        lock_file(descriptor, shared=True)
    except BlockingIOError:
        return "held"
    except OSError:
        return "held" if is_owned(folder / OWNER) else "free"
    else:
        return "free"
    finally:
        os.close(descriptor)


def lockless(folder: Path) -> str | None:
    """Say in a line that files cannot be locked in a folder, and what is done instead.

    None where they can.
    """
    try:
        descriptor = os.open(folder, flags("O_RDONLY", "O_DIRECTORY", "O_CLOEXEC"))
    except OSError:
        return None
    try:
        lock_file(descriptor, shared=True)
    except BlockingIOError:
        return None
    except OSError as error:
        return (
            f"files cannot be locked in {folder} ({reason(error)}): a file {OWNER} in each folder "
            "names who works there; where a machine has died, it is to be removed by hand"
        )
    else:
        return None
    finally:
        os.close(descriptor)


def _refusal(folder: Path, descriptor: int, fix: str | None = None) -> RunFolderError:
    what = f"{_holder(descriptor)} works in this run folder."
    return RunFolderError(what, where=str(folder), fix=fix)


def _own(folder: Path, descriptor: int, held: contextlib.ExitStack) -> None:
    try:
        held.enter_context(owning(folder / OWNER, _PATIENCE))
    except BlockingIOError as error:
        fix = f"No file can be locked here. If that process has died, remove {folder / OWNER}."
        raise _refusal(folder, descriptor, fix) from error


def _holder(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    found = _HOLDER.match(os.read(descriptor, 128))
    if found is None:
        return "another process"
    return f"process {found[1].decode()} on {found[2].decode()}"


def _acquire(folder: Path, descriptor: int) -> bool:
    """Lock a file; False where the system, or the file system, locks none."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            lock_file(descriptor)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise _refusal(folder, descriptor) from error
            time.sleep(0.01)
        except OSError:
            return False
        else:
            return True
