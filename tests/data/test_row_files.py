"""Rows read from files by their numbers, and written to files without a name."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from dlrun.data.files import DISK_FOLDER, spool_folder
from dlrun.data.streams import DiskRows, MemoryRows, RowFile
from dlrun.errors import DataError, DlrunError

ROWS = np.random.default_rng(0).normal(size=(1000, 3))


@pytest.fixture
def row_file(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(b"head" + ROWS.tobytes())
    with path.open("rb") as file:
        yield RowFile(file.fileno(), ROWS.dtype, ROWS.shape, offset=4), path


@pytest.mark.parametrize("part", [1, 100, 2**20])
def test_rows_are_those_of_the_array(row_file, monkeypatch, part):
    """By slices, by numbers near each other and far apart, in any order, repeated, none at all."""
    monkeypatch.setattr("dlrun.data.streams.PART_BYTES", part)
    rows, _ = row_file
    assert len(rows) == 1000
    for chosen in (slice(3, 7), slice(990, 2000), slice(None), slice(5, 5)):
        assert (rows[chosen] == ROWS[chosen]).all()
    for numbers in ([5, 4, 3, 3], [999, 0], [], np.arange(0, 1000, 97).astype(np.uint32)):
        chosen = np.asarray(numbers, dtype=np.uint32)
        assert rows[chosen].shape == ROWS[chosen].shape
        assert (rows[chosen] == ROWS[chosen]).all()


@pytest.mark.parametrize("rows", [slice(0, 1000), np.array([0, 999])])
def test_a_file_that_was_cut_is_an_error(row_file, rows):
    """And no crash of the process, as with a file mapped into memory."""
    opened, path = row_file
    os.truncate(path, 1000)
    with pytest.raises(DataError) as error:
        opened[rows]
    assert str(error.value) == "the file with the rows has become shorter while it was read."


def test_a_spool_gives_back_what_was_written():
    """Chunk after chunk, of whatever memory layout; and after it is closed."""
    with DiskRows() as spool:
        for begin in range(0, 1000, 300):
            spool.write(np.asfortranarray(ROWS[begin : begin + 300]))
        spool.write(ROWS[:0])
        array = spool.array()
    assert (array.shape, array.dtype) == (ROWS.shape, ROWS.dtype)
    assert (array[:] == ROWS).all()


def test_a_spool_leaves_nothing_behind(tmp_path, monkeypatch):
    """Its file has no name, even while it is used."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with DiskRows() as spool:
        spool.write(ROWS)
        assert list(tmp_path.iterdir()) == []


def test_a_pile_is_used_like_a_spool():
    """The rows are the same, in memory."""
    with MemoryRows() as pile:
        pile.write(ROWS[:500])
        pile.write(ROWS[500:])
    assert (pile.array() == ROWS).all()


def test_a_full_disk_is_an_error_that_names_the_folder(monkeypatch):
    """And says what is needed."""

    class Full:
        def __init__(self, file):
            self.close = file.close

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    with DiskRows() as spool:
        monkeypatch.setattr(spool, "_file", Full(spool._file))
        with pytest.raises(DlrunError) as error:
            spool.write(ROWS)
    assert str(error.value) == (
        f"{spool_folder()}: rows that do not fit into memory cannot be kept here: "
        "No space left on device.\n"
        "  They need 8 bytes for each number; name a folder with enough space in TMPDIR."
    )


def test_large_files_go_where_they_are_not_memory(tmp_path, monkeypatch):
    """To `TMPDIR` where it is set, else to `/var/tmp`."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert spool_folder() == tmp_path
    monkeypatch.delenv("TMPDIR")
    assert spool_folder() == DISK_FOLDER
