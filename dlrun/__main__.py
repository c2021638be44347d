"""The process `dlrun`, and `python -m dlrun`: a command line that starts and ends quickly."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import NoReturn

from dlrun.cli import main


def run() -> NoReturn:
    """Run the command line of this process, and leave with its exit code."""
    # Most commands end before there is garbage worth a search; `dlrun.backend` turns it on again.
    gc.disable()
    exit_code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    # Everything is written. To take a thousand modules apart first would need another 15 ms.
    os._exit(exit_code)


if __name__ == "__main__":
    run()
