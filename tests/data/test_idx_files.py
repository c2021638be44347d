"""Reading IDX files."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from dlrun.data.images import read_idx
from dlrun.errors import DataError

LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1])
IMAGES = bytes([0, 0, 8, 3]) + struct.pack(">III", 2, 1, 3) + bytes(range(6))


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "idx"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_bytes_and_shape_are_read(write, pack):
    """Written down by hand from the format's description; gzip is told by content, not by name."""
    assert read_idx(write(pack(LABELS)), axes=1).tolist() == [7, 2, 1]
    images = read_idx(write(pack(IMAGES)), axes=3)
    assert images.dtype == np.uint8
    assert images.tolist() == [[[0, 1, 2]], [[3, 4, 5]]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; an IDX file of unsigned bytes with 1 axis was expected."),
        (
            IMAGES,
            ("the file begins with 0x00000803; an IDX file of unsigned bytes with 1 axis was "
            "expected."),
        ),
        (LABELS[:6], "the file is cut short."),
        (LABELS[:-1], "the file says that it holds 3 bytes (3,), but it holds 2."),
        (LABELS + b"x", "the file says that it holds 3 bytes (3,), but it holds more."),
        (
            # Without a time: it would be in the test's name, which must be the same in each worker.
            gzip.compress(LABELS, mtime=0)[:-9],
            ("the file is damaged: Compressed file ended before the end-of-stream marker was "
            "reached."),
        ),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_an_error(write, content, message):
    """Another format, cut short, or longer than it says."""
    path = write(content)
    with pytest.raises(DataError) as error:
        read_idx(path, axes=1)
    assert str(error.value) == f"{path}: {message}"


def test_a_file_that_claims_more_than_there_is_memory_is_an_error(write):
    """Nothing is allocated on the word of a header."""
    path = write(bytes([0, 0, 8, 3]) + b"\xff" * 12)
    with pytest.raises(DataError, match=r"but it holds 0\.$"):
        read_idx(path, axes=3)


def test_a_flipped_bit_in_a_gzipped_file_is_an_error(write):
    """The checksum of gzip is heeded."""
    packed = bytearray(gzip.compress(LABELS))
    packed[-6] ^= 1
    with pytest.raises(DataError, match="the file is damaged: CRC check failed"):
        read_idx(write(bytes(packed)), axes=1)


def test_a_missing_file_is_an_error(tmp_path):
    """As everywhere."""
    with pytest.raises(DataError) as error:
        read_idx(tmp_path / "none", axes=1)
    assert str(error.value) == f"{tmp_path}/none: there is no such file."
