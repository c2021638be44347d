"""`dlrun warm`, `dlrun warm status`, `dlrun warm stop`: spare commands their imports."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from dlrun.cli import options
from dlrun.cli.options import option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import write_data, write_json, write_message
from dlrun.errors import DlrunError, UsageError
from dlrun.warm import place, wire
from dlrun.warm.client import ANOTHER, MINUTES, READY, resident_command
from dlrun.wording import count, format_duration

_MOST_MINUTES = 1e6
_END_SECONDS = 5.0

Idle = Annotated[
    float | None,
    option(
        "--idle MINUTES",
        f"End it after so many minutes without a command.  [default: {MINUTES:g}]",
        min=0.01,
        max=_MOST_MINUTES,
    ),
]

warm = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


@warm.callback()
def warm_group(context: typer.Context, *, idle: Idle = None, quiet: options.Quiet = False) -> None:
    """Start a process that has imported TensorFlow, and let it run the commands to come.

    Each command is run by a copy of it, as if it were alone, but seconds sooner.
    """
    if context.invoked_subcommand is not None:
        given = [name for name, value in (("--idle", idle), ("--quiet", quiet)) if value]
        if given:
            raise UsageError("is for `dlrun warm` alone.", where=given[0])
        return
    if not place.is_supported():
        raise UsageError("there are resident processes on Linux only; commands run without one.")
    changed: dict[str, list[bytes]] = {}
    if idle is not None:
        changed = {"idle": [str(idle * 60).encode()]}
    found = _ask({"ask": [wire.STATUS], **changed})
    if found is None:
        _start(MINUTES if idle is None else idle, quiet=quiet)
        found = _ask({"ask": [wire.STATUS]})
        if found is None:
            raise DlrunError("the resident process has ended at once.")
    if not quiet:
        minutes = found["idle_seconds"] / 60
        write_message(
            f"warm: process {found['pid']} runs what you type; "
            f"it ends after {minutes:g} minutes without a command."
        )


@warm.command()
def status(*, as_json: options.AsJson = False) -> None:
    """Say whether there is such a process, and what it has done."""
    found = _ask({"ask": [wire.STATUS]})
    if as_json:
        write_json({"running": found is not None, **(found or {})})
    elif found is None:
        write_data("not running")
    else:
        write_data("\n".join(_lines(found)))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    """Say what the process has done, does, and keeps."""
    yield f"process {found['pid']}, {found['memory_mb']} MB"
    yield f"commands run: {found['served']}, without the one that started it"
    yield f"at work now: {found['working'] or 'none'}"
    if found["kept"]:
        trainings = count(found["kept"], "training")
        yield (
            f"kept for some seconds: the graphs of {trainings}, for the next that differs in seed, "
            "epochs or learning rate only"
        )
    if found["standby"]:
        yield f"ready for the next command: process {found['standby']}"
    if found["refused"]:
        told = f"{found['refused']}, the last one because {found['refusal']}"
        yield f"commands left to processes of their own: {told}"
    yield f"ends in {format_duration(found['seconds_left'])} unless there is a command"


@warm.command()
def stop(*, quiet: options.Quiet = False) -> None:
    """End it; commands at work go on."""
    found = _ask({"ask": [wire.STOP]})
    if found is None:
        if not quiet:
            write_message("There is no such process.")
        return
    deadline = time.monotonic() + _END_SECONDS
    while not found["working"] and time.monotonic() < deadline and _is_there(found["pid"]):
        time.sleep(0.01)
    if not quiet:
        left = count(found["working"], "command") if found["working"] else ""
        write_message(f"stopped process {found['pid']}" + (f"; {left} at work" if left else ""))


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _ask(request: dict[str, list[bytes]]) -> dict[str, Any] | None:
    """Ask the resident process; None if there is none, else what it says, numbers as such."""
    if not place.is_supported() or (connection := place.connect()) is None:
        return None
    with contextlib.closing(connection), contextlib.suppress(OSError, ValueError):
        wire.send(connection, request)
        answer, _ = wire.receive(connection)
        told: dict[str, Any] = {name: values[0].decode() for name, values in answer.items()}
        if told:
            named = {"refusal": told.pop("refusal")}
            numbers = {name: float(text) for name, text in told.items()}
            whole = {name: int(one) for name, one in numbers.items() if one.is_integer()}
            return {**numbers, **whole, **named}
    return None


def _start(minutes: float, *, quiet: bool) -> None:
    """Start it, and wait until it is ready."""
    show_activity("importing TensorFlow ...", quiet=quiet)
    with subprocess.Popen(  # noqa: S603 - this Python, a module of dlrun
        resident_command(minutes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        said = process.stdout.readline().strip() if process.stdout is not None else ""
        if said == READY:
            # It goes on without us.
            process.returncode = 0
            return
        told = process.stderr.read() if process.stderr is not None else ""
        wrong = said or (told.strip().splitlines() or ["it ended at once"])[-1]
    if said == ANOTHER:
        _wait_for_other()
        return
    raise DlrunError(f"no resident process: {wrong}.")


def _wait_for_other() -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if _ask({"ask": [wire.STATUS]}) is not None:
            return
        time.sleep(0.05)
    raise DlrunError("another resident process is being started, and does not answer.")
