"""From a command line to an exit code: the one place where errors are caught and told."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from dlrun.cli.terminal.output import (
    ClosedOutputError,
    discard_data,
    flush_data,
    open_streams,
    write_message,
)
from dlrun.errors import (
    ConfigError,
    DlrunError,
    InterruptedRunError,
    UsageError,
    show_traceback,
)
from dlrun.memory import refusal
from dlrun.rundir.files import reason
from dlrun.signals import caught_signals, end_on_signal, forget_signals, received_signal
from dlrun.wording import quote

_INTERNAL_ERROR = 1
_CLOSED_OUTPUT = 141  # as SIGPIPE, which not every system has
_SIGNALED = 128  # and the number of the signal that has ended a command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, by default that of this process, and return the exit code."""
    try:
        open_streams()
        words = list(sys.argv[1:] if arguments is None else arguments)
        with ending_on_signals():
            try:
                exit_code = _invoke(words or ["--help"])
            finally:
                _keep_what_was_read()
            flush_data()
    except KeyboardInterrupt:
        exit_code = _SIGNALED + signal.SIGINT
    except SystemExit as error:
        exit_code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except ClosedOutputError:
        discard_data()
        return _CLOSED_OUTPUT
    except Exception as error:  # noqa: BLE001 - whatever is wrong is told, never traced
        show_traceback()
        write_message(describe(error))
        return error.exit_code if isinstance(error, DlrunError) else _INTERNAL_ERROR
    for number in signal.Signals:
        if exit_code == _SIGNALED + number:
            write_message(str(InterruptedRunError(number)))
    return exit_code


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn signals that kill into `SystemExit(128 + number)`, so that a run can close its record.

    SIGINT stays a `KeyboardInterrupt`, and what is ignored (`nohup`) stays so.
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
            raise SystemExit(_SIGNALED + number_of_error) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        forget_signals()


def describe(error: Exception) -> str:
    """Word an error for the terminal; one that no user can cause says how to see more."""
    if isinstance(error, InterruptedRunError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"error: {refusal(error)}"
    if isinstance(error, ConfigError):
        return f"error: {_list_problems(error)}"
    if isinstance(error, DlrunError):
        return f"error: {error}"
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"error: {place}{reason(error)}."
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error: {text} (set DLRUN_TRACEBACK=1 to see the traceback)"


def _list_problems(error: ConfigError) -> str:
    told = ["\n    ".join([str(one), *(one.excerpt or "").splitlines()]) for one in error.problems]
    several = f"{len(told)} problems in the config\n  "
    return (several if len(told) > 1 else "") + "\n  ".join(told)


def _keep_what_was_read() -> None:
    """Write what this command has learnt of Keras's source, if it has looked at any."""
    cache = sys.modules.get("dlrun.catalog.cache")
    if cache is not None:
        cache.save()


def _invoke(words: list[str]) -> int:
    """Let typer find and call the command; its own errors become ours."""
    # Plugins of pydantic have no business in a command line, and looking for them takes 20 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if "_DLRUN_COMPLETE" in os.environ:
        # Typer wraps help texts, and a shell would take each further line for one more choice.
        os.environ["COLUMNS"] = "10000"
    import typer

    from dlrun.cli.app import command_line

    command = command_line()
    try:
        result = command.main(
            args=words, prog_name="dlrun", standalone_mode=False, obj=["dlrun", *words]
        )
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        from dlrun.cli.keys_as_options import set_instead

        if instead := set_instead(error, words):
            raise instead from error
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "dlrun"
        what = error.format_message().replace("Value error, ", "")  # pydantic's, inside typer's
        raise UsageError(_in_our_words(what, words), fix=f"`{path} --help` tells more.") from error
    return result if isinstance(result, int) else 0


_EXPECTED: Final = (
    (re.compile(r"a valid integer.*"), "a whole number"),
    (re.compile(r"a valid number.*"), "a number"),
    (re.compile(r"greater than or equal to (.+)"), r"\1 or more"),
    (re.compile(r"greater than (.+)"), r"more than \1"),
    (re.compile(r"less than or equal to (.+)"), r"\1 or less"),
    (re.compile(r"less than (.+)"), r"less than \1"),
)
"""What pydantic says that an input should be, and what we say."""


def _in_our_words(what: str, words: Sequence[str]) -> str:
    """Say of a number that an option does not take what was received, and what was expected."""
    found = re.fullmatch(r"Invalid value for (.*): Input should be (.*)", what)
    if found is None:
        return what
    names, wanted = re.findall(r"'(-\S+)'", found[1]), found[2]
    given = [one for before, one in pairwise(words) if before in names]
    given += [
        one.partition("=")[2] for one in words if "=" in one and one.partition("=")[0] in names
    ]
    for pattern, ours in _EXPECTED:
        if given and pattern.fullmatch(wanted):  # else it comes from the environment
            return f"{names[0]}: expected {pattern.sub(ours, wanted)}, got {quote(given[-1])}."
    return what
