"""Processes that work for a sweep: forked ones on a CPU, new ones on a GPU; each tells by lines.

A forked child shares the TensorFlow that its parent has imported, and trains within a tenth of a
second. That works as long as the parent never runs an operation: threads and devices do not survive
a fork. On a GPU a child is a new Python, which imports everything again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from dlrun.signals import CAUGHT, end_on_signal, forget_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Send = Callable[[Mapping[str, Any]], None]

_PIPE_BYTES = 2**16
_TAIL_BYTES = 2000
_CRASHED = 1


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes:
        code: Its exit code; minus the number of the signal that killed it.
        peak_bytes: The most memory that it had, what it shares with its parent included.
        last_words: The end of what it wrote to stderr.
    """

    code: int
    peak_bytes: int
    last_words: str


class Child:
    """A process that works, and what it tells.

    Args:
        pid: Its number.
        events: The reading end of its pipe.
        stderr: The file that holds what it writes to stderr.
    """

    def __init__(self, pid: int, events: int, stderr: IO[bytes]) -> None:
        self.pid = pid
        self.events = events
        self._stderr = stderr
        self._rest = b""
        os.set_blocking(events, False)

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """Read what it has told.

        Returns:
            The complete events; and whether it has closed the pipe, so that `end` will not wait.
        """
        lines: list[bytes] = []
        is_closed = False
        while True:
            try:
                piece = os.read(self.events, _PIPE_BYTES)
            except BlockingIOError:
                break
            if not piece:
                is_closed = True
                break
            *complete, self._rest = (self._rest + piece).split(b"\n")
            lines += complete
        return [json.loads(line) for line in lines], is_closed

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self) -> Ended:
        """Wait for its end, and free what it holds here."""
        _, status, usage = os.wait4(self.pid, 0)
        os.close(self.events)
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(self._stderr.tell() - _TAIL_BYTES, 0))
        words = self._stderr.read().decode("utf-8", "replace")
        self._stderr.close()
        unit = 1 if sys.platform == "darwin" else 1024
        return Ended(os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit, words)


def fork(work: Callable[[Send], int], *, closing: Iterable[int] = ()) -> Child:
    """Work in a copy of this process.

    Args:
        work: Does the work in the child; tells events by the function that it is given, and
            returns the exit code.
        closing: Open files of this process that the child must not keep open.

    Returns:
        The child. It leads a process group of its own: what a terminal sends its parent, the
        parent passes on.
    """
    reader, writer = os.pipe()
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the child
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _be_the_child(work, writer, stderr.fileno(), [reader, *closing])
    os.close(writer)
    return Child(pid, reader, stderr)


def spawn(module: str, task: Mapping[str, Any]) -> Child:
    """Work in a new process.

    Args:
        module: What it runs, as `python -m` does; `told_by_parent` gives it task and pipe.
        task: What it is to do, as JSON can express it.
    """
    reader, writer = os.pipe()
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the child
    with tempfile.TemporaryFile() as told:
        told.write(json.dumps(task).encode())
        told.seek(0)
        process = subprocess.Popen(  # noqa: S603 - this Python, a module of dlrun
            [sys.executable, "-m", module, str(writer)],
            stdin=told,
            stdout=stderr,
            stderr=stderr,
            pass_fds=[writer],
            process_group=0,
        )
    os.close(writer)
    # It is waited for by its number, with what the system knows of its memory.
    process.returncode = 0
    return Child(process.pid, reader, stderr)


def told_by_parent() -> tuple[dict[str, Any], Send]:
    """Be the child of `spawn`: read the task, and find the pipe.

    Returns:
        The task; and the function that tells events.
    """
    writer = int(sys.argv[1])
    os.set_inheritable(writer, False)
    _end_on_signals()
    return json.load(sys.stdin), _sender(writer)


def _end_on_signals() -> None:
    """Let signals end this process in good order; those that are ignored (`nohup`) stay so."""
    forget_signals()
    for number in CAUGHT:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end_on_signal)


def _sender(writer: int) -> Send:
    """Write events to a pipe; where nobody reads any more, ask this process to end."""

    def send(event: Mapping[str, Any]) -> None:
        line = (json.dumps(event) + "\n").encode()
        try:
            while line:
                line = line[os.write(writer, line) :]
        except BrokenPipeError:
            # The parent is gone: save what has been trained, and leave the run to its successor.
            os.kill(os.getpid(), signal.SIGTERM)

    return send


def _be_the_child(
    work: Callable[[Send], int], writer: int, stderr: int, closing: Iterable[int]
) -> None:
    """Do the work and leave, whatever happens."""
    code = _CRASHED
    try:
        os.setpgid(0, 0)
        _end_on_signals()
        for descriptor in closing:
            os.close(descriptor)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(stderr, 1)
        os.dup2(stderr, 2)
        code = work(_sender(writer))
    except BaseException:  # noqa: BLE001 - the parent reads it
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
