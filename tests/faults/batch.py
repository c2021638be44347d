"""Many command lines in one forked child: TensorFlow starts up, and traces, once for all."""

from __future__ import annotations

import faulthandler
import io
import os
import sys
from unittest import mock


def commands(lines, *, watch=None):
    """Run command lines one after the other.

    Args:
        lines: What `tests.faults.points.command` takes, for each.
        watch: What `tests.faults.audit.Watch` takes; None to watch nothing.

    Returns:
        0, and for each line its exit code, what it wrote to stdout and to stderr, and what it did
        that it must not do.
    """
    from dlrun.execution.assembly import GraphCache
    from tests.faults.points import command

    kept, watcher = GraphCache(), None
    if watch is not None:
        from tests.faults.audit import Watch

        watcher = Watch(**watch)
    found = []
    for line in lines:
        # What takes as long waits for something; the server hears where.
        faulthandler.dump_traceback_later(60, exit=True, file=sys.__stderr__)
        os.write(2, f"{line}\n".encode())
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        sys.stdout, sys.stderr = out, err
        try:
            if watcher is not None:
                watcher.begin()
            with mock.patch("dlrun.execution.assembly.GraphCache", return_value=kept):
                code, _ = command(**line)
        except BaseException as error:  # noqa: BLE001 - it is what is looked for
            code = f"{type(error).__name__}: {error}"
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        seen = [] if watcher is None else watcher.end()
        texts = [stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)]
        found.append([code, *texts, seen])
    faulthandler.cancel_dump_traceback_later()
    return 0, found
