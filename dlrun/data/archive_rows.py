"""Reads arrays of `.npz` files row by row, where they are too large for memory."""

from __future__ import annotations

import math
import struct
import zipfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy_format

from dlrun.arrays import StreamedArray
from dlrun.data.pieces import row_ranges
from dlrun.data.row_files import RowFile
from dlrun.data.spool import Spool
from dlrun.memory import excess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COPY_BYTES = 2**20

_LOCAL_HEADER = struct.Struct("<26xHH")
"""Of a file in a zip archive: 30 bytes, of which the last four tell two lengths that follow."""


def archived_size(path: Path, names: Sequence[str]) -> int:
    """The size of some arrays in bytes, uncompressed; a missing one counts nothing."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info.file_size for info in archive.infolist()}
    return sum(members.get(f"{name}.npy", 0) for name in names)


def check_size(path: Path, name: str) -> None:
    """Hold what the header of an array says against the bytes that there are, and the memory.

    Raises:
        ValueError: The array holds Python objects, or is shorter than its header says.
        MemoryError: It does not fit into memory.
    """
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as stream:
            shape, _, dtype = _read_header(stream)
            size = dtype.itemsize * math.prod(shape)
            if stream.tell() + size > member.file_size:
                raise ValueError("the rows end too early")
    if (too_large := excess(size)) is not None:
        raise MemoryError(f"it takes {too_large}")


def stream_array(path: Path, name: str) -> StreamedArray | None:
    """Open an array of any dtype without reading it into memory; None where it has no rows.

    One that is stored as it is will be read from where it is; a compressed one is unpacked to a
    file without a name. Either way the checksum is looked at once.

    Raises:
        ValueError: The array holds Python objects or is damaged; or another of the many errors of
            `zipfile` and NumPy.
        DlrunError: There is no room to unpack it.
    """
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as stream:
            shape, column_major, dtype = _read_header(stream)
            offset = stream.tell()
        if not shape or 0 in shape:
            return None
        if offset + dtype.itemsize * math.prod(shape) > member.file_size:
            raise ValueError("the rows end too early")
        if member.compress_type == zipfile.ZIP_STORED:
            with archive.open(member) as stream:
                while stream.read(COPY_BYTES):  # at the end the checksum is compared
                    pass
            file.seek(member.header_offset)
            lengths = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            offset += member.header_offset + _LOCAL_HEADER.size + sum(lengths)
            return _rows(file.fileno(), dtype, shape, offset, column_major=column_major)
        with archive.open(member) as stream, Spool() as spool:
            while copied := stream.read(COPY_BYTES):
                spool.write(np.frombuffer(copied, np.uint8))
            return _rows(spool.fileno(), dtype, shape, offset, column_major=column_major)


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, whether columns come first, and the dtype; leaves the stream at the first row."""
    version = npy_format.read_magic(stream)
    if version == (1, 0):
        header = npy_format.read_array_header_1_0(stream)
    elif version == (2, 0):
        header = npy_format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"its format version {version} is not known")
    shape, column_major, dtype = header
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    return shape, column_major, dtype


def _rows(
    descriptor: int,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    offset: int,
    *,
    column_major: bool,
) -> StreamedArray:
    if not column_major:
        return StreamedArray(RowFile(descriptor, dtype, shape, offset=offset))
    # Each column is in one place, but no row is: turn the array round, some rows at a time.
    rows, columns = shape[0], math.prod(shape[1:])
    numbers = RowFile(descriptor, dtype, (rows * columns,), offset=offset)
    with Spool() as spool:
        for part in row_ranges(shape):
            begin, end = part.start, min(part.stop, rows)
            turned = [numbers[column * rows + begin : column * rows + end]
                      for column in range(columns)]  # fmt: skip
            spool.write(np.stack(turned).reshape(*shape[:0:-1], end - begin).T)
        return spool.array()
