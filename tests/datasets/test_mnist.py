"""MNIST, from files, from the Keras cache, and without a network."""

from __future__ import annotations

import gzip
import socket
import struct

import numpy as np
import pytest

from dlrun.data import keras_cache
from dlrun.datasets import load_dataset
from dlrun.errors import DataError
from tests.conftest import MNIST, needs_mnist

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


@pytest.fixture
def arrays():
    """A small MNIST: its form, with random pixels."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (25, 28, 28), dtype=np.uint8)
    labels = np.arange(25, dtype=np.uint8) % 10
    return {
        "x_train": images[:20],
        "y_train": labels[:20],
        "x_test": images[20:],
        "y_test": labels[20:],
    }


def write_idx(folder, arrays, *, name=lambda name: name, pack=bytes):
    for key, array in arrays.items():
        head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (folder / name(IDX_NAMES[key])).write_bytes(pack(head + array.tobytes()))
    return folder


def write_npz(path, arrays, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    changed = {key: array for key, array in (arrays | changes).items() if array is not None}
    np.savez(path, **changed)
    return path


def load(path=None, **arguments):
    return load_dataset("mnist", seed=0, path=path, **arguments)


@pytest.mark.parametrize("flatten", [False, True])
def test_an_npz_file_is_scaled_to_one(tmp_path, arrays, flatten):
    """Pixels divided by 255, images with a channel or as rows."""
    dataset = load(write_npz(tmp_path / "any name.npz", arrays), flatten=flatten)
    assert dataset.train.x.shape == ((20, 784) if flatten else (20, 28, 28, 1))
    assert dataset.train.x.dtype == np.float32
    expected = arrays["x_train"].astype("float32") / 255
    assert (dataset.train.x.reshape(20, 28, 28) == expected).all()
    assert dataset.train.y.tolist() == arrays["y_train"].tolist()
    assert dataset.test.y.tolist() == arrays["y_test"].tolist()
    assert dataset.class_names == tuple("0123456789")
    assert dataset.pixel_max == 255


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        (str, bytes),
        (lambda name: name + ".gz", gzip.compress),
        (lambda name: name.replace("-idx", ".idx"), bytes),
        (lambda name: name.replace("-idx", ".idx") + ".gz", gzip.compress),
    ],
)
def test_a_folder_of_idx_files_holds_the_same(tmp_path, arrays, name, pack):
    """Gzipped or not, in both spellings that are about."""
    dataset = load(write_idx(tmp_path, arrays, name=name, pack=pack))
    same = load(write_npz(tmp_path / "m.npz", arrays))
    assert (dataset.train.x == same.train.x).all()
    assert (dataset.test.x == same.test.x).all()
    assert dataset.train.y.tolist() == same.train.y.tolist()


@pytest.mark.parametrize("variable", ["KERAS_HOME", "HOME"])
def test_without_a_path_the_keras_cache_is_read(tmp_path, arrays, variable, monkeypatch):
    """In `~/.keras`, or where `KERAS_HOME` says."""
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    home = tmp_path if variable == "KERAS_HOME" else tmp_path / ".keras"
    write_npz(home / "datasets" / "mnist.npz", arrays)
    assert len(load().train) == 20


def test_a_broken_cache_says_that_it_is_the_cache(tmp_path, monkeypatch):
    """The user never chose that file."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = tmp_path / "datasets" / "mnist.npz"
    path.parent.mkdir()
    path.write_bytes(b"<html>")
    with pytest.raises(DataError) as error:
        load()
    assert str(error.value) == (
        f"{path}: this is not a .npz file.\n"
        "  This is the copy in the Keras cache: delete it and it is downloaded again."
    )


def test_without_a_network_the_error_says_what_to_do(tmp_path, monkeypatch, capsys):
    """Which file to put where; and nothing is printed to stdout, which carries data."""
    keras = pytest.importorskip("dlrun.backend").keras
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def fail():
        print("Downloading data from https://example.org")  # noqa: T201  as Keras does
        message = "URL fetch failure on https://example.org: None -- no name"
        raise Exception(message)  # noqa: TRY002  as Keras does

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(DataError) as error:
        load()
    assert str(error.value) == (
        "dataset.path: MNIST is not on this machine and cannot be downloaded (URL fetch failure on "
        "https://example.org: None -- no name).\n"
        f"  Put mnist.npz at {tmp_path}/datasets/mnist.npz, or set `dataset.path` to an .npz file "
        "with x_train, y_train, x_test, y_test or to a folder with the four IDX files."
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "there is no array 'y_test'; the file has x_train, y_train, x_test."),
        (
            {"x_train": np.zeros((20, 28, 28))},
            "x_train is (20, 28, 28) of float64; (rows, 28, 28) of uint8 was expected.",
        ),
        (
            {"x_test": np.zeros((5, 784), np.uint8)},
            "x_test is (5, 784) of uint8; (rows, 28, 28) of uint8 was expected.",
        ),
        (
            {"y_train": np.zeros(20)},
            "y_train is (20,) of float64; (20,) of whole numbers was expected.",
        ),
        (
            {"y_test": np.zeros(4, int)},
            "y_test is (4,) of int64; (5,) of whole numbers was expected.",
        ),
        (
            {"y_train": np.full(20, 10)},
            "y_train holds labels from 10 to 10; 0 to 9 were expected.",
        ),
        (
            {"x_test": np.zeros((0, 28, 28), np.uint8)},
            "x_test is (0, 28, 28) of uint8; (rows, 28, 28) of uint8 was expected.",
        ),
    ],
)
def test_the_content_is_checked_and_not_the_name(tmp_path, arrays, changes, message):
    """Keys, shapes, dtypes and labels."""
    path = write_npz(tmp_path / "mnist.npz", arrays, **changes)
    with pytest.raises(DataError) as error:
        load(path)
    assert str(error.value) == f"{path}: {message}"


def test_a_folder_without_one_of_the_files_is_an_error(tmp_path, arrays):
    """The message names the file that is missing."""
    write_idx(tmp_path, arrays)
    (tmp_path / IDX_NAMES["y_test"]).unlink()
    with pytest.raises(DataError) as error:
        load(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: there is no file t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz in this "
        "folder.\n  The folder needs the four IDX files of MNIST; or name an .npz file."
    )


def test_a_missing_path_is_an_error(tmp_path):
    """And is not looked for anywhere else."""
    with pytest.raises(DataError) as error:
        load(tmp_path / "none.npz")
    assert str(error.value) == f"{tmp_path}/none.npz: there is no such file."


def test_the_download_is_given_up_where_nothing_answers():
    """A timeout is set for the download and taken back after it."""
    before = socket.getdefaulttimeout()
    with keras_cache._connection_timeout(3.0):
        assert socket.getdefaulttimeout() == 3.0
    assert socket.getdefaulttimeout() == before


@needs_mnist
def test_the_real_mnist():
    """60,000 and 10,000 digits; the first ones are 5 0 4 1 9."""
    dataset = load(MNIST)
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.y[:5].tolist() == [7, 2, 1, 0, 4]
