"""Watches a process for what it must not do: Python's audit events, and inotify for native code."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import sysconfig
from pathlib import Path

import dlrun

MARKER = "DLRUN_CANARY"
"""Stands in every piece of code that a hostile folder brings along."""

_SYSTEM = ("/proc", "/sys", "/usr", "/lib", "/lib64", "/etc", "/opt/cuda")
_ALWAYS = ("/dev/null", "/var/tmp")  # noqa: S108
"""Nowhere, and where large data get files without a name; of the latter, only the folder."""
_DEVICES, _MEMORY = "/dev/", "/dev/shm/"  # noqa: S108
"""Devices may be read; in memory there are files as on a disk."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = {
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod"), 1),
    **dict.fromkeys(("os.rename", "os.link", "os.symlink"), 2),
}
_NEVER = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"),
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request"),
    "pickle.find_class",
)
_PERHAPS = ("compile", "ctypes.dlopen")
"""Libraries do this too; what a folder brings along bears the marker."""
_PROGRAMS = ("git", "fc-list")
"""For the commit of the working folder, and for the fonts of plots."""
_INOTIFY = 0x2 | 0x1 | 0x40 | 0x80 | 0x100 | 0x200
"""Modified, read, moved away, moved here, made, removed."""


class Watch:
    """Notes what a process reads, writes, starts, or executes where it must not.

    Args:
        places: Folders and files that may be read and written: the run folders, caches.
        readable: Folders and files that may be read besides the installation.
        outside: A folder whose files nobody may touch, not even through a link.
    """

    def __init__(self, places, readable, outside):
        self._writable = tuple(os.path.realpath(place) for place in places)
        installation = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
        installation |= {sys.pycache_prefix} - {None}
        own = (Path(dlrun.__file__).parent, Path(__file__).parents[1])
        more = [*installation, *own, *readable, *_SYSTEM]
        self._readable = (*self._writable, *(os.path.realpath(place) for place in more))
        sys.dont_write_bytecode = True  # what Python keeps for itself is no doing of a run folder
        self._seen, self._active = [], False
        self._inotify = _watching(outside)
        sys.addaudithook(self._hear)

    def begin(self):
        """Start to watch."""
        _events(self._inotify)
        self._seen, self._active = [], True

    def end(self):
        """Stop to watch; returns what was seen, in words."""
        self._active = False
        return self._seen + [f"touched {name}" for name in _events(self._inotify)]

    def _hear(self, event, arguments):
        if not self._active:
            return
        self._active = False
        try:
            self._judge(event, arguments)
        finally:
            self._active = True

    def _judge(self, event, arguments):
        """Hear of an event."""
        if event == "open":
            self._judge_open(*arguments)
        elif event in _CHANGING:
            self._judge_change(event, arguments[: _CHANGING[event]])
        elif event == "subprocess.Popen":
            if os.path.basename(os.fsdecode(arguments[1][0])) not in _PROGRAMS:
                self._seen.append(f"{event} {arguments[1]}")
        elif event == "exec":
            self._judge_code(arguments[0])
        elif event in _NEVER or (event in _PERHAPS and MARKER in repr(arguments[0])):
            self._seen.append(f"{event} {arguments!r:.200}")

    def _judge_open(self, path, _mode, flags):
        """What is opened, for reading or for more."""
        if isinstance(path, str | bytes | os.PathLike):
            allowed = self._writable if flags & _WRITING else self._readable
            # What opens without following a link fails on one.
            real = _real(path, follow=not flags & os.O_NOFOLLOW)
            if not (_below(real, allowed) or real in _ALWAYS or _is_device(real, flags)):
                self._seen.append(f"open {real} with {flags:#x}")

    def _judge_change(self, event, paths):
        """What is made, moved or removed; a name without a folder belongs to an open one."""
        for path in paths:
            if isinstance(path, str | bytes | os.PathLike) and os.path.isabs(os.fsdecode(path)):
                real = _real(path, follow=False)
                if not _below(real, self._writable):
                    self._seen.append(f"{event} {real}")

    def _judge_code(self, code):
        """What is executed."""
        is_hostile = MARKER in repr(code.co_consts) + repr(code.co_names)
        is_foreign = os.path.isabs(code.co_filename) and not _below(
            code.co_filename, self._readable
        )
        if is_hostile or is_foreign:
            self._seen.append(f"exec {code.co_filename}")


def _real(path, *, follow):
    """The path that is opened in truth."""
    text = os.path.abspath(os.fsdecode(path))
    if follow:
        return os.path.realpath(text)
    return os.path.join(os.path.realpath(os.path.dirname(text)), os.path.basename(text))


def _is_device(path, flags):
    """Whether a device is only read."""
    is_one = path.startswith(_DEVICES) and not path.startswith(_MEMORY)
    return is_one and not flags & _WRITING


def _below(path, places):
    return any(path == place or path.startswith(place + os.sep) for place in places)


def _watching(folder):
    """Watch the files of a folder; the descriptor."""
    library = ctypes.CDLL(None)
    descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    for path in [Path(folder), *Path(folder).rglob("*")]:
        assert library.inotify_add_watch(descriptor, os.fsencode(path), _INOTIFY) >= 0
    return descriptor


def _events(descriptor):
    """The kinds and names of what has happened since the last call."""
    found = []
    try:
        data = os.read(descriptor, 2**16)
    except BlockingIOError:
        return found
    while data:
        _, mask, _, length = struct.unpack_from("iIII", data)
        found.append(f"{mask:#x} {data[16 : 16 + length].rstrip(bytes(1)).decode()}")
        data = data[16 + length :]
    return sorted(set(found))
