"""Reading `.npz` and `.npy` files."""

from __future__ import annotations

import contextlib
import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlrun.data.archives import ArchiveFile, check_numbers, check_rows, read_npy
from dlrun.errors import DataError

OBJECTS = (
    "holds Python objects, which could run code; only numbers and text are read.\n"
    "  Save it with a dtype such as float32, int64 or str."
)


class Bomb:
    """Something that runs code when it is unpickled."""

    def __reduce__(self):
        """What `pickle` calls when it loads."""
        return (exec, ("raise SystemExit('the file ran code')",))


def huge_header():
    """An array that claims petabytes and holds nothing."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f8", "fortran_order": False, "shape": (10**13, 10)}
    )
    return stream.getvalue()


def read(path, name="x"):
    return ArchiveFile(path).read(name)


def test_arrays_are_read_by_name(tmp_path):
    """One at a time, without loading the others."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.arange(3), text=np.array(["a", "b"]))
    archive = ArchiveFile(path)
    assert archive.names == ("x", "text")
    assert archive.read("x").tolist() == [0, 1, 2]
    assert archive.read("text").tolist() == ["a", "b"]


def test_nothing_in_a_file_is_ever_run(tmp_path):
    """Pickles are refused, in an archive, in an array file and bare."""
    bomb = np.array([Bomb()], dtype=object)
    archive, array, bare = tmp_path / "a.npz", tmp_path / "a.npy", tmp_path / "b.npz"
    np.savez(archive, x=bomb)
    np.save(array, bomb, allow_pickle=True)
    bare.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError) as error:
        read(archive)
    assert str(error.value) == f"{archive}: the array 'x' {OBJECTS}"
    with pytest.raises(DataError) as error:
        read_npy(array)
    assert str(error.value) == f"{array}: the file {OBJECTS}"
    with pytest.raises(DataError) as error:
        read(bare)
    assert str(error.value) == f"{bare}: this is not a .npz file."


def test_a_damaged_archive_is_an_error(tmp_path):
    """Cut short, overwritten in the middle, or claiming more than there is."""
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(100))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.npz: the file is damaged: File is not a zip file\.$"):
        read(path)
    path.write_bytes(whole[:300] + bytes(20) + whole[320:])
    with pytest.raises(DataError, match=r"the array 'x' is damaged: Bad CRC-32 for file 'x.npy'\."):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", huge_header())
    with pytest.raises(DataError, match=r"the array 'x' is damaged: "):
        read(path)


def test_a_damaged_array_file_is_an_error(tmp_path):
    """Cut in the rows, cut in the header, or claiming more than there is."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(100))
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:20], huge_header()):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.npy: the file is damaged: "):
            read_npy(path)


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 127), st.sampled_from(b"\x00\xff('\\O9,{")), min_size=1, max_size=4
    )
)
@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required additional header")
def test_any_damage_of_a_header_is_an_error_or_harmless(changes, tmp_path):
    """NumPy raises all kinds of exceptions over a header that does not parse."""
    stream = io.BytesIO()
    np.save(stream, np.arange(12.0).reshape(3, 4))
    content = bytearray(stream.getvalue())
    for position, byte in changes:
        content[position] = byte
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", bytes(content))
    with contextlib.suppress(DataError):
        read(path)
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with contextlib.suppress(DataError):
        read_npy(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.npz", "there is no such file."),
        (".", "this is a directory; a file was expected."),
        ("text.npz", "this is not a .npz file."),
    ],
)
def test_what_is_no_archive_is_an_error(tmp_path, name, message):
    """The usual slips."""
    (tmp_path / "text.npz").write_text("hello")
    path = tmp_path / name
    with pytest.raises(DataError) as error:
        ArchiveFile(path)
    assert str(error.value) == f"{path}: {message}"


def test_an_array_that_is_not_there_is_an_error_that_lists_the_others(tmp_path):
    """So that the right name can be chosen."""
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros(1), labels=np.zeros(1))
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value) == f"{path}: there is no array 'x'; the file has images, labels."


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("u1", "f4"), ("i2", "f4"), ("f2", "f4"), ("?", "f4"), (">f4", "f4"), ("i4", "f8"),
     ("u8", "f8"), ("f8", "f8")],
)  # fmt: skip
def test_numbers_become_the_smallest_float_that_holds_them(dtype, expected):
    """float32 only where it loses nothing."""
    floats = check_numbers(np.ones(2, dtype=dtype), "a.npz")
    assert floats.dtype == np.dtype(expected)
    assert floats.tolist() == [1, 1]


def test_what_is_no_finite_number_is_an_error():
    """The entry is named as NumPy indexes it."""
    with pytest.raises(DataError) as error:
        check_numbers(np.array([[1, 2], [np.inf, np.nan]]), "a.npz: array 'x'")
    assert str(error.value) == (
        "a.npz: array 'x': the entry [1, 0] is inf; finite numbers were expected."
    )
    with pytest.raises(DataError) as error:
        check_numbers(np.array(["2020-01-01"], dtype="M8[D]"), "a.npz")
    assert str(error.value) == "a.npz: the array holds datetime64[D]; numbers were expected."


def test_an_array_without_rows_is_an_error():
    """A single number, and none at all."""
    with pytest.raises(DataError) as error:
        check_rows(np.array(1.0), "a.npz")
    assert str(error.value) == "a.npz: the array is a single number; rows were expected."
    with pytest.raises(DataError) as error:
        check_rows(np.zeros((3, 0)), "a.npz")
    assert str(error.value) == "a.npz: the array is empty: shape (3, 0)."
