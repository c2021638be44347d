"""What makes a process: all that a copy needs to behave as this process would."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable

_STANDARD = 3


def facts(files: list[int]) -> dict[str, list[bytes]]:
    """Tell all about this process but its current folder; `files` are its open files to pass on."""
    import resource

    mask = os.umask(0o77)
    os.umask(mask)
    names = sorted(name for name in vars(resource) if name.startswith("RLIMIT_"))
    limits = [(name, *resource.getrlimit(getattr(resource, name))) for name in names]
    handled = {number: signal.getsignal(number) for number in signal.Signals}
    return {
        "argv": _texts(sys.argv),
        "orig_argv": _texts(sys.orig_argv),
        "path": _texts(sys.path),
        "environ": [b"=".join(item) for item in os.environb.items()],
        "files": _numbers(files),
        "unbuffered": _numbers([getattr(sys.stdout or sys.stderr, "write_through", False)]),
        "umask": _numbers([mask]),
        "limits": [f"{name}:{soft}:{hard}".encode() for name, soft, hard in limits],
        "nice": _numbers([os.getpriority(os.PRIO_PROCESS, 0)]),
        "cores": _numbers(sorted(os.sched_getaffinity(0))),
        "scheduling": _numbers([os.sched_getscheduler(0)]),
        "groups": _numbers([os.getgid(), os.getegid(), *sorted(os.getgroups())]),
        "ignored": _numbers(n for n, handler in handled.items() if handler == signal.SIG_IGN),
        "blocked": _numbers(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))),
    }


def open_files() -> list[int]:
    """List the files that whoever started this process has left open for it, by their numbers."""
    found = []
    for text in os.listdir("/proc/self/fd"):  # noqa: PTH208
        number = int(text)
        try:
            # What Python itself has opened meanwhile is not for others.
            if os.get_inheritable(number):
                found.append(number)
        except OSError:
            pass  # the list itself
    return sorted(found)


def waits_for_terminal(words: list[str]) -> bool:
    """Say whether a command may be stopped for reading from, or writing to, its terminal.

    That happens to those of the terminal's own session only, in which no copy can be.
    """
    import termios

    for number in range(_STANDARD):
        try:
            mode = termios.tcgetattr(number)[3]
        except (OSError, termios.error):
            continue
        if number == 0 and any(word == "-" or word.startswith("/dev/") for word in words):
            return True
        if number and mode & termios.TOSTOP:
            return True
    return False


def _texts(texts: list[str]) -> list[bytes]:
    return [os.fsencode(text) for text in texts]


def _numbers(numbers: Iterable[int]) -> list[bytes]:
    return [b"%d" % number for number in numbers]
