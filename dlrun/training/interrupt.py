"""Turns the first SIGINT, SIGTERM or SIGHUP into a request that training answers in time."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether a signal has asked for the end, and which.

    Attributes:
        signal_number: The first signal received, or None.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None


@contextlib.contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Catch the first signal as a request; the second one ends the process at once.

    Yields:
        The request, to be looked at between two stretches of training.
    """
    request = StopRequest()
    previous = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, _frame: FrameType | None) -> None:
        request.signal_number = number
        # The operating system's own action needs no turn of the interpreter, which may be busy.
        for other in SIGNALS:
            signal.signal(other, signal.SIG_DFL)

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
