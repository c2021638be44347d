"""Reads arrays from `.npz` and `.npy` files; never runs what a file holds."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from dlrun.arrays import Array, StreamedArray
from dlrun.data.files import open_data, open_error
from dlrun.data.headers import NPY_MAGIC, ZIP_MAGIC, array_files
from dlrun.data.streams import DiskRows, RowFile, chunks, row_ranges
from dlrun.errors import DataError, DlrunError
from dlrun.memory import excess
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

    def where(self, name: str) -> str:
        """Say where an array is, for messages."""
        return f"{self.path}: array {name!r}"

    def size(self, names: Sequence[str]) -> int:
        """The size of some arrays in bytes, uncompressed; a missing one counts nothing."""
        return sum(self._sizes.get(name, 0) for name in names)

    def read(self, name: str) -> NDArray[Any]:
        """Read an array, of any shape and of a dtype without Python objects."""
        with self._opened(name) as (archive, member):
            with archive.open(member) as stream:
                _check_fits(read_header(stream, member.file_size))
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


class ArrayFiles:
    """The arrays of `.npy` files, each read when it is asked for, and called like its file."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        for path in files.values():
            _check_magic(path, (NPY_MAGIC,), "a .npy file")
        self._files = files
        self.path = ", ".join(map(str, files.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays."""
        return tuple(self._files)

    def where(self, name: str) -> str:
        """Say where an array is, for messages."""
        return str(self._files[name])

    def size(self, names: Sequence[str]) -> int:
        """The size of some arrays in bytes; a missing one counts nothing."""
        return sum(self._files[name].stat().st_size for name in names if name in self._files)

    def read(self, name: str) -> NDArray[Any]:
        """Read an array, of any shape and of a dtype without Python objects."""
        with self._opened(name) as (stream, header):
            _check_fits(header)
            stream.seek(0)
            return np.asarray(npy_format.read_array(stream, allow_pickle=False))

    def stream(self, name: str) -> Array:
        """Open an array without reading it into memory; see `read`."""
        with self._opened(name) as (stream, header):
            if header.shape and 0 not in header.shape:
                return _rows(stream.fileno(), header, header.offset)
        return self.read(name)

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[BinaryIO, Header]]:
        if name not in self._files:
            what = f"none of the files is {name}.npy, and the array {quote(name)} would be in it."
            fix = "Name the files of x and y, as in `path: [x.npy, y.npy]`; or say in `x` and `y` "
            raise DataError(what, where=self.path, fix=f"{fix}how the files are called.")
        path = self._files[name]
        with _damage_named(path, "the file"), open_data(path, seekable=True) as stream:
            yield stream, read_header(stream, path.stat().st_size)


def open_arrays(path: str | Path | Sequence[str | Path]) -> ArchiveFile | ArrayFiles:
    """Open an `.npz` file, or `.npy` files."""
    files = array_files(path)
    return ArchiveFile(Path(str(path))) if files is None else ArrayFiles(files)


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
        for chunk in chunks(array):
            _check_finite(_floats(chunk), where, first)
            first += len(chunk)
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


COPY_BYTES = 2**20

_LOCAL_HEADER = struct.Struct("<26xHH")
"""Of a file in a zip archive: 30 bytes, of which the last four tell two lengths that follow."""


class Header(NamedTuple):
    """What an array in an archive says of itself, held against the bytes that there are."""

    shape: tuple[int, ...]
    is_column_major: bool
    dtype: np.dtype[Any]
    offset: int  # where the first row begins, in bytes

    @property
    def size(self) -> int:
        """The bytes of all rows."""
        return self.dtype.itemsize * math.prod(self.shape)


def read_header(stream: IO[bytes], size: int) -> Header:
    """Read the header of an array in a file of some bytes, from its begin.

    Raises:
        ValueError: The array holds Python objects, or is shorter than its header says.
    """
    version = npy_format.read_magic(stream)
    if version == (1, 0):
        said = npy_format.read_array_header_1_0(stream)
    elif version == (2, 0):
        said = npy_format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"its format version {version} is not known")
    header = Header(*said, stream.tell())
    if header.dtype.hasobject:
        raise ValueError("it holds Python objects")
    if header.offset + header.size > size:
        raise ValueError("the rows end too early")
    return header


def _check_fits(header: Header) -> None:
    if (too_large := excess(header.size)) is not None:
        raise MemoryError(f"it takes {too_large}")


def stream_array(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> StreamedArray | None:
    """Open an array of any dtype without reading it into memory; None where it has no rows.

    One that is stored as it is will be read from where it is; a compressed one is unpacked to a
    file without a name. Either way the checksum is looked at once.
    """
    with archive.open(member) as stream:
        header = read_header(stream, member.file_size)
    if not header.shape or 0 in header.shape:
        return None
    with path.open("rb") as file, archive.open(member) as stream:
        if member.compress_type == zipfile.ZIP_STORED:
            while stream.read(COPY_BYTES):  # at the end the checksum is compared
                pass
            file.seek(member.header_offset)
            lengths = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            begin = member.header_offset + _LOCAL_HEADER.size + sum(lengths)
            return _rows(file.fileno(), header, begin + header.offset)
        with DiskRows() as spool:
            while copied := stream.read(COPY_BYTES):
                spool.write(np.frombuffer(copied, np.uint8))
            return _rows(spool.fileno(), header, header.offset)


def _rows(descriptor: int, header: Header, offset: int) -> StreamedArray:
    shape, dtype = header.shape, header.dtype
    if not header.is_column_major:
        return StreamedArray(RowFile(descriptor, dtype, shape, offset=offset))
    # Each column is in one place, but no row is: turn the array round, some rows at a time.
    rows, columns = shape[0], math.prod(shape[1:])
    numbers = RowFile(descriptor, dtype, (rows * columns,), offset=offset)
    with DiskRows() as spool:
        for part in row_ranges(shape):
            begin, end = part.start, min(part.stop, rows)
            turned = [numbers[column * rows + begin : column * rows + end]
                      for column in range(columns)]  # fmt: skip
            # (columns, part) -> (last axis, ..., second axis, part) -> (part, *shape[1:])
            spool.write(np.stack(turned).reshape(*shape[:0:-1], end - begin).T)
        return spool.array()
