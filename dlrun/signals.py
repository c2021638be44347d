"""Which signal has asked this process to end, however a library words what it raises."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType


def _there(*names: str) -> tuple[signal.Signals, ...]:
    """Those of the signals that this system knows."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


WARNINGS = _there("SIGUSR1", "SIGUSR2", "SIGXCPU")
"""By which schedulers announce the end of a job; they may come again, and hurry nobody."""

CAUGHT = (*_there("SIGTERM", "SIGINT", "SIGHUP"), *WARNINGS)
"""The signals on which a run is closed in good order, unless they were ignored at the start."""

_received: list[int] = []  # the signals that have become exceptions
_told: list[int] = []  # all signals since the command began
_led: list[int] = []  # what alone hurries this process; empty where every second signal does


AT_ONCE = _there("SIGKILL", "SIGTERM")[0]
"""The signal that ends a process whatever it does; on Windows every signal does."""


def caught_signals() -> list[signal.Signals]:
    """Return those of `CAUGHT` that are not ignored, as `nohup` lets SIGHUP be: they stay so."""
    return [number for number in CAUGHT if signal.getsignal(number) != signal.SIG_IGN]


def asking_signal() -> int:
    """Return the signal by which a process asks its children, or itself, to end in good order."""
    # Children ignore what their parent was to ignore.
    return next(iter(caught_signals()), AT_ONCE)


def be_led() -> None:
    """Leave it to the parent of this process to end it at once; a second signal does not."""
    # Who ends a whole job sends each signal to parent and child, and the parent passes it on.
    _led.append(AT_ONCE)


def note_signal(number: int) -> None:
    """Remember that the end has begun; for a handler."""
    _told.append(number)


def may_hurry(number: int) -> bool:
    """Say whether a second signal ends the process at once: no warning; none where it is led."""
    return not _led and number not in WARNINGS


def end_on_signal(number: int, _frame: FrameType | None) -> None:
    """End the work by an exception, so that a run can close its record; a handler."""
    if _told and not may_hurry(number):
        return
    note_signal(number)
    _received.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def raise_lost_signal() -> None:
    """Raise again what a signal has raised, where a library has kept it, as imports may."""
    if _received:
        end_on_signal(_received[0], None)


def forget_signals() -> None:
    """Begin anew, as with the next command in the same process."""
    _received.clear()
    _told.clear()


def received_signal(error: BaseException) -> int | None:
    """Return the signal behind an exception that is no error of dlrun's own, if there is one."""
    if isinstance(error, KeyboardInterrupt):
        return int(signal.SIGINT)
    if isinstance(error, SystemExit):
        numbers = {128 + number: int(number) for number in signal.Signals}
        return numbers.get(error.code) if isinstance(error.code, int) else None
    # TensorFlow makes an error of its own of what is raised inside of its calls.
    return _received[0] if _received else None


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
