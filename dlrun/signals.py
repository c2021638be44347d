"""Which signal has asked this process to end, however a library words what it raises."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals on which a run is closed in good order."""

_received: list[int] = []


def note_signal(number: int) -> None:
    """Remember a signal; for its handler.

    Args:
        number: The signal.
    """
    _received.append(number)


def end_on_signal(number: int, _frame: FrameType | None) -> None:
    """End the work so that a run can close its record; a handler.

    Args:
        number: The signal.

    Raises:
        KeyboardInterrupt: It is SIGINT.
        SystemExit: It is another one: 128 and its number.
    """
    note_signal(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def raise_lost_signal() -> None:
    """Raise again what a signal has raised, where a library has kept it, as imports may.

    Raises:
        KeyboardInterrupt: See `end_on_signal`.
        SystemExit: See `end_on_signal`.
    """
    if _received:
        end_on_signal(_received[0], None)


def forget_signals() -> None:
    """Begin anew, as with the next command in the same process."""
    _received.clear()


def received_signal(error: BaseException) -> int | None:
    """Return the signal behind an exception.

    Args:
        error: What reached the end of the work, and is no error of dlrun's own.

    Returns:
        The number of the signal, or None where no signal caused the exception.
    """
    if isinstance(error, KeyboardInterrupt):
        return int(signal.SIGINT)
    if isinstance(error, SystemExit):
        numbers = {128 + number: int(number) for number in signal.Signals}
        return numbers.get(error.code) if isinstance(error.code, int) else None
    # TensorFlow makes an error of its own of what is raised inside of its calls.
    return _received[0] if _received else None
