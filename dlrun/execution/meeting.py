"""Where the hosts of a run meet before TensorFlow joins them: who is there, and that all agree.

TensorFlow waits for the others for ever, and compares nothing. So the first host listens at its
address for a line of JSON from each of the others, and answers all of them with one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

from dlrun.errors import LostHostError, UsageError
from dlrun.execution.cluster import Cluster
from dlrun.rundir.files import reason

WAIT_SECONDS: Final = 300.0
"""How long hosts wait for each other: a scheduler starts them within minutes."""
_JOIN_SECONDS: Final = 50.0
"""How long TensorFlow may take to join hosts that have met; it takes some two."""
_WATCH = """
import os, signal, sys, threading
joined = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), joined.set()), daemon=True).start()
if not joined.wait(float(sys.argv[2])) and os.getppid() == int(sys.argv[1]):
    sys.stderr.write(sys.argv[3])
    sys.stderr.flush()
    os.kill(int(sys.argv[1]), getattr(signal, "SIGKILL", signal.SIGTERM))
"""
_PAUSE = 0.2
_MOST_BYTES = 2**16


def meet(cluster: Cluster, facts: Mapping[str, str], *, say: Callable[[str], None]) -> None:
    """Wait until all hosts are there, and hold their facts, texts by name, against each other.

    Raises:
        UsageError: They do not compute the same; each is told what differs.
        LostHostError: Not all of them came.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    if cluster.is_chief:
        _receive(cluster, dict(facts), deadline, say)
    else:
        _report(cluster, dict(facts), deadline, say)


@contextmanager
def joining(cluster: Cluster) -> Iterator[None]:
    """End this process where the block, in which TensorFlow joins the hosts, does not end.

    It waits for ever for one that has died since they met, and holds Python meanwhile: no thread
    and no signal would be heard, so another process has to do it.
    """
    others = ", ".join(name for i, name in enumerate(cluster.hosts) if i != cluster.host)
    told = LostHostError(
        f"another host has died while the hosts were joined, or cannot be reached: {others}.",
        fix="Type the command again on all of them; `dlrun resume` goes on with a run that was "
        "begun.",
    )
    watch = subprocess.Popen(  # noqa: S603 - this Python, and lines from above
        [sys.executable, "-c", _WATCH, str(os.getpid()), str(_JOIN_SECONDS), f"error: {told}\n"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        watch.communicate()


def _receive(
    cluster: Cluster, facts: dict[str, str], deadline: float, say: Callable[[str], None]
) -> None:
    """Hear of all the others; at the first host."""
    problems: list[str] = []
    with ExitStack() as open_ones:
        server = open_ones.enter_context(_listening(cluster.hosts[0]))
        waiting: dict[int, Any] = {}
        said: list[str] = []
        while missing := [
            host for number, host in enumerate(cluster.hosts) if number and number not in waiting
        ]:
            if missing != said:
                say(f"waiting for {', '.join(missing)} ...")
                said = missing
            if time.monotonic() > deadline:
                raise _missing(missing)
            caller = _accepted(server)
            if caller is None:
                continue
            stream = open_ones.enter_context(caller).makefile("rwb")
            told = _read(stream)
            number = told.get("host")
            if type(number) is not int or not 0 < number < len(cluster.hosts):
                continue  # A stranger, such as a scan of ports.
            if number in waiting:
                problems.append(f"two call themselves --host {number}")
            problems += _differences(facts, told.get("facts"), cluster.hosts[number])
            waiting[number] = stream
        for stream in waiting.values():
            _write(stream, {"problems": problems})
        for stream in waiting.values():
            with suppress(OSError):
                stream.read(1)  # Who closes first keeps the address occupied: not this one.
    _refuse(problems)


def _report(
    cluster: Cluster, facts: dict[str, str], deadline: float, say: Callable[[str], None]
) -> None:
    """Tell the first host of this one, and hear what it says to all."""
    name, port = _split(cluster.hosts[0])
    say(f"waiting for {cluster.hosts[0]} ...")
    while True:
        try:
            with socket.create_connection((name, port), timeout=_PAUSE * 10) as caller:
                caller.settimeout(max(deadline - time.monotonic(), _PAUSE))
                stream = caller.makefile("rwb")
                _write(stream, {"host": cluster.host, "facts": facts})
                answer = _read(stream)
            if "problems" in answer:
                _refuse([str(problem) for problem in answer["problems"]])
                return
        except OSError:
            pass  # It is not there yet.
        if time.monotonic() > deadline:
            raise _missing([cluster.hosts[0]])
        time.sleep(_PAUSE)


def _missing(hosts: Sequence[str]) -> LostHostError:
    return LostHostError(
        f"nobody has come from {', '.join(hosts)} within {WAIT_SECONDS:.0f} seconds.",
        where="--hosts",
        fix="Type the same command on every host, each with its --host.",
    )


def _listening(address: str) -> socket.socket:
    _, port = _split(address)
    try:
        server = socket.create_server(("", port))
    except OSError as error:
        what = f"this host cannot listen at {address}: {reason(error)}."
        raise UsageError(what, where="--hosts", fix="Choose another port.") from error
    server.settimeout(_PAUSE)
    return server


def _accepted(server: socket.socket) -> socket.socket | None:
    try:
        caller, _ = server.accept()
    except TimeoutError:
        return None
    caller.settimeout(_PAUSE * 10)
    return caller


def _split(address: str) -> tuple[str, int]:
    name, _, port = address.rpartition(":")
    return name, int(port)


def _read(stream: Any) -> dict[str, Any]:
    """Read one line of JSON; nothing where it is none."""
    try:
        told = json.loads(stream.readline(_MOST_BYTES))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(stream: Any, told: Mapping[str, Any]) -> None:
    with suppress(OSError):
        stream.write(json.dumps(told).encode() + b"\n")
        stream.flush()


def _differences(ours: Mapping[str, str], theirs: Any, host: str) -> list[str]:
    """Say which facts of another host are not those of this one."""
    told = theirs if isinstance(theirs, dict) else {}
    return [
        f"{name} of {host} {_differing(value, str(told.get(name)))}"
        for name, value in ours.items()
        if told.get(name) != value
    ]


def _differing(ours: str, theirs: str) -> str:
    is_short = len(ours) < 40 and len(theirs) < 40  # noqa: PLR2004 - not a hash
    return f"is {theirs}, and here {ours}" if is_short else "differs from that of the first host"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise UsageError(
            f"the hosts do not compute the same: {'; '.join(problems)}.",
            where="--hosts",
            fix="Give all of them the same config, data, options and versions.",
        )
