"""What SIGTERM and SIGHUP do while no training catches them: end the command as Ctrl-C does."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn signals that kill into `SystemExit(128 + number)`, so that a run can close its record.

    A signal that is ignored (`nohup`) stays ignored. Outside of the main thread nothing changes.
    """
    changed = []
    with contextlib.suppress(ValueError):  # not the main thread
        for number in _SIGNALS:
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _end)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> None:
    """Leave, by an exception that no `except Exception` stops."""
    raise SystemExit(128 + number)
