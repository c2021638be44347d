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
