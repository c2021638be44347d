"""Collects rows that come piece by piece: in memory, or in a file that has no name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import StreamedArray
from dlrun.data.row_files import RowFile
from dlrun.errors import DlrunError

DISK_FOLDER = Path("/var/tmp")  # noqa: S108  what is kept there has no name


class Pile(AbstractContextManager["Pile"]):
    """Rows that are collected in memory; used like a `Spool`."""

    def __init__(self) -> None:
        self._pieces: list[NDArray[Any]] = []

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def write(self, rows: NDArray[Any]) -> None:
        """Add rows."""
        self._pieces.append(rows)

    def array(self) -> NDArray[Any]:
        """Return all rows that were added."""
        return np.concatenate(self._pieces)


class Spool(AbstractContextManager["Spool"]):
    """Rows that are written one piece after another to a file without a name.

    The system forgets the file when it is closed, however the process ends, so there is nothing to
    clean up. Use as a context manager; what `array` returns stays usable after it.
    """

    def __init__(self) -> None:
        self._folder = spool_folder()
        with _writing(self._folder):
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  closed in __exit__
        self._rows = 0
        self._like: NDArray[Any] | None = None

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        with _writing(self._folder):
            self._file.close()

    def write(self, rows: NDArray[Any]) -> None:
        """Add rows, of the same dtype and row shape each time."""
        self._like = rows[:0]
        self._rows += len(rows)
        with _writing(self._folder):
            self._file.write(np.ascontiguousarray(rows).data.cast("B") if rows.size else b"")

    def fileno(self) -> int:
        """Return the descriptor of the file, in which everything written stands."""
        with _writing(self._folder):
            self._file.flush()
        return self._file.fileno()

    def array(self) -> StreamedArray:
        """Return all rows that were written."""
        like = np.empty((0,)) if self._like is None else self._like
        return StreamedArray(RowFile(self.fileno(), like.dtype, (self._rows, *like.shape[1:])))


def spool_folder() -> Path:
    """Where large temporary files go: `TMPDIR`, else `/var/tmp`, which is on a disk.

    `/tmp` is a part of the memory on many systems.
    """
    if "TMPDIR" not in os.environ and os.access(DISK_FOLDER, os.W_OK | os.X_OK):
        return DISK_FOLDER
    return Path(tempfile.gettempdir())


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn an error of writing into one that the user can mend."""
    try:
        yield
    except OSError as error:
        what = f"rows that do not fit into memory cannot be kept here: {error.strerror}."
        fix = "They need 8 bytes for each number; name a folder with enough space in TMPDIR."
        raise DlrunError(what, where=str(folder), fix=fix) from error
