"""Every point at which a run folder is written: named, counted, and a place for a fault.

In a forked child the functions of the operating system are wrapped; dlrun itself knows nothing of
it. A point is a kind and a file, such as `fsync checkpoint/.tmp-/state.json`; what is random in a
name is left out.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import re
import signal
from unittest import mock

RANDOM = ((re.compile(r"\.tmp-[0-9a-f]{8}"), ".tmp-"), (re.compile(r"\b\d{8}\b"), "N"))
CHECKED = ("write", "fsync", "rename", "mkdir", "open")
"""Kinds whose failure must end the command; that of others, such as a clean-up, may be ignored."""


class Points:
    """Counts the points of this process, and lets one of them fail.

    Args:
        root: The folder of the runs; what is written elsewhere is not counted.
        trace: A file that gets one line a point; it outlives the process.
        fault: Which point, and what happens there; None for nothing. `{"name": ..., "occurrence":
            ...}` or `{"index": ...}` or `{"every": ...}`; `"phase"`: `before`, `within`, `after`;
            `"error"`: such as `EIO`, or a signal; None for SIGKILL; `"kinds"`: which points count.
    """

    def __init__(self, root, trace, fault=None):
        self._root = os.path.join(os.path.realpath(root), "")
        self._trace = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self._fault = fault
        self._seen, self._count = {}, 0
        self._raw = {name: getattr(os, name) for name in _WRAPPED}
        self._write = os.write

    def __enter__(self):
        """Wrap what writes."""
        for name in _WRAPPED:
            setattr(os, name, getattr(self, f"_{name}"))
        builtins.open = io.open = self._file

    def __exit__(self, *_):
        """Put back what was wrapped."""
        for name, function in self._raw.items():
            setattr(os, name, function)
        builtins.open = io.open = _OPEN
        os.close(self._trace)

    def passing(self, kind, path, action, partial=lambda: None):
        """Do what was asked for, unless this is where the fault strikes."""
        inside = self._inside(path)
        if inside is None:
            return action()
        name = f"{kind} {inside}"
        if not self._strikes(kind, name):
            self._write(self._trace, f"{name}\n".encode())
            return action()
        phase = self._fault.get("phase", "before")
        self._write(self._trace, f"{name}\t{phase}\n".encode())
        if phase == "within":
            partial()
        elif phase == "after":
            with contextlib.suppress(OSError):  # of what need not be there, such as at a clean-up
                action()
        error = self._fault.get("error") or "SIGKILL"
        if error.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, error))
            return None if phase == "after" else action()
        number = getattr(errno, self._fault["error"])
        # As the operating system does: only what takes a path names one in its error.
        raise OSError(number, os.strerror(number), *([] if isinstance(path, int) else [path]))

    def _inside(self, path):
        """The name of a path in its run folder, or None."""
        if isinstance(path, int):
            try:
                path = os.readlink(f"/proc/self/fd/{path}")
            except OSError:
                return None
        real = os.path.abspath(os.fsdecode(path))
        if not real.startswith(self._root):
            return None
        _, _, inside = real.removeprefix(self._root).partition("/")
        for pattern, word in RANDOM:
            inside = pattern.sub(word, inside)
        return inside or "."

    def _strikes(self, kind, name):
        """Count a point."""
        fault = self._fault
        if fault is None or kind not in fault.get("kinds", _KINDS):
            return False
        self._seen[name] = self._seen.get(name, 0) + 1
        self._count += 1
        if "every" in fault:
            return self._count % fault["every"] == 0
        if "index" in fault:
            return self._count == fault["index"]
        return name == fault["name"] and self._seen[name] == fault["occurrence"]

    def _fsync(self, descriptor):
        raw = self._raw["fsync"]
        return self.passing("fsync", descriptor, lambda: raw(descriptor))

    def _mkdir(self, path, *arguments, **options):
        raw = self._raw["mkdir"]
        return self.passing("mkdir", path, lambda: raw(path, *arguments, **options))

    def _rename(self, source, target, **options):
        raw = self._raw["rename"]
        return self.passing("rename", target, lambda: raw(source, target, **options))

    def _replace(self, source, target, **options):
        raw = self._raw["replace"]
        return self.passing("rename", target, lambda: raw(source, target, **options))

    def _unlink(self, path, *, dir_fd=None):
        raw = self._raw["unlink"]
        place = _place(path, dir_fd)
        return self.passing("unlink", place, lambda: raw(path, dir_fd=dir_fd))

    def _rmdir(self, path, *, dir_fd=None):
        raw = self._raw["rmdir"]
        place = _place(path, dir_fd)
        return self.passing("rmdir", place, lambda: raw(path, dir_fd=dir_fd))

    def _pwrite(self, descriptor, data, offset):
        raw = self._raw["pwrite"]
        return self.passing(
            "write",
            descriptor,
            lambda: raw(descriptor, data, offset),
            lambda: raw(descriptor, data[: len(data) // 2], offset),
        )

    def _ftruncate(self, descriptor, length):
        raw = self._raw["ftruncate"]
        return self.passing("truncate", descriptor, lambda: raw(descriptor, length))

    def _open(self, path, flags, mode=0o777, *, dir_fd=None):
        raw = self._raw["open"]

        def action():
            return raw(path, flags, mode, dir_fd=dir_fd)

        if not flags & os.O_CREAT:
            return action()
        return self.passing("open", _place(path, dir_fd), action)

    def _file(self, file, mode="r", buffering=-1, encoding=None, errors=None, newline=None,  # noqa: PLR0917
              closefd=True, opener=None):  # fmt: skip
        """Stand in for `open`: what is opened for writing in a run folder is watched."""
        if not set(mode) & set("wxa+") or self._inside(file) is None:
            return _OPEN(file, mode, buffering, encoding, errors, newline, closefd, opener)

        def action():
            return _WatchedFile(self, file, mode.replace("b", "").replace("t", ""), closefd, opener)

        raw = action() if isinstance(file, int) else self.passing("open", file, action)
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        text = io.TextIOWrapper(buffered, encoding or "utf-8", errors, newline)
        text.mode = mode
        return text


class _WatchedFile(io.FileIO):
    """A file whose writes are points."""

    def __init__(self, points, file, mode, closefd, opener):
        super().__init__(file, mode, closefd, opener)
        self._points = points

    def write(self, data):
        half = memoryview(data)[: len(data) // 2]
        write = super().write
        return self._points.passing(
            "write", self.fileno(), lambda: write(data), lambda: write(half)
        )


def _place(path, dir_fd):
    """The whole path of a file named from an open folder."""
    if dir_fd is None:
        return path
    return os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), os.fsdecode(path))


_OPEN = io.open
_WRAPPED = ("fsync", "mkdir", "rename", "replace", "unlink", "rmdir", "pwrite", "ftruncate", "open")
_KINDS = (*CHECKED, "unlink", "rmdir", "truncate")


def command(words, *, root=None, trace=None, fault=None, stretch=None):
    """Run a command line in this process, a forked child, with a fault in its way.

    Args:
        words: The words after `dlrun`.
        root: See `Points`; None for no points.
        trace: See `Points`.
        fault: See `Points`.
        stretch: How long a stretch of training takes, in seconds; None for dlrun's own length.
    """
    from dlrun.cli import main
    from dlrun.training import trainer

    lengths = {} if stretch is None else {"STRETCH_SECONDS": stretch, "_FIRST_BUDGET": 2}
    with contextlib.ExitStack() as during:
        for name, value in lengths.items():
            during.enter_context(mock.patch.object(trainer, name, value))
        if root is not None:
            during.enter_context(Points(root, trace, fault))
        return main([str(word) for word in words]), None
