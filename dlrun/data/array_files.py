"""Reads arrays from `.npz` and `.npy` files; never runs what a file holds."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.data.files import open_error
from dlrun.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NUMERIC_KINDS = "biuf"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
NPY_MAGIC = b"\x93NUMPY"
MAGIC_LENGTH = 6
UNREADABLE = (ValueError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError, KeyError)


class ArchiveFile:
    """The arrays of one `.npz` file, each read when it is asked for.

    Args:
        path: The file.

    Raises:
        DataError: The file cannot be read or is no `.npz` file.

    Attributes:
        path: The file, for messages.
        names: The names of its arrays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_magic(path, ZIP_MAGICS, "a .npz file")
        try:
            with np.load(path, allow_pickle=False) as archive:
                self.names: tuple[str, ...] = tuple(archive.files)
        except OSError as error:
            raise open_error(path, error) from error
        except UNREADABLE as error:
            raise _damaged(path, error) from error

    def read(self, name: str) -> NDArray[Any]:
        """Reads one array.

        Args:
            name: Its name in the file.

        Returns:
            The array, of any shape and of a dtype without Python objects.

        Raises:
            DataError: There is no such array, it holds Python objects, or it is damaged.
        """
        if name not in self.names:
            raise DataError(
                f"there is no array {name!r}; the file has {', '.join(self.names) or 'none'}.",
                where=str(self.path),
            )
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                return np.asarray(archive[name])
        except OSError as error:
            raise open_error(self.path, error) from error
        except UNREADABLE as error:
            raise _damaged(self.path, error, name) from error


def read_npy(path: Path) -> NDArray[Any]:
    """Opens a `.npy` file without reading its rows.

    Args:
        path: The file.

    Returns:
        The array, mapped from the disk: rows are read when they are used.

    Raises:
        DataError: The file cannot be read, or holds Python objects.
    """
    _check_magic(path, (NPY_MAGIC,), "a .npy file")
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except OSError as error:
        raise open_error(path, error) from error
    except UNREADABLE as error:
        raise _damaged(path, error) from error


def check_numbers(array: NDArray[Any], where: str) -> NDArray[Any]:
    """Checks that an array holds finite real numbers, and makes floats of them.

    Args:
        array: `(rows, ...)`.
        where: The file and the array's name, for messages.

    Returns:
        The same shape: float32 where that loses nothing, else float64.

    Raises:
        DataError: The dtype is not one of real numbers, or a row holds NaN or infinity.
    """
    if array.dtype.kind not in NUMERIC_KINDS:
        raise DataError(f"the array holds {array.dtype}; numbers were expected.", where=where)
    exact = np.can_cast(array.dtype, np.float32, "safe")
    floats = array.astype(np.float32 if exact else np.float64, copy=False)
    finite = np.isfinite(floats)
    if not finite.all():
        position = np.unravel_index(int(np.argmin(finite)), finite.shape)
        index = ", ".join(str(int(number)) for number in position)
        raise DataError(
            f"the entry [{index}] is {float(floats[position])}; finite numbers were expected.",
            where=where,
        )
    return floats


def check_rows(array: NDArray[Any], where: str) -> None:
    """Raises a `DataError` where an array has no rows."""
    if array.ndim == 0:
        raise DataError("the array is a single number; rows were expected.", where=where)
    if array.size == 0:
        raise DataError(f"the array is empty: shape {array.shape}.", where=where)


def _check_magic(path: Path, magics: tuple[bytes, ...], expected: str) -> None:
    """Looks at the first bytes, because NumPy takes everything it does not know for a pickle."""
    try:
        with path.open("rb") as file:
            start = file.read(MAGIC_LENGTH)
    except OSError as error:
        raise open_error(path, error) from error
    if not start.startswith(magics):
        raise DataError(f"this is not {expected}.", where=str(path))


def _damaged(path: Path, error: Exception, name: str | None = None) -> DataError:
    subject = "the file" if name is None else f"the array {name!r}"
    reason = str(error).rstrip(".")
    if "allow_pickle" in reason or "Python objects" in reason:
        return DataError(
            f"{subject} holds Python objects, which could run code; only numbers and text are "
            "read.",
            where=str(path),
            fix="Save it with a dtype such as float32, int64 or str.",
        )
    return DataError(f"{subject} is damaged: {reason}.", where=str(path))
