"""Listens for command lines, copies this process for each, and tells how the copies end."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from dlrun.resident.child import GRACE_SECONDS, Call, Request, be_child
from dlrun.resident.fitness import Fitness
from dlrun.resident.installation import Installation
from dlrun.resident.kept import kind_of
from dlrun.resident.rehearsal import suits
from dlrun.warm import place, wire

KEEP_SECONDS = 10.0
"""How long a process waits for another training of its kind."""
MOST_KEPT = 2
_BACKLOG = 64
_CLIENT_SECONDS = 2.0
"""How long this process, which does one thing at a time, waits for a client to have its say."""
_QUIET_SECONDS = 1.0
"""How long a command has begun before an only core makes a copy ready for the next one."""
_LOOK_SECONDS = 30.0
"""How often it is looked whether the installation has changed while nobody asks for anything."""


@dataclass
class Copy:
    """A copy of this process: at work for a client, or waiting for the next one."""

    pid: int
    channel: socket.socket  # to it
    kind: str | None = None  # of the command lines that it could take over
    client: socket.socket | None = None  # None while it waits
    until: float | None = None  # when it is dismissed, or ended by force


@dataclass
class Server:
    """The loop of the resident process, which leaves when it is idle, told, or out of date."""

    fitness: Fitness
    installation: Installation
    folder: int  # open, of the socket
    lock: int  # open, of this process alone
    idle_seconds: float
    served: int = 0
    refused: int = 0
    refusal: str = ""  # the last one
    _copies: dict[int, Copy] = field(default_factory=dict)
    _standby: Copy | None = None  # made before anybody asks for it, for any command line
    _is_standby_ready: bool = False
    _standby_at: float = 0.0  # when the next one is to be made, now at first
    _has_spare_core: bool = field(default_factory=lambda: len(os.sched_getaffinity(0)) > 1)
    _used: float = field(default_factory=time.monotonic)
    _is_leaving: bool = False

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._selector = selectors.DefaultSelector()
        self._hangups = select.epoll()
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._leave())
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place.name(), dir_fd=self.folder)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(place.address(self.folder))
        self._listener.listen(_BACKLOG)
        self._selector.register(self._woken, selectors.EVENT_READ, self._reap)
        self._selector.register(self._hangups, selectors.EVENT_READ, self._lose)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Listen no more."""
        self._leave()

    def serve(self) -> None:
        """Do what is asked for until nothing is left to do, and no copy works."""
        looked = time.monotonic()
        while not self._is_leaving or any(one.client for one in self._copies.values()):
            ready = self._selector.select(self._patience())
            # Who is free again is known before somebody asks for it.
            for key, _ in sorted(ready, key=lambda one: one[0].fileobj is self._listener):
                if self._selector.get_map().get(key.fd) is key:
                    key.data()
            now = time.monotonic()
            self._end_overdue(now)
            if now >= self._standby_at:
                self._prepare_standby()
            if now > looked + _LOOK_SECONDS and not self._is_leaving:
                looked = now
                if not self.installation.is_current():
                    self._leave()
            if self._is_idle(now):
                self._leave()

    def _is_idle(self, now: float) -> bool:
        is_working = any(one.client for one in self._copies.values())
        return not is_working and now > self._used + self.idle_seconds

    def _patience(self) -> float:
        now = time.monotonic()
        ends = [one.until for one in self._copies.values() if one.until is not None]
        ends.append(self._standby_at)
        if not any(one.client for one in self._copies.values()):
            ends.append(self._used + self.idle_seconds)
        return max(min([now + _LOOK_SECONDS, *ends]) - now, 0.01)

    def _leave(self) -> None:
        """Take no more commands; those at work go on."""
        if self._is_leaving:
            return
        self._is_leaving = True
        with contextlib.suppress(OSError):
            os.unlink(place.name(), dir_fd=self.folder)
        self._selector.unregister(self._listener)
        self._listener.close()
        for copy in list(self._copies.values()):
            if copy.client is None:
                self._dismiss(copy)

    def _accept(self) -> None:
        """Hear what a client asks for; whatever is wrong with it is its own affair."""
        files: list[int] = []
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        client.settimeout(_CLIENT_SECONDS)
        is_taken = False
        try:
            if place.is_own(client):
                request, files = wire.receive(client)
                is_taken = self._answer(client, request, files)
        except (OSError, ValueError, KeyError, IndexError):
            pass
        finally:
            wire.close_all(files)
            if not is_taken:
                client.close()

    def _answer(self, client: socket.socket, request: Request, files: list[int]) -> bool:
        """Do what is asked for; True if the connection is needed any further."""
        asked = request["ask"][0]
        if asked == wire.STATUS:
            if request.get("idle"):
                self.idle_seconds = float(request["idle"][0])
            wire.send(client, self._status())
        elif asked == wire.STOP:
            wire.send(client, self._status())
            self._leave()
        elif asked == wire.COMMAND:
            self._used = time.monotonic()
            why = self._obstacle(client, request)
            if why is None:
                # One that was left by another copy is asked for again.
                self.served += wire.UNTOUCHED not in request
                self._run(Call(request, files, client))
                if self._standby is None:
                    self._standby_at = self._used + (0 if self._has_spare_core else _QUIET_SECONDS)
                return True
            self.refused += 1
            self.refusal = why
            wire.send(client, {"refused": [why.encode("utf-8", "replace")]})
        return False

    def _obstacle(self, client: socket.socket, request: Request) -> str | None:
        if not self.installation.is_current():
            self._leave()
            return "the installation has changed"
        return self.fitness.obstacle(request, place.peer(client)[0])

    def _status(self) -> dict[str, list[bytes]]:
        now = time.monotonic()
        working = sum(one.client is not None for one in self._copies.values())
        kept = sum(one.client is None and one.kind is not None for one in self._copies.values())
        standby = self._standby if self._is_standby_ready else None
        left = max(self._used + self.idle_seconds - now, 0)
        facts: dict[str, Any] = {
            "pid": os.getpid(), "served": self.served, "refused": self.refused,
            "working": working, "kept": kept, "standby": 0 if standby is None else standby.pid,
            "idle_seconds": self.idle_seconds, "seconds_left": left, "refusal": self.refusal,
            "memory_mb": _memory_mb(),
        }  # fmt: skip
        return {name: [str(value).encode()] for name, value in facts.items()}

    def _run(self, call: Call) -> None:
        """Let a copy run a command line: one that is kept for its kind, else the next best."""
        kind = kind_of(call.request, call.files[-1])
        if kind is not None and wire.UNTOUCHED not in call.request:
            kept = [one for one in self._copies.values() if (one.client, one.kind) == (None, kind)]
            if any(self._hand_over(call, copy) for copy in kept):
                return
        standby = self._standby
        if standby is not None and self._is_standby_ready and suits(call.request, self.fitness):
            self._standby = None
            standby.kind = kind
            if self._hand_over(call, standby):
                return
        self._fork(call).kind = kind

    def _hand_over(self, call: Call, copy: Copy) -> bool:
        """Give a command line to a copy that waits; False if it cannot be reached."""
        copy.until = None
        self._watch(copy, call.connection)  # before: who has no client may be dismissed meanwhile
        try:
            wire.send(copy.channel, call.request, [*call.files, call.connection.fileno()])
        except OSError:  # it may have read a part of it, and holds what came with it
            self._hangups.unregister(call.connection)
            copy.client = copy.kind = None
            with contextlib.suppress(ProcessLookupError):
                os.kill(copy.pid, signal.SIGKILL)
            return False
        return True

    def _prepare_standby(self) -> None:
        """Let a copy make itself ready for whatever comes next, unless there is one."""
        self._standby_at = float("inf")
        if self._standby is None and not self._is_leaving:
            self._is_standby_ready = False
            self._standby = self._fork(None)

    def _fork(self, call: Call | None) -> Copy:
        ours, theirs = socket.socketpair()
        # What is sent to the copy is not for this process's handlers.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                self._close_all([ours])
                be_child(theirs, call)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        ours.settimeout(_CLIENT_SECONDS)
        copy = Copy(pid, ours)
        if call is not None:
            self._watch(copy, call.connection)
        self._copies[pid] = copy
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(copy))
        return copy

    def _watch(self, copy: Copy, client: socket.socket) -> None:
        copy.client = client
        # What it says is for the copy; a closed end is told without being asked for.
        self._hangups.register(client, 0)

    def _close_all(self, others: Sequence[socket.socket]) -> None:
        """In a copy: close what belongs to this process alone."""
        self._selector.close()
        self._hangups.close()
        self._listener.close()
        for number in (self._woken, self._wake, self.folder, self.lock):
            os.close(number)
        for one in others:
            one.close()
        for copy in self._copies.values():
            copy.channel.close()
            if copy.client is not None:
                copy.client.close()

    def _hear(self, copy: Copy) -> None:
        """A copy says that it is free, or has ended."""
        try:
            said = copy.channel.recv(1)
        except OSError:
            said = b""
        if not said:
            self._selector.unregister(copy.channel)
            return
        if copy is self._standby:
            self._is_standby_ready = True
            return
        self._part(copy)
        self._used = time.monotonic()
        copy.until = self._used + KEEP_SECONDS
        kept = [one for one in self._copies.values() if one.client is None and one.kind]
        for one in sorted(kept, key=lambda one: one.until or 0)[:-MOST_KEPT]:
            self._dismiss(one)
        if self._is_leaving:
            self._dismiss(copy)

    def _lose(self) -> None:
        """Clients are gone: their copies have heard of it, and get some time."""
        gone = {number for number, _ in self._hangups.poll(0)}
        for copy in self._copies.values():
            if copy.client is not None and copy.client.fileno() in gone:
                self._part(copy)
                copy.kind = None
                copy.until = time.monotonic() + GRACE_SECONDS + 0.5

    def _part(self, copy: Copy) -> None:
        client, copy.client = copy.client, None
        if client is not None:
            self._hangups.unregister(client)
            client.close()

    def _dismiss(self, copy: Copy) -> None:
        """Let a copy that is kept end: it reads the end of its channel."""
        copy.kind = None
        copy.until = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(OSError):
            copy.channel.shutdown(socket.SHUT_RDWR)

    def _end_overdue(self, now: float) -> None:
        for copy in list(self._copies.values()):
            if copy.until is not None and copy.until <= now:
                if copy.kind is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(copy.pid, signal.SIGKILL)
                    copy.until = None
                else:
                    self._dismiss(copy)

    def _reap(self) -> None:
        """Tell the clients of copies that have ended how they did."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                copy = self._copies.pop(ended[0], None)
                if copy is None:
                    continue
                if copy is self._standby:
                    self._standby = None
                code = os.waitstatus_to_exitcode(ended[1])
                if copy.client is not None:
                    # Of an end in good order the copy itself has told.
                    how = {"killed": [b"%d" % -code]} if code < 0 else {"code": [b"%d" % code]}
                    with contextlib.suppress(OSError):
                        wire.send(copy.client, how)
                self._used = time.monotonic()
                self._part(copy)
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(copy.channel)
                copy.channel.close()


def _memory_mb() -> int:
    """How much memory this process has, in 10**6 bytes."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 10**6
