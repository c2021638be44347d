"""A copy of the resident process that becomes the process that asked for it."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from dlrun.resident.rehearsal import rehearse
from dlrun.signals import asking_signal
from dlrun.warm import wire
from dlrun.warm.client import end_by_signal
from dlrun.warm.standby import NotThisProcessError, note_computed

Request = Mapping[str, Sequence[bytes]]

GRACE_SECONDS = 4.0
"""How long a command may take to end in good order after its caller was killed."""
MOST_COMMANDS = 256
"""A process that keeps its graphs runs so many: each leaves something, 0.1 MB of a small model."""

FREE = b"f"
"""What a copy says to the resident process once it can run a command line."""

_STANDARD = 3
_HIGH = 512
"""From which number on this process opens files of its own: lower ones are the caller's."""


@dataclass
class Call:
    """A command line that a caller wants to be run."""

    request: Request
    files: list[int]  # those that the request names, and the caller's folder
    connection: socket.socket  # gets `ready`, then, once the caller has answered, the exit `code`


def be_child(channel: socket.socket, call: Call | None) -> NoReturn:
    """Run a command line as its caller would, and others that the resident process sends.

    Without a `call` at first, this process makes itself ready for the next one.
    """
    code = 1
    try:
        os.setpgid(0, 0)
        channel = _high(channel)
        held = [channel]
        # The processes of a sweep, which this one forks, have no business with either.
        os.register_at_fork(after_in_child=lambda: _close(held))
        if call is None:
            rehearse()
            _heed_signals()
            channel.sendall(FREE)
            call = _next_call(channel)
        left = MOST_COMMANDS
        while call is not None:
            left -= 1
            call.connection = _high(call.connection)
            call.connection.settimeout(None)
            held[1:] = [call.connection]
            _run_for(call, channel, is_last=not left)
            gc.collect()  # a model holds itself in circles
            call = _next_call(channel)
        code = 0
    except BaseException:  # noqa: BLE001, S110 - stderr may be the caller's, who does it again
        pass
    finally:
        os._exit(code)


def _next_call(channel: socket.socket) -> Call | None:
    """Wait for another command line; None where there will be none."""
    request, files = wire.receive(channel)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return Call(request, files, socket.socket(fileno=files.pop())) if request else None


def _close(held: Sequence[socket.socket]) -> None:
    for one in held:
        one.close()


def _high(opened: socket.socket) -> socket.socket:
    """Move a socket out of the way of the caller's files."""
    number = _copy_high(opened.fileno())
    opened.close()
    return socket.socket(fileno=number)


def _copy_high(number: int) -> int:
    import fcntl

    return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH)


def _run_for(call: Call, channel: socket.socket, *, is_last: bool) -> None:
    """Run one command line; return where this process is worth keeping, else leave it."""
    connection = call.connection
    try:
        become(call.request, call.files)
        wire.send(connection, {"ready": [b"%d" % os.getpid()]})
        is_wanted = bool(connection.recv(1)) and _watch(connection)
    except OSError:
        is_wanted = False
    if not is_wanted:
        os._exit(1)  # the caller does it without us
    code = _run_command(set(map(int, call.request["blocked"])))
    if code is None:
        _say(connection, {wire.ANOTHER: []})
        os._exit(0)
    # After an error, or a signal, a process is not to be trusted with another run.
    if code or is_last or not _keeps_graphs():
        _say(connection, {"code": [b"%d" % code]})
        os._exit(code)
    _note_threads()
    _let_go()
    # In this order: whoever comes next finds that this process is free.
    with contextlib.suppress(OSError):
        channel.sendall(FREE)
    _say(connection, {"code": [b"%d" % code]})
    connection.close()


def _run_command(blocked: set[int]) -> int | None:
    """Run the command line of this process, and give the exit code; None: another one must.

    Signals, but for those that its caller has blocked, reach it meanwhile, and neither before nor
    after: what ends it then is told, and not what this module does.
    """
    from dlrun.cli import main
    from dlrun.execution.assembly import keep_graphs

    if sys.argv[1:2] == ["train"]:
        keep_graphs()
    code: int | None = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        code = main()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
    except NotThisProcessError:
        code = None
    except KeyboardInterrupt:  # as Python itself ends by it
        end_by_signal(signal.SIGINT)
    except BaseException:  # noqa: BLE001 - as Python itself shows it
        sys.excepthook(*sys.exc_info())
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return None if code is None else code & 0xFF


def _say(connection: socket.socket, last: wire.Message) -> None:
    """Say the last word on a command line to its caller."""
    _unwatch(connection)
    with contextlib.suppress(OSError):
        wire.send(connection, last)


def _keeps_graphs() -> bool:
    from dlrun.execution.assembly import kept_graphs

    return (cache := kept_graphs()) is not None and cache.is_filled


def become(request: Request, files: list[int]) -> None:
    """Take on all that makes a process: what `dlrun.warm.caller` tells, and its open files."""
    *given, here = files
    _take_files(given, [int(number) for number in request["files"]])
    os.fchdir(here)
    os.close(here)
    os.umask(int(request["umask"][0]))
    _take_limits(request["limits"])
    if (more := int(request["nice"][0]) - os.getpriority(os.PRIO_PROCESS, 0)) > 0:
        os.nice(more)
    _take_environment(request["environ"])
    sys.argv[:] = map(os.fsdecode, request["argv"])
    sys.orig_argv[:] = map(os.fsdecode, request["orig_argv"])
    sys.path[:] = map(os.fsdecode, request["path"])
    _open_streams(is_unbuffered=request["unbuffered"] == [b"1"])
    _forget_the_parent()
    _take_signals(request)


def _take_files(given: Sequence[int], wanted: Sequence[int]) -> None:
    """Give open files the numbers that they have in the caller's process; all others are closed."""
    held = [_copy_high(number) for number in given]
    for number in given:
        os.close(number)
    for number in range(_STANDARD):
        with contextlib.suppress(OSError):
            os.close(number)
    for number, target in zip(held, wanted, strict=True):
        os.dup2(number, target, inheritable=True)
        os.close(number)


def _take_limits(limits: Sequence[bytes]) -> None:
    import resource

    for text in limits:
        name, soft, hard = text.decode().split(":")
        limit = getattr(resource, name)
        if resource.getrlimit(limit) != (int(soft), int(hard)):
            resource.setrlimit(limit, (int(soft), int(hard)))


def _take_environment(environ: Sequence[bytes]) -> None:
    from dlrun.backend import PINNED

    os.environb.clear()
    os.environb.update(dict(one.split(b"=", 1) for one in environ))
    for name, text in PINNED.items():
        os.putenv(name, text)  # what is written in C reads it there, as after the import
    time.tzset()


def _open_streams(*, is_unbuffered: bool) -> None:
    """Make the standard streams anew, as a Python that starts makes them; None for closed ones."""
    kinds = {"stdin": ("r", sys.__stdin__), "stdout": ("w", sys.__stdout__), "stderr": ("w", None)}
    for number, (name, (mode, like)) in enumerate(kinds.items()):
        stream = _open_stream(number, mode, like, is_unbuffered=is_unbuffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _open_stream(number: int, mode: str, like: Any, *, is_unbuffered: bool) -> Any:
    try:
        raw = io.FileIO(number, mode, closefd=False)
    except OSError:
        return None
    encoding, errors = _FORM
    buffered: Any = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    raw.name = f"<{('stdin', 'stdout', 'stderr')[number]}>"
    return io.TextIOWrapper(
        buffered,
        encoding=encoding,
        errors="backslashreplace" if number == _STANDARD - 1 else errors,
        newline="\n" if mode == "w" else None,
        line_buffering=like is None or raw.isatty(),
        write_through=mode == "w" and is_unbuffered,
    )


_FORM = (
    (sys.__stdout__.encoding, sys.__stdout__.errors or "strict")
    if sys.__stdout__ is not None
    else ("utf-8", "strict")
)
"""Encoding of the standard streams and what becomes of errors, as Python has found them."""


def _forget_the_parent() -> None:
    """Draw no number and no name that a brother draws too, and keep no folder of the parent's."""
    import numpy as np

    random.seed()
    np.random.seed()  # noqa: NPY002 - nobody may count on it, and so it must not be the same
    tempfile.tempdir = None


def _take_signals(request: Request) -> None:
    ignored = set(map(int, request["ignored"]))
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        handler: Any = signal.SIG_IGN if number in ignored else signal.SIG_DFL
        if number == signal.SIGINT and number not in ignored:
            handler = signal.default_int_handler
        with contextlib.suppress(OSError):  # two are the C library's own
            signal.signal(number, handler)


def _watch(connection: socket.socket) -> bool:
    """Let the kernel tell this process when its caller is gone: no thread has to wait for it.

    Gives False where it is gone already.
    """
    import fcntl

    def end(_number: int, _frame: FrameType | None) -> None:
        # The kernel may be late to tell of the last byte that came, and was read before.
        if _is_there(connection):
            return
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
        signal.raise_signal(asking_signal())

    signal.signal(signal.SIGIO, end)
    fcntl.fcntl(connection.fileno(), fcntl.F_SETOWN, os.getpid())
    _set_async(connection, on=True)
    return _is_there(connection)


def _is_there(caller: socket.socket) -> bool:
    try:
        return bool(caller.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _unwatch(connection: socket.socket) -> None:
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    _set_async(connection, on=False)


def _set_async(connection: socket.socket, *, on: bool) -> None:
    import fcntl

    flags = fcntl.fcntl(connection.fileno(), fcntl.F_GETFL)
    flags = flags | os.O_ASYNC if on else flags & ~os.O_ASYNC
    fcntl.fcntl(connection.fileno(), fcntl.F_SETFL, flags)


def _note_threads() -> None:
    from dlrun.backend import tf

    note_computed(tf.config.threading.get_intra_op_parallelism_threads())


def _let_go() -> None:
    """Keep nothing of the caller's: its files, its folder, its environment, its signals."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(_STANDARD):
        os.dup2(nothing, number)
    os.close(nothing)
    for text in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            if os.get_inheritable(number := int(text)) and number >= _STANDARD:
                os.close(number)
    os.chdir("/")
    os.environb.clear()
    sys.argv[1:], sys.orig_argv[1:] = [], []
    _heed_signals()


def _heed_signals() -> None:
    """End by signals while there is no command that they could be for."""
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(one, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
