"""Where words go: data to stdout, byte for byte; messages to stderr, harmless to the terminal."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlrun.cli.terminal.activity import clear_activity
from dlrun.errors import DlrunError
from dlrun.rundir.files import plain, reason
from dlrun.wording import printable

if TYPE_CHECKING:
    from typing import TextIO

_UNLIMITED_WIDTH = 10_000
_DEFAULT_WIDTH = 80
_WHOLE = re.compile(r"`[^`]*`|[0-9] (?:%|(?:bytes|[kMGT]?B|m?s|min|h)\b)|[^ ]+ [<=] -?[0-9][^ ]*")
"""What no line is folded in: what is to be copied, a number and its sign or unit."""
_BLANK = "\0"  # for a blank at which no line is folded; no printable text has it


class ClosedOutputError(Exception):
    """Whoever reads our stdout has gone, such as `head` after its ten lines."""


def open_streams() -> None:
    """Make the standard streams fit for every start: closed ones, odd names, odd encodings."""
    # A file opened while descriptor 2 is free would receive the messages of every library.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # A path that is not UTF-8 must come out as it is; what an encoding lacks must not fail.
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")


def write_data(text: str) -> None:
    """Print one piece of data, with a newline, to stdout."""
    clear_activity()
    with _stdout_errors():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def write_json(value: object) -> None:
    """Print a value as JSON to stdout; paths, arrays and what is not finite are made `plain`."""
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_data(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def write_csv(rows: Iterable[Iterable[object]]) -> None:
    """Print rows as CSV to stdout."""
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_data(text.getvalue().rstrip("\n"))


def write_event(event: str, **facts: object) -> None:
    """Print an event as JSON on one line to stdout."""
    write_data(json.dumps(plain({"event": event, **facts}), allow_nan=False))


def flush_data() -> None:
    """Send what a library has left in the buffer of stdout."""
    clear_activity()
    with _stdout_errors():
        sys.stdout.flush()


def discard_data() -> None:
    """Let the interpreter's last flush of stdout go nowhere instead of failing once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_message(text: str) -> None:
    """Print a message to stderr, its lines folded to the width of a terminal."""
    write_drawing(folded(text, screen_of(sys.stderr).width))


def folded(text: str, width: int) -> str:
    """Write a text as what can be printed, each line folded to a width."""
    lines = printable(text).splitlines()
    return "\n".join(fill(line, width, hang=None, whole=True) for line in lines)


def fill(line: str, width: int, *, hang: int | None = 0, whole: bool = False) -> str:
    """Fold a line at its blanks to so many cells; a number and its unit stay together.

    Its later lines begin with `hang` blanks, None for two more than the first one has. A word that
    is wider than a line is divided, unless it is to stay `whole`, as what is to be copied.
    """
    if len(line) <= (width if line.isascii() else width // 2):  # no letter takes more than two
        return line
    from dlrun.cli.terminal.tables import cell_len

    def cells(text: str) -> int:
        return cell_len(text.replace(_BLANK, " "))

    first = line[: len(line) - len(line.lstrip())]
    later = " " * (len(first) + 2 if hang is None else hang)
    room = max(width, len(later) + 1)

    def kept(found: re.Match[str]) -> str:
        fits = whole or len(later + found[0]) <= room
        return found[0].replace(" ", _BLANK) if fits else found[0]

    lines, gap = [first], ""
    for word in re.findall(r" +|[^ ]+", _WHOLE.sub(kept, line.strip())):
        if word[0] == " ":
            gap = word
            continue
        if not gap or cells(lines[-1] + gap + word) <= room:
            lines[-1] += gap + word
        else:
            lines.append(later + word)
        while not whole and cells(lines[-1]) > room:
            end = room
            while cells(lines[-1][:end]) > room:
                end -= 1
            lines[-1:] = [lines[-1][:end], later + lines[-1][end:]]
    return "\n".join(lines).replace(_BLANK, " ")


def write_drawing(text: str) -> None:
    """Print to stderr what steers the terminal on purpose: all texts of others are `printable`."""
    clear_activity()
    # The work is worth more than a message that nobody can read.
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


@dataclass(frozen=True)
class Screen:
    """What a stream can show."""

    width: int = _UNLIMITED_WIDTH  # in cells; without a terminal nothing needs to be cut
    color: bool = False  # a terminal that is not dumb, and no `NO_COLOR`
    is_terminal: bool = False  # whether a line can be drawn over


def screen_of(stream: TextIO) -> Screen:
    """Look at what a stream is connected to; `COLUMNS` overrides the width of a terminal."""
    if not stream.isatty():
        return Screen()
    is_dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return Screen(
        width=_terminal_width(stream),
        color=not is_dumb and not os.environ.get("NO_COLOR"),
        is_terminal=not is_dumb,
    )


def _terminal_width(stream: TextIO) -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _DEFAULT_WIDTH
    except (OSError, ValueError):
        return _DEFAULT_WIDTH


@contextlib.contextmanager
def _stdout_errors() -> Iterator[None]:
    """Name what can go wrong with stdout: nobody reads any more, or a disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise ClosedOutputError from error
        raise DlrunError(f"cannot be written: {reason(error)}.", where="stdout") from error
