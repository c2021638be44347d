"""A config file from the disk: only a regular file of sensible size, and only UTF-8 text."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path
from typing import Final

from dlrun.config.places import Place
from dlrun.errors import ConfigError, Problem

MAX_BYTES: Final = 1 << 20
WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(file: Path) -> str:
    """The text of a config file: a regular file of sensible size, in UTF-8."""
    return decode(_read_bytes(file), str(file))


def decode(content: bytes, source: str) -> str:
    """Bytes as UTF-8 text, without a byte order mark."""
    if content.startswith(WIDE_MARKS):
        raise _refused(Place(source, 1, 1), "The file is UTF-16.", "Save it as UTF-8.")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        place = Place.after(content[: error.start].decode("utf-8"), source)
        what = f"The byte 0x{content[error.start]:02x} is not UTF-8."
        raise _refused(place, what, "Save the file as UTF-8.") from error


def _read_bytes(file: Path) -> bytes:
    place = Place(str(file))
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _refused(place, "This is a folder.", "Give the path of a YAML file.")
        if not stat.S_ISREG(status.st_mode):
            raise _refused(place, "This is not a regular file.", "Give the path of a YAML file.")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise _refused(place, f"The config cannot be read: {reason}.") from error
    except ValueError as error:  # a NUL in the path
        raise _refused(place, f"The config cannot be read: {error}.") from error
    if len(content) > MAX_BYTES:
        what = f"The file is larger than {MAX_BYTES >> 20} MiB, which no config should be."
        raise _refused(place, what, "Keep data in data files.")
    return content


def _refused(place: Place, what: str, fix: str | None = None) -> ConfigError:
    return ConfigError(Problem("", what, fix, str(place)))
