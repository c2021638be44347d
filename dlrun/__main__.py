"""The process `dlrun`, and `python -m dlrun`: a command line that starts and ends quickly."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

from dlrun.warm.place import is_supported

TYPE_CHECKING = False  # to import `typing` takes 2 ms
if TYPE_CHECKING:
    from typing import NoReturn


def run() -> NoReturn:
    """Run the command line of this process, and leave with its exit code."""
    # Most commands end before there is garbage worth a search; `dlrun.backend` turns it on again.
    gc.disable()
    # Where a resident process runs it, this process imports nothing that takes time.
    if is_supported():
        from dlrun.warm.client import try_resident

        try_resident(sys.argv[1:])
    from dlrun.cli import main

    exit_code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    # Everything is written. To take a thousand modules apart first would need another 15 ms.
    os._exit(exit_code)


if __name__ == "__main__":
    run()
