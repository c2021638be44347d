"""What SIGTERM and SIGHUP do while no training catches them: end the command as Ctrl-C does."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from dlrun.errors import DlrunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn signals that kill into `SystemExit(128 + number)`, so that a run can close its record.

    A signal that is ignored (`nohup`) stays ignored. Outside of the main thread nothing changes.
    """
    changed, received = [], []

    def end(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise SystemExit(128 + number)

    with contextlib.suppress(ValueError):  # not the main thread
        for number in _SIGNALS:
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, end)
                changed.append(number)
    try:
        yield
    except DlrunError:
        raise
    except Exception as error:
        # TensorFlow makes an error of its own of what is raised inside of its calls.
        if received:
            raise SystemExit(128 + received[0]) from error
        raise
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
