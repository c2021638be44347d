"""Hands a command line to the resident process, and stands for it before shell and terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from dlrun.warm import place
from dlrun.warm.caller import facts, open_files, waits_for_terminal

TYPE_CHECKING = False  # to import `typing` takes 2 ms
if TYPE_CHECKING:
    import _socket as socket
    from types import FrameType

VARIABLE = "DLRUN_WARM"
"""`1` starts a resident process with the first command, `0` takes none."""
MINUTES = 10.0
"""After how long without a command a resident process ends, unless it is told otherwise."""
READY, ANOTHER = "ready", "another one is being started"
"""What a resident process says to whoever has started it."""

_GO = b"g"
_TO_ALL = ("SIGINT", "SIGQUIT", "SIGWINCH")
"""What a terminal sends to all processes of a command, its subprocesses too."""
_RELAYED = (*_TO_ALL, "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGALRM", "SIGABRT")
_STOPPING_SECONDS = 0.5


def try_resident(words: list[str]) -> None:
    """Let the resident process run a command line, and end as it ends; return if none can."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted == "0" or words[:1] == ["warm"] or not place.is_supported():
        return
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return  # a debugger, or what measures coverage, looks into this process
    files = open_files()
    connection = place.connect()
    if connection is None:
        if wanted == "1":
            start_resident()
        return
    # A signal waits until it is known which process it is for.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    asked = facts(files)
    held = {signal.Signals[name] for name in (*_RELAYED, "SIGTSTP", "SIGCONT")}
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    with contextlib.closing(connection):
        is_left = not waits_for_terminal(words) and _let_run(connection, asked, files, before)
    if is_left and (other := place.connect()) is not None:
        from dlrun.warm import wire

        with contextlib.closing(other):
            _let_run(other, {**asked, wire.UNTOUCHED: [b"1"]}, files, before)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _let_run(
    connection: socket.socket, asked: dict[str, list[bytes]], files: list[int], mask: object
) -> bool:
    """Let a copy run this command line, and end as it ends.

    Return where none does: true if one has begun, and leaves it to another one.
    """
    pid = _ask(connection, asked, files)
    if pid is None:
        return False
    _stand_for(pid, connection, mask)
    return True


def _ask(connection: socket.socket, asked: dict[str, list[bytes]], files: list[int]) -> int | None:
    """Ask for a copy that runs a command line: its process, once it is about to begin."""
    from dlrun.warm import wire

    if len(files) >= wire.MOST_FILES:
        return None
    try:
        here = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    request = {"ask": [wire.COMMAND], "identity": place.identity(), **asked}
    try:
        wire.send(connection, request, [*files, here])
        answer, _ = wire.receive(connection)
        if "ready" not in answer:
            return None
        connection.sendall(_GO)  # from here on nobody else runs it
        return int(answer["ready"][0])
    except (OSError, ValueError):
        return None
    finally:
        os.close(here)


def _stand_for(pid: int, connection: socket.socket, mask: object) -> None:
    """Pass signals on to a process, wait for its end, and end likewise.

    Return, with signals held again, where it leaves its command line to another process.
    """
    from dlrun.warm import wire

    connection.settimeout(None)
    relay = _Relay(pid)
    relay.begin()
    held = signal.pthread_sigmask(signal.SIG_SETMASK, mask)  # type: ignore[arg-type]
    ended: dict[str, list[bytes]] = {}
    with contextlib.suppress(OSError, ValueError):
        ended, _ = wire.receive(connection)
    if wire.ANOTHER in ended:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        relay.end()
        return
    if "code" in ended:
        os._exit(int(ended["code"][0]))
    # Nothing is said by what was killed at once, and the resident process with it.
    end_by_signal(int(ended["killed"][0]) if "killed" in ended else signal.SIGKILL)


class _Relay:
    """Passes signals on to another process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before: dict[signal.Signals, object] = {}
        self._passed: list[int] = []
        self._handle: int | None = None
        with contextlib.suppress(OSError):
            self._handle = os.pidfd_open(pid)

    def begin(self) -> None:
        """Catch all signals that are not to be ignored."""
        catching = {
            **{signal.Signals[name]: self._pass_on for name in _RELAYED},
            signal.SIGTSTP: self._stop,
            signal.SIGCONT: self._go_on,
        }
        for number, handler in catching.items():
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, handler)

    def end(self) -> None:
        """Catch them no more; what the process has not heeded is for this one again."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        for passed in self._passed:
            os.kill(os.getpid(), passed)
        if self._handle is not None:
            os.close(self._handle)

    def _pass_on(self, number: int, _frame: FrameType | None = None) -> None:
        self._passed.append(number)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if signal.Signals(number).name in _TO_ALL:
                os.killpg(self._pid, number)
            elif self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Stop both, the other process first: what it writes must not follow the shell's prompt."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # The milder signal would pass by a group whose parent is gone.
            os.killpg(self._pid, signal.SIGSTOP)
        deadline = time.monotonic() + _STOPPING_SECONDS
        while time.monotonic() < deadline and not _is_stopped(self._pid):
            time.sleep(0.001)
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
        # Here it goes on, some time later.
        signal.signal(number, self._stop)
        self._go_on(signal.SIGCONT)

    def _go_on(self, number: int, _frame: FrameType | None = None) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)


def _is_stopped(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - `pathlib` takes 8 ms
            return file.read().rpartition(b")")[2].split()[0] in (b"T", b"Z", b"X")
    except OSError:
        return True


def end_by_signal(number: int) -> None:
    """End this process as a signal ends it that nobody catches; never returns."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def resident_command(minutes: float) -> list[str]:
    """Return the arguments of a resident process for the commands of this Python."""
    from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]

    flags = _args_from_interpreter_flags()
    return [sys.executable, *flags, "-m", "dlrun.resident", str(minutes * 60)]


def start_resident() -> None:
    """Start a resident process, which needs seconds to be there, unless one is on its way."""
    import fcntl

    with contextlib.suppress(OSError):
        opened = place.open_folder(create=True)
        try:
            lock = os.open(
                f"{place.name()}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=opened
            )
        finally:
            os.close(opened)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(lock)
        nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        words = resident_command(MINUTES)
        os.posix_spawn(words[0], words, os.environ, file_actions=nothing, setsid=True)
