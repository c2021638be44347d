"""From a command line to an exit code: the one place where errors are caught and told."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

import typer

from dlrun.cli.app import app
from dlrun.cli.output import (
    ClosedOutputError,
    discard_data,
    flush_data,
    open_streams,
    write_message,
)
from dlrun.errors import ConfigError, DlrunError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
CLOSED_OUTPUT = 141
"""128 + SIGPIPE: the exit code of every tool whose reader has gone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: The words after `dlrun`; by default those of this process.

    Returns:
        The exit code.
    """
    open_streams()
    # Plugins of pydantic have no business in a command line, and looking for them takes 20 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        exit_code = _invoke(words or ["--help"])
        flush_data()
    except ClosedOutputError:
        discard_data()
        return CLOSED_OUTPUT
    except DlrunError as error:
        _show_traceback()
        write_message(describe(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        exit_code = INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug is told like an error
        _show_traceback()
        write_message(describe_bug(error))
        return 1
    if exit_code == INTERRUPTED:
        write_message("Interrupted.")
    return exit_code


def describe(error: DlrunError) -> str:
    """Word an error for the terminal.

    Args:
        error: What went wrong.

    Returns:
        `error: ` and the message; several problems of a config are counted and indented.
    """
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        lines = "".join(f"\n  {problem}" for problem in error.problems)
        return f"error: {len(error.problems)} problems in the config{lines}"
    return f"error: {error}"


def describe_bug(error: Exception) -> str:
    """Word an exception that no user can cause by a mistake.

    Args:
        error: What was raised.

    Returns:
        One line that says how to see more.
    """
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error: {text} (set DLRUN_TRACEBACK=1 to see the traceback)"


def _invoke(words: list[str]) -> int:
    """Let typer find and call the command; its own errors become ours."""
    command = typer.main.get_command(app)
    try:
        result = command.main(
            args=words, prog_name="dlrun", standalone_mode=False, obj=["dlrun", *words]
        )
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "dlrun"
        raise UsageError(error.format_message(), fix=f"`{path} --help` tells more.") from error
    return result if isinstance(result, int) else 0


def _show_traceback() -> None:
    """Print the traceback of the exception at hand, if the user has asked for it."""
    if os.environ.get("DLRUN_TRACEBACK", "") not in ("", "0"):
        traceback.print_exc()
