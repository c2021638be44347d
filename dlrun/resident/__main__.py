"""Starts a resident process: `python -m dlrun.resident SECONDS`, as `dlrun warm` does."""

from __future__ import annotations

import contextlib
import os
import sys

_STANDARD = 3


def main() -> int:
    """Import everything, say `ready` on stdout, serve; else say why not, and return 1."""
    import fcntl

    before = dict(os.environb)
    # Whoever has started it may have had files open that others wait for the end of.
    os.closerange(_STANDARD, os.sysconf("SC_OPEN_MAX"))
    with contextlib.suppress(OSError):
        os.setsid()
    from dlrun.warm import place
    from dlrun.warm.client import ANOTHER, READY

    opened = place.open_folder(create=True)
    lock = os.open(
        f"{place.name()}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=opened
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _say(ANOTHER)
    from dlrun.resident.installation import Installation
    from dlrun.resident.preload import import_everything, sees_gpu

    installation = Installation.now()
    reads = import_everything()
    if sees_gpu():
        return _say(
            "TensorFlow sees a GPU here, and no copy of a process can compute on it; "
            "with CUDA_VISIBLE_DEVICES=-1 it sees none"
        )
    from dlrun.resident.fitness import Fitness
    from dlrun.resident.server import Server

    # No folder of a user is kept busy, and no file that is opened later is told by a wrong place.
    os.chdir("/")
    fitness = Fitness.now(before, reads)
    idle = float(sys.argv[1])
    with Server(fitness, installation, opened, lock, idle_seconds=idle) as server:
        _say(READY)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(_STANDARD):
            os.dup2(nothing, number)
        os.close(nothing)
        server.serve()
    return 0


def _say(text: str) -> int:
    with contextlib.suppress(OSError):
        os.write(1, f"{text}\n".encode())
    return 1


if __name__ == "__main__":
    code = main()
    os._exit(code)
