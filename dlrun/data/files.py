"""Says why a file cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def open_error(path: Path, error: OSError) -> DataError:
    """The error for a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return DataError("there is no such file.", where=str(path))
    if isinstance(error, IsADirectoryError):
        return DataError("this is a directory; a file was expected.", where=str(path))
    reason = error.strerror or str(error)
    return DataError(f"the file cannot be read: {reason}.", where=str(path))


def encoding_error(path: Path) -> DataError:
    """The error for a file that is not UTF-8; reads it again to find the line."""
    fix = "Save it as UTF-8."
    if path.is_file():
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError as error:
                    byte = f"0x{line[error.start]:02x}"
                    where = f"{path}:{number}"
                    return DataError(f"byte {byte} is not UTF-8 text.", where=where, fix=fix)
    return DataError("the file is not UTF-8 text.", where=str(path), fix=fix)
