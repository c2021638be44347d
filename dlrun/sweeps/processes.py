"""Processes that work for a sweep: forked ones on a CPU, new ones on a GPU.

Each takes one task after the other, and sends events of its work; both are lines of JSON in pipes.
A forked child shares the TensorFlow that its parent has imported, and trains within a tenth of a
second. That works as long as the parent never runs an operation: threads and devices do not survive
a fork. On a GPU, and where a system cannot fork, a child is a new Python, which imports everything
again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from dlrun.signals import (
    CAUGHT,
    asking_signal,
    be_led,
    caught_signals,
    end_on_signal,
    forget_signals,
    received_signal,
)

Send = Callable[[Mapping[str, Any]], None]
Work = Callable[[Iterator[dict[str, Any]], Send], int]

_PIPE_BYTES = 2**16
_SELECTS_PIPES = os.name != "nt"
"""Whether selectors watch pipes; those of Windows watch nothing but sockets."""
_TAIL_BYTES = 2000
MOST_TASKS = 16
"""A process takes so many: the first costs half as much again, and each leaves something."""
_CRASHED = 1
SIGNALLED = 128
"""Added to the number of a signal it is the exit code of what ended in good order because of it."""


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    code: int  # minus the number of the signal that killed it
    last_words: str  # the end of what it wrote to stderr


class Child:
    """A process at work, with this end of the pipes of its tasks and of its events."""

    def __init__(
        self, pid: int, tasks: int, events: int, stderr: IO[bytes], wait: Callable[[], int]
    ) -> None:
        self.pid = pid
        self._tasks: int | None = tasks
        self._stderr = stderr
        self._wait = wait
        self._rest = b""
        self._socket = None if _SELECTS_PIPES else _as_socket(events)
        if self._socket is None:
            os.set_blocking(events, False)
        self.events = events if self._socket is None else self._socket.fileno()

    @property
    def descriptors(self) -> list[int]:
        """The files that are open here for it: no other child may keep them open."""
        return [self.events, *([] if self._tasks is None else [self._tasks])]

    def give(self, task: Mapping[str, Any]) -> None:
        """Give it a task, as JSON can express it; that it has died its events will say."""
        if self._tasks is not None:
            with contextlib.suppress(BrokenPipeError):
                _write(self._tasks, task)

    def dismiss(self) -> None:
        """Let it end when it has done its task: there will be no other."""
        tasks, self._tasks = self._tasks, None
        if tasks is not None:
            os.close(tasks)

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """Read the complete events, and whether the pipe is closed, so that `end` will not wait."""
        lines: list[bytes] = []
        is_closed = False
        with contextlib.suppress(BlockingIOError):
            while piece := self._receive():
                *complete, self._rest = (self._rest + piece).split(b"\n")
                lines += complete
            is_closed = True
        return [json.loads(line) for line in lines], is_closed

    def _receive(self) -> bytes:
        if self._socket is not None:
            return self._socket.recv(_PIPE_BYTES)
        return os.read(self.events, _PIPE_BYTES)

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self) -> Ended:
        """Wait for its end, and free what it holds here."""
        self.dismiss()
        code = self._wait()
        if self._socket is None:
            os.close(self.events)
        else:
            self._socket.close()
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(self._stderr.tell() - _TAIL_BYTES, 0))
        words = self._stderr.read().decode("utf-8", "replace")
        self._stderr.close()
        return Ended(code, words)


def can_fork() -> bool:
    """Say whether this system copies processes."""
    return hasattr(os, "fork")


def _as_socket(pipe: int) -> socket.socket:
    """Let a thread hand on what comes through a pipe, and the end of it, to a socket."""
    ours, theirs = socket.socketpair()

    def hand_on() -> None:
        with contextlib.suppress(OSError), theirs:
            while piece := os.read(pipe, _PIPE_BYTES):
                theirs.sendall(piece)
        os.close(pipe)

    ours.setblocking(False)
    threading.Thread(target=hand_on, daemon=True).start()
    return ours


def fork(work: Work, *, closing: Iterable[int] = ()) -> Child:
    """Work in a copy of this process, which does not keep the open files `closing`.

    `work` takes the tasks, one after the other, and the function that sends events; it returns the
    exit code. The child leads a process group of its own: what a terminal sends its parent, the
    parent passes on.
    """
    taken, tasks = os.pipe()
    events, sent = os.pipe()
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the child
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal waits until the child is no longer its parent, and the parent knows its child.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, CAUGHT)
    try:
        pid = os.fork()
        if pid == 0:
            _be_the_child(work, taken, sent, stderr.fileno(), [tasks, events, *closing])
        os.close(taken)
        os.close(sent)
        return Child(pid, tasks, events, stderr, lambda: _code_of_forked(pid))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _code_of_forked(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def spawn(module: str, *, env: Mapping[str, str] | None = None) -> Child:
    """Work in a new process that runs a module as `python -m` does; `at_work` is to be its main.

    Its tasks come through its stdin, and its events go through its stdout: all systems know those.
    `env` are its variables, None for those of this process.
    """
    taken, tasks = os.pipe()
    events, sent = os.pipe()
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the child
    process = subprocess.Popen(  # noqa: S603 - this Python, a module of dlrun
        [sys.executable, "-m", module],
        stdin=taken,
        stdout=sent,
        stderr=stderr,
        env=None if env is None else dict(env),
        process_group=0,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    os.close(taken)
    os.close(sent)
    return Child(process.pid, tasks, events, stderr, process.wait)


def at_work(work: Work) -> int:
    """Be the child of `spawn`; gives the exit code of the work, see `fork`."""
    taken, sent = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)  # what is printed is no event
    _end_on_signals()
    try:
        return work(_tasks(taken), _sender(sent))
    except BaseException as error:  # noqa: BLE001 - the parent reads it
        return _code_of(error)


def _code_of(error: BaseException) -> int:
    """The exit code of what has ended the work: a signal, else a crash, which stderr describes."""
    number = received_signal(error)
    if number is not None:
        return SIGNALLED + number
    sys.excepthook(type(error), error, error.__traceback__)
    return _CRASHED


def _tasks(taken: int) -> Iterator[dict[str, Any]]:
    """The tasks that come through a pipe, until the parent closes it, or has died."""
    with open(taken, "rb") as lines:
        yield from map(json.loads, lines)


def _write(descriptor: int, value: Mapping[str, Any]) -> None:
    line = (json.dumps(value) + "\n").encode()
    while line:
        line = line[os.write(descriptor, line) :]


def _end_on_signals() -> None:
    """Let signals end this process in good order; those that are ignored (`nohup`) stay so."""
    forget_signals()
    be_led()
    for number in caught_signals():
        signal.signal(number, end_on_signal)


def _sender(sent: int) -> Send:
    """Write events to a pipe; where nobody reads any more, ask this process to end."""

    def send(event: Mapping[str, Any]) -> None:
        try:
            _write(sent, event)
        except BrokenPipeError:
            # The parent is gone: save what has been trained, and leave the run to its successor.
            signal.raise_signal(asking_signal())

    return send


def _be_the_child(work: Work, taken: int, sent: int, stderr: int, closing: Iterable[int]) -> None:
    """Do the work and leave, whatever happens."""
    code = _CRASHED
    try:
        os.setpgid(0, 0)
        _end_on_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CAUGHT)
        for descriptor in closing:
            os.close(descriptor)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(stderr, 1)
        os.dup2(stderr, 2)
        code = work(_tasks(taken), _sender(sent))
    except BaseException as error:  # noqa: BLE001 - the parent reads it
        code = _code_of(error)
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
