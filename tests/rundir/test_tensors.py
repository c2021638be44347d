"""Tensors are stored exactly, and a file that does not hold what is expected is refused."""

import json

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.tensors import load_tensors, save_tensors
from tests.sparse import write_sparse

TENSORS = {
    "dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "dense/bias": np.array([1.0, -0.0, np.nan], np.float32),
    "iterations": np.array(7, np.int64),
    "seed": np.array([1, 2**32 - 1], np.uint32),
    "half": np.array([0.5], ml_dtypes.bfloat16),
    "empty": np.zeros((0, 4), np.float16),
}
EXPECTED = {name: (array.shape, array.dtype.name) for name, array in TENSORS.items()}


def test_every_bit_comes_back(tmp_path):
    """Shapes (0-d too), dtypes and bits are those that were saved."""
    path = tmp_path / "weights.safetensors"
    save_tensors(path, TENSORS)
    loaded = load_tensors(path, EXPECTED)
    assert list(loaded) == list(TENSORS)
    for name, array in TENSORS.items():
        assert (loaded[name].shape, loaded[name].dtype) == (array.shape, array.dtype)
        assert loaded[name].tobytes() == array.tobytes()


def test_other_tools_read_it(tmp_path):
    """The file is plain safetensors, also for arrays that are not contiguous."""
    path = tmp_path / "weights.safetensors"
    save_tensors(path, {"a": TENSORS["dense/kernel"].T}, {"keras": "3", "dlrun": "0.1"})
    np.testing.assert_array_equal(load_file(path)["a"], TENSORS["dense/kernel"].T)


def test_files_of_other_tools_are_read(tmp_path):
    """Without expectations everything is taken."""
    path = tmp_path / "weights.safetensors"
    save_file({"a": TENSORS["dense/kernel"]}, path)
    np.testing.assert_array_equal(load_tensors(path)["a"], TENSORS["dense/kernel"])


def test_same_arrays_give_the_same_bytes(tmp_path):
    """Several entries of metadata do not make the file change from call to call."""
    metadata = dict.fromkeys("abcdefgh", "1")
    for name in "12":
        save_tensors(tmp_path / name, TENSORS, metadata)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_differences_are_listed(tmp_path):
    """Missing, unexpected and differing tensors are all named."""
    path = tmp_path / "weights.safetensors"
    save_tensors(path, {"a": np.zeros(2, np.float32), "b": np.zeros(2, np.float32)})
    with pytest.raises(RunFolderError) as caught:
        load_tensors(path, {"b": ((3,), "float32"), "c": ((), "float32")})
    assert str(caught.value) == (
        f"{path}: does not fit the model: 'c' is missing; 'a' is not expected; "
        "'b' is float32 (2,), expected float32 (3,)."
    )


def test_many_differences_are_counted(tmp_path):
    """A file of another model does not fill the screen."""
    path = tmp_path / "weights.safetensors"
    save_tensors(path, {"a": np.zeros(2, np.float32)})
    with pytest.raises(RunFolderError, match=r"'l4' is missing; 6 more\.$"):
        load_tensors(path, {f"l{n}": ((1,), "float32") for n in range(10)})


def test_a_dtype_too_wide_is_refused(tmp_path):
    """The dtype counts as much as the shape."""
    path = tmp_path / "weights.safetensors"
    save_tensors(path, {"a": np.zeros(2, np.float64)})
    with pytest.raises(RunFolderError, match=r"'a' is float64 \(2,\), expected float32 \(2,\)"):
        load_tensors(path, {"a": ((2,), "float32")})


@pytest.mark.parametrize("length", [0, 4, 8, 30, -1])
def test_truncated_file_is_named(tmp_path, length):
    """A file that was cut anywhere is damaged."""
    path = tmp_path / "weights.safetensors"
    save_tensors(path, TENSORS)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(RunFolderError, match=r"weights.safetensors: is damaged: "):
        load_tensors(path, EXPECTED)


def test_a_file_larger_than_the_model_is_refused_unread(tmp_path):
    """A sparse terabyte is refused by what its header says, or by the memory that there is."""
    path = tmp_path / "weights.safetensors"
    write_sparse(path, {"a": {"dtype": "F32", "shape": [2**38], "data_offsets": [0, 2**40]}})
    with pytest.raises(RunFolderError, match=r"does not fit the model: 'a' is float32 \(2748"):
        load_tensors(path, {"a": ((2,), "float32")})
    with pytest.raises(RunFolderError, match=r"holds 1\.1 TB; the model has 1\.0 MB at most: dam"):
        load_tensors(path, most=10**6)
    with pytest.raises(DlrunError, match=r"its arrays take at least 2\.2 TB of memory, and \d"):
        load_tensors(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, "it is not as long as"),
        ({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, "it is not as long as"),
        ({"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}, "it is not as long as"),
        ({"a": {"dtype": "F32", "shape": [10**400], "data_offsets": [0, 8]}}, "it is not as lo"),
        ({"a": {"dtype": "F32"}}, "its header cannot be read"),
        ([], "its header cannot be read"),
    ],
)
def test_a_header_that_lies_is_damage(header, message, tmp_path):
    """Nothing is read or allocated by what it says."""
    path = tmp_path / "weights.safetensors"
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(RunFolderError, match=f"is damaged: {message}"):
        load_tensors(path)


def test_a_header_without_end_is_damage(tmp_path):
    """Its length alone is an allocation."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes((2**60).to_bytes(8, "little"))
    with pytest.raises(RunFolderError, match="is damaged: its header is too large"):
        load_tensors(path)


def test_missing_file_is_named(tmp_path):
    """The message names the file."""
    with pytest.raises(RunFolderError, match=r"weights.safetensors: is missing\.$"):
        load_tensors(tmp_path / "weights.safetensors", EXPECTED)
