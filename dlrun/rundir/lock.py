"""Who works in a run folder: a lock that the kernel holds for a process and drops when it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, Literal

from dlrun.errors import RunFolderError
from dlrun.rundir.names import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LockState = Literal["held", "free", "unknown"]

_PATIENCE = 1.0
"""Seconds to wait for a reader, which holds the lock for microseconds to see whether it is free."""


@contextlib.contextmanager
def holding_lock(folder: Path) -> Iterator[None]:
    """Be the only process that works in a run folder.

    On a file system that knows no locks this does nothing.

    Args:
        folder: The path of the run folder.

    Raises:
        RunFolderError: Another process works in it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(folder / LOCK, flags, 0o666)
    except OSError:
        yield  # Whoever cannot make a file here will be told so by the first file that matters.
        return
    try:
        _acquire(folder, descriptor)
        yield
    finally:
        os.close(descriptor)


def lock_state(folder: Path) -> LockState:
    """Look whether a process works in a run folder.

    Args:
        folder: The path of the run folder.

    Returns:
        `held`, `free`, or `unknown` where there is no lock file or the file system knows no locks.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(folder / LOCK, flags)
    except OSError:
        return "unknown"
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return "held"
    except OSError:
        return "unknown"
    else:
        return "free"
    finally:
        os.close(descriptor)


def _acquire(folder: Path, descriptor: int) -> None:
    """Lock an open file; wait a moment for readers that only look."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise RunFolderError(
                    "another process works in this run folder.", where=str(folder)
                ) from error
            time.sleep(0.01)
        except OSError:
            return
        else:
            return
