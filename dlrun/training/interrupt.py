"""Turns the first signal that asks for the end into a request that training answers in time."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

from dlrun.signals import WARNINGS, caught_signals, may_hurry, note_signal


@dataclass
class StopRequest:
    """Whether a signal has asked for the end, and which came first."""

    signal_number: int | None = None


@contextlib.contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Catch the first signal as a request; the second one ends the process at once."""
    # A warning of a scheduler is no first one: the signal that follows it may come before the
    # request is answered.
    request = StopRequest()
    previous = {number: signal.getsignal(number) for number in caught_signals()}

    def note(number: int, _frame: FrameType | None) -> None:
        note_signal(number)
        request.signal_number = request.signal_number or number
        if may_hurry(number):
            # The operating system's own action needs no turn of the interpreter, which may be busy.
            for other in previous:
                signal.signal(other, signal.SIG_IGN if other in WARNINGS else signal.SIG_DFL)

    for number in previous:
        signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
