"""Well-known datasets in the form that Keras caches them, written small by these tests."""

from __future__ import annotations

import io
import os
import pickle
import re

import numpy as np
import pytest
from numpy.lib import format as npy_format

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.datasets import load_dataset
from dlrun.datasets.samples import find_sample
from dlrun.errors import DataError
from tests.datasets.test_mnist import write_idx, write_npz

RANDOM = np.random.default_rng(0)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of Keras, which fetches nothing."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    def fail(*_, **__):
        raise OSError("no network")

    for word in ("fashion_mnist", "cifar10", "cifar100", "imdb", "california_housing"):
        monkeypatch.setattr(getattr(keras.datasets, word), "load_data", fail)
    return tmp_path / "keras" / "datasets"


def load(word, **arguments):
    return load_dataset(word, seed=0, **arguments)


def write_batch(path, rows, **labels):
    """A file of CIFAR, as it is pickled."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = RANDOM.integers(0, 256, (rows, 3072), dtype=np.uint8)
    content = {b"data": data, **{name.encode(): found for name, found in labels.items()}}
    path.write_bytes(pickle.dumps(content, protocol=3))
    return data


def write_lists(path, arrays):
    """An `.npz` file whose features are lists, as that of IMDB has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = {}
    for name, rows in arrays.items():
        if name.startswith("x"):
            objects[name] = np.empty(len(rows), object)
            objects[name][:] = rows
        else:
            objects[name] = np.array(rows)
    np.savez(path, **objects)


def test_fashion_mnist_is_a_folder_of_idx_files(cache):
    """As MNIST, with classes that have names."""
    folder = cache / "fashion-mnist"
    folder.mkdir(parents=True)
    images = RANDOM.integers(0, 256, (12, 28, 28), dtype=np.uint8)
    labels = np.arange(12, dtype=np.uint8) % 10
    arrays = {"x_train": images, "y_train": labels, "x_test": images[:3], "y_test": labels[:3]}
    write_idx(folder, arrays)
    dataset = load("fashion_mnist")
    assert (dataset.train.x[..., 0] == images / np.float32(255)).all()
    assert dataset.class_names[9] == "Ankle boot"
    assert dataset.class_values is None
    assert dataset.test.y.tolist() == [0, 1, 2]
    write_npz(cache / "any.npz", arrays)
    assert (load("fashion_mnist", path=cache / "any.npz", flatten=True).train.x.shape) == (12, 784)


@pytest.mark.parametrize("place", ["cifar-10-batches-py-target/cifar-10-batches-py",
                                   "cifar-10-batches-py"])  # fmt: skip
def test_cifar10_is_five_batches_and_one(cache, place):
    """In their order; three planes of colour become pixels, as Keras reads them."""
    data = [
        write_batch(cache / place / f"data_batch_{number}", 4, labels=[number, 0, 1, 9])
        for number in range(1, 6)
    ]
    held = write_batch(cache / place / "test_batch", 2, labels=[3, 4])
    dataset = load("cifar10")
    planes = np.concatenate(data).reshape(20, 3, 32, 32)
    assert (dataset.train.x == planes.transpose(0, 2, 3, 1) / np.float32(255)).all()
    assert dataset.train.y[::4].tolist() == [1, 2, 3, 4, 5]
    assert (dataset.test.x[1, 5, 6] == held[1].reshape(3, 32, 32)[:, 5, 6] / np.float32(255)).all()
    assert dataset.class_names[:3] == ("airplane", "automobile", "bird")
    assert dataset.image_shape == (32, 32, 3)


def test_cifar100_has_two_kinds_of_classes(cache):
    """A hundred, or the twenty that hold them."""
    folder = cache / "somewhere"
    for part in ("train", "test"):
        write_batch(folder / part, 3, fine_labels=[0, 99, 50], coarse_labels=[0, 19, 7])
    fine, coarse = (load("cifar100", path=folder, label_mode=mode) for mode in ("fine", "coarse"))
    assert [fine.class_names[number] for number in fine.train.y] == ["apple", "worm", "mouse"]
    assert [coarse.class_names[number] for number in coarse.train.y] == [
        "aquatic_mammals", "vehicles_2", "insects",
    ]  # fmt: skip
    assert (len(fine.class_names), len(coarse.class_names)) == (100, 20)


def test_imdb_is_what_keras_gives(cache, monkeypatch):
    """The same rows in the same order, cut and padded by Keras's own function."""
    lists = [RANDOM.integers(1, 30, size).tolist() for size in (1, 3, 12, 7, 5, 9, 2, 4)]
    path = cache / "imdb.npz"
    arrays = {"x_train": lists, "y_train": [0, 1, 1, 0, 0, 1, 0, 1],
              "x_test": lists[::-1], "y_test": [1, 1, 1, 0, 0, 1, 0, 0]}  # fmt: skip
    write_lists(path, arrays)
    dataset = load("imdb", num_words=20, maxlen=6)
    monkeypatch.undo()
    monkeypatch.setattr("keras.src.datasets.imdb.get_file", lambda *_, **__: str(path))
    (x, y), (x_test, y_test) = keras.datasets.imdb.load_data(num_words=20)
    assert (dataset.train.x == keras.utils.pad_sequences(x, maxlen=6)).all()
    assert dataset.train.y.tolist() == y.tolist()
    assert (dataset.test.x == keras.utils.pad_sequences(x_test, maxlen=6)).all()
    assert dataset.test.y.tolist() == y_test.tolist()


def test_california_housing_has_named_columns(cache):
    """And prices, in the order of the file."""
    x = RANDOM.uniform(1, 9, (5, 8))
    x[:, 0], x[:, 1] = -120, 35
    cache.mkdir(parents=True)
    np.savez(cache / "california_housing.npz", x=x, y=np.arange(5.0) * 1000)
    dataset = load("california_housing")
    assert (dataset.train.x == x).all()
    assert dataset.train.y[:, 0].tolist() == [0, 1000, 2000, 3000, 4000]
    assert dataset.feature_names[0] == "longitude"
    np.savez(cache / "california_housing.npz", x=x[:, ::-1], y=np.arange(5.0))
    with pytest.raises(DataError, match="are no places in California"):
        load("california_housing")


@pytest.mark.parametrize(
    ("word", "place", "instead"),
    [
        ("fashion_mnist", "fashion-mnist", "a folder with the four IDX files, or an .npz file"),
        ("cifar10", "cifar-10-batches-py-target/cifar-10-batches-py",
         "the unpacked folder cifar-10-batches-py"),
        ("cifar100", "cifar-100-python-target/cifar-100-python",
         "the unpacked folder cifar-100-python"),
        ("imdb", "imdb.npz", "the file imdb.npz"),
        ("california_housing", "california_housing.npz", "the file california_housing.npz"),
    ],
)  # fmt: skip
def test_without_a_network_the_error_says_what_to_put_where(cache, word, place, instead):
    """The place in the cache, or a path of one's own."""
    with pytest.raises(DataError, match="cannot be downloaded") as error:
        load(word)
    name = place.rpartition("/")[2]
    assert error.value.fix == (
        f"Put {name} at {cache / place}, or set `dataset.path` to {instead}."
    )


class Evil:
    """Would run a command if it were read as pickle reads it."""

    def __reduce__(self):
        """Ask for a function of the system."""
        return os.system, ("echo pwned > pwned",)


def test_a_pickle_runs_nothing(cache, monkeypatch):
    """What is no list and no array is refused by its name."""
    cache.mkdir(parents=True)
    monkeypatch.chdir(cache)
    for part in ("train", "test"):
        write_batch(cache / "c" / part, 3, fine_labels=Evil())
    with pytest.raises(DataError, match=r"it asks for posix.system, which could run code"):
        load("cifar100", path=cache / "c")
    stream = io.BytesIO()
    npy_format.write_array(stream, np.array([[Evil()]], object)[0], allow_pickle=True)
    np.savez(cache / "imdb.npz", x_train=np.array([Evil()], object), y_train=np.zeros(1))
    with pytest.raises(DataError, match="which could run code") as error:
        load("imdb")
    assert "This is the copy in the Keras cache" in str(error.value)
    assert not (cache / "pwned").exists()


@pytest.mark.parametrize(
    ("write", "word", "message"),
    [
        (lambda home: (home / "train").write_bytes(b"\x80\x03}"), "cifar100", "is damaged"),
        (lambda home: write_batch(home / "train", 2, labels=[1, 2]), "cifar100",
         "no images with 'fine_labels'"),
        (lambda home: [write_batch(home / part, 2, fine_labels=[1, 100])
                       for part in ("train", "test")], "cifar100", "0 to 99 were expected"),
        (lambda home: [write_batch(home / part, 2, fine_labels=[1]) for part in ("train", "test")],
         "cifar100", re.escape("(2,) of whole numbers was expected")),
        (lambda home: write_lists(home / "a.npz", {"x_train": [[1], ["a"]], "y_train": [0, 1]}),
         "imdb", "lists of whole numbers were expected"),
        (lambda home: write_lists(home / "a.npz", {"x_train": [[1], [2, 3]], "y_train": [0, 5]}),
         "imdb", "0 or 1 for each of 2 rows"),
        (lambda home: write_npz(home / "a.npz", {"x": np.ones((3, 7)), "y": np.ones(3)}),
         "california_housing", re.escape("x is (3, 7) and y (3,)")),
    ],
)  # fmt: skip
def test_the_content_is_checked(write, word, message, tmp_path):
    """Keys, shapes, dtypes and labels."""
    write(tmp_path)
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match=message):
        load(word, path=path if path.exists() else tmp_path)


@pytest.mark.parametrize("word", ["fashion_mnist", "cifar10", "cifar100", "imdb"])
def test_shapes_are_known_before_the_files(word, tmp_path):
    """So that a layer that does not fit is told at once."""
    path = tmp_path / "c.yaml"
    path.write_text(
        f"dataset: {word}\nmodel: {{layers: [Flatten, {{type: Dense, units: 2}}]}}\n"
        "training: {epochs: 0}\n"
    )
    dataset = load_config(path, data_known=False).dataset
    sample = find_sample(dataset.type, dataset.arguments)
    assert sample.shape == {
        "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3), "cifar100": (32, 32, 3),
        "imdb": (200,),
    }[word]  # fmt: skip
    assert sample.test_rows
