"""Keeps processes apart: by locks of the kernel, else by files that name their owner.

Nothing that only some systems have is imported or looked up before it is used.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlrun.rundir.environment import host_facts

_OWNER = re.compile(r"(\d{1,10}) (\S{1,255}) (\S{1,64})\n")
_UNWRITTEN_SECONDS = 10.0
"""An owner's file without a line belongs to one who is about to write it, but not for ever."""
_MOST_BYTES = 512
_WINDOWS = {"synchronize": 0x100000, "still at work": 0x102}


def flags(*names: str) -> int:
    """Join flags of `os.open`; those that this system lacks are nothing to it."""
    return functools.reduce(int.__or__, (getattr(os, name, 0) for name in names))


CAREFUL = flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
"""For what a stranger may have put there: no link is followed, no pipe waited for."""


def has_file_locks() -> bool:
    """Say whether the kernel locks files and drops the locks of those that die."""
    return _fcntl() is not None


def lock_file(descriptor: int, *, shared: bool = False, wait: bool = False) -> None:
    """Lock an open file, for all or against writers only.

    Raises:
        BlockingIOError: Another process holds it.
        OSError: This system, or this file system, knows no such locks.
    """
    fcntl = _fcntl()
    if fcntl is None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)


def _fcntl() -> Any:
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl


@contextlib.contextmanager
def owning(path: Path, patience: float | None) -> Iterator[None]:
    """Make a file that names this process, which only one can do at a time; remove it in the end.

    Where kernels lock no files. What a dead process has left is taken over, `patience` is how many
    seconds to wait for a living one; None for as long as it takes.

    Raises:
        BlockingIOError: A living process owns it.
        OSError: No file can be made there.
    """
    deadline = None if patience is None else time.monotonic() + patience
    while not _is_made(path):
        if deadline is not None and time.monotonic() > deadline:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
        time.sleep(0.01)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def is_owned(path: Path) -> bool:
    """Say whether a living process, of this machine or of another one, owns such a file."""
    owner = _read(path)
    if owner is None:
        return False
    if not owner:
        with contextlib.suppress(OSError):
            return time.time() - path.stat().st_mtime < _UNWRITTEN_SECONDS
        return False
    found = _OWNER.fullmatch(owner)
    facts = host_facts()
    if found is None or found[2] != facts["host"]:
        return True  # nobody here can tell
    return found[3] == str(facts["boot"]) and _is_alive(int(found[1]))


def _is_made(path: Path) -> bool:
    """Try to be the owner; what a dead process has left is cleared for the next try."""
    facts = host_facts()
    try:
        descriptor = os.open(path, flags("O_WRONLY", "O_CREAT", "O_EXCL", "O_CLOEXEC"), 0o666)
    except FileExistsError:
        if not is_owned(path):
            # Two may see the same dead owner: only one of them can rename its file.
            left = path.with_name(f"{path.name}-{os.urandom(4).hex()}")
            with contextlib.suppress(OSError):
                path.rename(left)
                left.unlink()
        return False
    try:
        os.write(descriptor, f"{facts['pid']} {facts['host']} {facts['boot']}\n".encode())
    finally:
        os.close(descriptor)
    return True


def _read(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | CAREFUL)
    except OSError:
        return None
    try:
        return os.read(descriptor, _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_alive(number: int) -> bool:
    if os.name == "nt":  # where `os.kill` with 0 would end it
        import ctypes

        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
        handle = kernel.OpenProcess(_WINDOWS["synchronize"], 0, number)
        if not handle:
            return False
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) == _WINDOWS["still at work"])
        finally:
            kernel.CloseHandle(handle)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
