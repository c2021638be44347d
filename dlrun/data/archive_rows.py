"""Reads the headers of arrays in `.npz` files, and rows of those that are too large for memory."""

from __future__ import annotations

import math
import struct
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy_format

from dlrun.arrays import StreamedArray
from dlrun.data.pieces import row_ranges
from dlrun.data.row_files import RowFile
from dlrun.data.spool import Spool

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


def read_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    """Read the header of an array.

    Raises:
        ValueError: The array holds Python objects, or is shorter than its header says.
    """
    with archive.open(member) as stream:
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
    if header.offset + header.size > member.file_size:
        raise ValueError("the rows end too early")
    return header


def stream_array(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> StreamedArray | None:
    """Open an array of any dtype without reading it into memory; None where it has no rows.

    One that is stored as it is will be read from where it is; a compressed one is unpacked to a
    file without a name. Either way the checksum is looked at once.
    """
    header = read_header(archive, member)
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
        with Spool() as spool:
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
    with Spool() as spool:
        for part in row_ranges(shape):
            begin, end = part.start, min(part.stop, rows)
            turned = [numbers[column * rows + begin : column * rows + end]
                      for column in range(columns)]  # fmt: skip
            # (columns, part) -> (last axis, ..., second axis, part) -> (part, *shape[1:])
            spool.write(np.stack(turned).reshape(*shape[:0:-1], end - begin).T)
        return spool.array()
