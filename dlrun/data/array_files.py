"""Reads arrays from `.npz` and `.npy` files; never runs what a file holds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from dlrun.arrays import Array, StreamedArray
from dlrun.data.archive_rows import read_header, stream_array
from dlrun.data.files import open_data, open_error
from dlrun.data.pieces import pieces
from dlrun.errors import DataError, DlrunError
from dlrun.memory import excess
from dlrun.shapes.files import NPY_MAGIC, ZIP_MAGIC
from dlrun.wording import list_names, quote

NUMERIC_KINDS = "biuf"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"


class ArchiveFile:
    """The arrays of one `.npz` file, each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_magic(path, (ZIP_MAGIC, EMPTY_ZIP_MAGIC), "a .npz file")
        with _damage_named(path, "the file"), zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        self._sizes = {info.filename.removesuffix(".npy"): info.file_size for info in members}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays."""
        return tuple(self._sizes)

    def size(self, names: Sequence[str]) -> int:
        """The size of some arrays in bytes, uncompressed; a missing one counts nothing."""
        return sum(self._sizes.get(name, 0) for name in names)

    def read(self, name: str) -> NDArray[Any]:
        """Read an array, of any shape and of a dtype without Python objects."""
        with self._opened(name) as (archive, member):
            if (too_large := excess(read_header(archive, member).size)) is not None:
                raise MemoryError(f"it takes {too_large}")
            with archive.open(member) as stream:
                return np.asarray(npy_format.read_array(stream, allow_pickle=False))

    def stream(self, name: str) -> Array:
        """Open an array without reading it into memory; see `read`."""
        with self._opened(name) as (archive, member):
            array = stream_array(self.path, archive, member)
        return self.read(name) if array is None else array

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
        if name not in self.names:
            there = list_names(self.names) or "none"
            what = f"there is no array {quote(name)}; the file has {there}."
            raise DataError(what, where=str(self.path))
        subject = f"the array {name!r}"
        with _damage_named(self.path, subject), zipfile.ZipFile(self.path) as archive:
            yield archive, archive.getinfo(f"{name}.npy")


def read_npy(path: Path) -> NDArray[Any]:
    """Map a `.npy` file from the disk: rows are read when they are used."""
    _check_magic(path, (NPY_MAGIC,), "a .npy file")
    with _damage_named(path, "the file"):
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def check_numbers(array: Array, where: str) -> Any:
    """Check that an array holds finite real numbers, and make floats of them.

    They are float32 where that loses nothing, else float64. Of a streamed array all rows are read
    once. `where` is the file and the array's name, for messages.
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
    finite = np.isfinite(floats)
    if not finite.all():
        position = np.unravel_index(int(np.argmin(finite)), finite.shape)
        index = ", ".join(str(int(number)) for number in (position[0] + first, *position[1:]))
        what = f"the entry [{index}] is {float(floats[position])}; finite numbers were expected."
        raise DataError(what, where=where)


def check_rows(array: Array, where: str) -> None:
    """Raise a `DataError` where an array has no rows."""
    if array.ndim == 0:
        raise DataError("the array is a single number; rows were expected.", where=where)
    if 0 in array.shape:
        raise DataError(f"the array is empty: shape {array.shape}.", where=where)


def _check_magic(path: Path, magics: tuple[bytes, ...], expected: str) -> None:
    """Look at the first bytes, because NumPy takes everything it does not know for a pickle."""
    try:
        with open_data(path, seekable=True) as file:
            start = file.read(max(map(len, magics)))
    except OSError as error:
        raise open_error(path, error) from error
    if not start.startswith(magics):
        raise DataError(f"this is not {expected}.", where=str(path))


@contextmanager
def _damage_named(path: Path, subject: str) -> Iterator[None]:
    """Turn what NumPy raises over a damaged file, which can be nearly anything, into one error."""
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
            raise DataError(
                f"{subject} holds Python objects, which could run code; only numbers and text "
                "are read.",
                where=str(path),
                fix="Save it with a dtype such as float32, int64 or str.",
            ) from error
        raise DataError(f"{subject} is damaged: {reason}.", where=str(path)) from error
