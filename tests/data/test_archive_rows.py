"""Arrays of archives, read row by row."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.arrays import StreamedArray
from dlrun.data.archives import ArchiveFile, check_numbers
from dlrun.errors import DataError

RNG = np.random.default_rng(0)
ARRAYS = {
    "rows": RNG.normal(size=(50, 3)),
    "images": RNG.integers(0, 255, (50, 4, 5, 2), dtype=np.uint8),
    "numbers": np.arange(50),
    "text": np.array(["ant", "bumblebee"] * 25),
    "column_major": np.asfortranarray(RNG.normal(size=(50, 3))),
    "column_major_images": np.asfortranarray(RNG.normal(size=(50, 2, 3, 4)).astype("f4")),
    "big_endian": np.arange(100.0).astype(">f8").reshape(50, 2),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("name", ARRAYS)
def test_rows_are_those_that_numpy_loads(tmp_path, monkeypatch, save, name):
    """Stored or compressed, by rows or by columns, of any dtype without Python objects."""
    monkeypatch.setattr("dlrun.data.streams.ENTRIES_PER_CHUNK", 25)
    save(tmp_path / "a.npz", **ARRAYS)
    array = ArchiveFile(tmp_path / "a.npz").stream(name)
    assert isinstance(array, StreamedArray)
    assert (array.shape, array.dtype) == (ARRAYS[name].shape, ARRAYS[name].dtype)
    assert (array[:] == ARRAYS[name]).all()
    assert (array[np.array([40, 2, 7])] == ARRAYS[name][[40, 2, 7]]).all()


def test_the_size_is_that_of_the_arrays_that_are_used(tmp_path):
    """Uncompressed, with some bytes of header; a missing array counts nothing."""
    np.savez_compressed(tmp_path / "a.npz", **ARRAYS)
    archive = ArchiveFile(tmp_path / "a.npz")
    assert archive.size(["rows", "numbers", "none"]) == 50 * 3 * 8 + 128 + 50 * 8 + 128


def test_arrays_without_rows_are_read_as_they_are(tmp_path):
    """So that the error about them is the one of arrays in memory."""
    np.savez(tmp_path / "a.npz", none=np.empty((0, 3)), one=np.float64(1))
    archive = ArchiveFile(tmp_path / "a.npz")
    assert archive.stream("none").shape == (0, 3)
    assert archive.stream("one").shape == ()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damaged_rows_are_an_error(tmp_path, save):
    """The checksum is compared before the first row is used."""
    path = tmp_path / "a.npz"
    save(path, x=ARRAYS["rows"])
    data = bytearray(path.read_bytes())
    data[700] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match="the array 'x' is damaged: "):
        ArchiveFile(path).stream("x")


def test_python_objects_are_refused(tmp_path):
    """They could run code."""
    np.savez(tmp_path / "a.npz", x=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="the array 'x' holds Python objects, which could run code"):
        ArchiveFile(tmp_path / "a.npz").stream("x")


def test_an_entry_that_is_not_finite_is_named(tmp_path, monkeypatch):
    """By its row in the whole array, though it is read chunk by chunk."""
    monkeypatch.setattr("dlrun.data.streams.ENTRIES_PER_CHUNK", 9)
    rows = ARRAYS["rows"].copy()
    rows[40, 1] = np.nan
    np.savez(tmp_path / "a.npz", x=rows)
    with pytest.raises(DataError) as error:
        check_numbers(ArchiveFile(tmp_path / "a.npz").stream("x"), "a.npz: array 'x'")
    assert str(error.value) == (
        "a.npz: array 'x': the entry [40, 1] is nan; finite numbers were expected."
    )
