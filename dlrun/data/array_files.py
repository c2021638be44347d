"""Reads arrays from `.npz` and `.npy` files; never runs what a file holds."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from dlrun.arrays import StreamedArray
from dlrun.data.archive_rows import archived_size, check_size, stream_array
from dlrun.data.files import open_data, open_error
from dlrun.data.pieces import pieces
from dlrun.errors import DataError, DlrunError
from dlrun.wording import list_names, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dlrun.arrays import Array

NUMERIC_KINDS = "biuf"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
NPY_MAGIC = b"\x93NUMPY"
MAGIC_LENGTH = 6


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
        with _damage_named(path, "the file"), _opened(path) as archive:
            self.names: tuple[str, ...] = tuple(archive.files)

    def read(self, name: str) -> NDArray[Any]:
        """Reads one array.

        Args:
            name: Its name in the file.

        Returns:
            The array, of any shape and of a dtype without Python objects.

        Raises:
            DataError: There is no such array, it holds Python objects, or it is damaged.
        """
        self._check_name(name)
        with _damage_named(self.path, f"the array {name!r}"), _opened(self.path) as archive:
            check_size(self.path, name)
            return np.asarray(archive[name])

    def stream(self, name: str) -> Array:
        """Opens one array without reading it into memory; see `read`.

        Raises:
            DlrunError: It is compressed, and there is no room on the disk to unpack it.
        """
        self._check_name(name)
        with _damage_named(self.path, f"the array {name!r}"):
            array = stream_array(self.path, name)
        return self.read(name) if array is None else array

    def size(self, names: Sequence[str]) -> int:
        """The size of some arrays in bytes, uncompressed; a missing one counts nothing."""
        with _damage_named(self.path, "the file"):
            return archived_size(self.path, names)

    def _check_name(self, name: str) -> None:
        if name not in self.names:
            there = list_names(self.names) or "none"
            raise DataError(
                f"there is no array {quote(name)}; the file has {there}.", where=str(self.path)
            )


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
    with _damage_named(path, "the file"):
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


@overload
def check_numbers(array: NDArray[Any], where: str) -> NDArray[Any]: ...


@overload
def check_numbers(array: Array, where: str) -> Array: ...


def check_numbers(array: Array, where: str) -> Array:
    """Checks that an array holds finite real numbers, and makes floats of them.

    Args:
        array: `(rows, ...)`; of a streamed one all rows are read once.
        where: The file and the array's name, for messages.

    Returns:
        The same shape: float32 where that loses nothing, else float64.

    Raises:
        DataError: The dtype is not one of real numbers, or a row holds NaN or infinity.
    """
    if array.dtype.kind not in NUMERIC_KINDS:
        raise DataError(f"the array holds {array.dtype}; numbers were expected.", where=where)
    if isinstance(array, StreamedArray):
        first = 0
        for piece in pieces(array):
            _check_finite(_floats(piece), where, first)
            first += len(piece)
        return array.changed(_floats)
    floats = _floats(array)
    _check_finite(floats, where)
    return floats


def _floats(array: NDArray[Any]) -> NDArray[Any]:
    exact = np.can_cast(array.dtype, np.float32, "safe")
    return array.astype(np.float32 if exact else np.float64, copy=False)


def _check_finite(floats: NDArray[Any], where: str, first: int = 0) -> None:
    """Names the first entry that is not finite; `first` is the number of the first row."""
    finite = np.isfinite(floats)
    if not finite.all():
        position = np.unravel_index(int(np.argmin(finite)), finite.shape)
        index = ", ".join(str(int(number)) for number in (position[0] + first, *position[1:]))
        raise DataError(
            f"the entry [{index}] is {float(floats[position])}; finite numbers were expected.",
            where=where,
        )


def check_rows(array: Array, where: str) -> None:
    """Raises a `DataError` where an array has no rows."""
    if array.ndim == 0:
        raise DataError("the array is a single number; rows were expected.", where=where)
    if 0 in array.shape:
        raise DataError(f"the array is empty: shape {array.shape}.", where=where)


def _check_magic(path: Path, magics: tuple[bytes, ...], expected: str) -> None:
    """Looks at the first bytes, because NumPy takes everything it does not know for a pickle."""
    try:
        with open_data(path, seekable=True) as file:
            start = file.read(MAGIC_LENGTH)
    except OSError as error:
        raise open_error(path, error) from error
    if not start.startswith(magics):
        raise DataError(f"this is not {expected}.", where=str(path))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """NumPy's archive over a file that is closed even where NumPy finds it damaged."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        yield archive


@contextmanager
def _damage_named(path: Path, subject: str) -> Iterator[None]:
    """Turns what NumPy raises over a damaged file, which can be nearly anything, into one error."""
    try:
        yield
    except DlrunError:
        raise
    except OSError as error:
        raise open_error(path, error) from error
    except MemoryError as error:
        what = f"{subject} does not fit into memory: {error or 'there is no more'}."
        raise DataError(what, where=str(path)) from error
    except Exception as error:
        reason = str(error).rstrip(".") or type(error).__name__
        if "allow_pickle" in reason or "Python objects" in reason:
            what = (
                f"{subject} holds Python objects, which could run code; only numbers and text "
                "are read."
            )
            fix = "Save it with a dtype such as float32, int64 or str."
            raise DataError(what, where=str(path), fix=fix) from error
        raise DataError(f"{subject} is damaged: {reason}.", where=str(path)) from error
