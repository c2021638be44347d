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
from dlrun.rundir.files import check_ordinary
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

    On a file system that knows no locks nothing is locked; where the whole system knows none, a
    file names who works here.
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
            if has_file_locks():
                _acquire(folder, descriptor)
            else:
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

    The lock of a run is no use for that: a run that is going on holds it for hours. On a file
    system that knows no locks nothing is locked.
    """
    if not has_file_locks():
        with contextlib.ExitStack() as held:
            with contextlib.suppress(OSError):
                held.enter_context(owning(folder / TURN, None))
            yield
        return
    try:
        descriptor = os.open(folder, flags("O_RDONLY", "O_DIRECTORY", "O_CLOEXEC"))
    except OSError:
        yield  # whoever cannot open the folder will be told so by the file
        return
    try:
        with contextlib.suppress(OSError):
            lock_file(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def lock_state(folder: Path) -> LockState:
    """Look whether a process works in a run folder.

    It is `unknown` where there is no lock file or the file system knows no locks.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | CAREFUL)
    except OSError:
        return "unknown"
    try:
        if not has_file_locks():
            return "held" if is_owned(folder / OWNER) else "free"
        lock_file(descriptor, shared=True)
    except BlockingIOError:
        return "held"
    except OSError:
        return "unknown"
    else:
        return "free"
    finally:
        os.close(descriptor)


def _refusal(folder: Path, descriptor: int) -> RunFolderError:
    what = f"{_holder(descriptor)} works in this run folder."
    return RunFolderError(what, where=str(folder))


def _own(folder: Path, descriptor: int, held: contextlib.ExitStack) -> None:
    try:
        held.enter_context(owning(folder / OWNER, _PATIENCE))
    except BlockingIOError as error:
        raise _refusal(folder, descriptor) from error


def _holder(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    found = _HOLDER.match(os.read(descriptor, 128))
    if found is None:
        return "another process"
    return f"process {found[1].decode()} on {found[2].decode()}"


def _acquire(folder: Path, descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            lock_file(descriptor)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise _refusal(folder, descriptor) from error
            time.sleep(0.01)
        except OSError:
            return
        else:
            return
