"""What a signal does while no training catches it: end the command so that a run is closed."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from dlrun.errors import DlrunError
from dlrun.signals import caught_signals, end_on_signal, forget_signals, received_signal

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn signals that kill into `SystemExit(128 + number)`, so that a run can close its record.

    SIGINT stays a `KeyboardInterrupt`. A signal that is ignored (`nohup`) stays ignored. Outside of
    the main thread nothing changes.
    """
    before = {}
    with contextlib.suppress(ValueError):  # not the main thread
        for number in caught_signals():
            if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
                before[number] = signal.signal(number, end_on_signal)
    try:
        yield
    except DlrunError:
        raise
    except Exception as error:
        number_of_error = received_signal(error)
        if number_of_error is not None:
            raise SystemExit(128 + number_of_error) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        forget_signals()
