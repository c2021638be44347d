"""The samples of every dataset, told from its arguments or its file's header."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dlrun import catalog
from dlrun.catalog import NOT_LITERAL
from dlrun.datasets import load_dataset
from dlrun.shapes import Sample, find_sample
from tests.conftest import MNIST, needs_mnist
from tests.shapes.networks import listed

DRAWN = [
    ("two_points", {}),
    ("majority", {"bits": 5}),
    ("threshold_sum", {"columns": 3}),
    ("threshold_sum", {"labels": [0, 1]}),
    ("xor", {}),
    ("moons", {}),
    ("circles", {}),
    ("blobs", {"centers": 4, "columns": 3}),
    ("spirals", {"arms": 5}),
    ("checkerboard", {}),
    ("linear", {"weights": [1.0, 2.0, 3.0]}),
    ("sine", {}),
    ("digits", {}),
    ("digits", {"flatten": True}),
]


def tell(dataset, **arguments):
    """What is told with the dataset's defaults filled in."""
    defaults = {
        parameter.name: listed(parameter.default)
        for parameter in catalog.find("datasets", dataset).parameters
        if parameter.default is not NOT_LITERAL
    }
    return find_sample(dataset, defaults | arguments)


def told(dataset):
    """What would have to be told of a dataset that was loaded."""
    target = None if dataset.class_names else dataset.train.y.shape[1:]
    return Sample(dataset.train.x.shape[1:], dataset.class_names, target)


@pytest.mark.parametrize(("dataset", "arguments"), DRAWN)
def test_what_is_told_is_what_is_loaded(dataset, arguments):
    """Shape, class names and targets."""
    assert tell(dataset, **arguments) == told(load_dataset(dataset, seed=0, **arguments))


@needs_mnist
@pytest.mark.parametrize("flatten", [False, True])
def test_mnist(flatten):
    """Its shape does not depend on the file."""
    loaded = told(load_dataset("mnist", seed=0, path=MNIST, flatten=flatten))
    assert tell("mnist", flatten=flatten) == loaded


def test_every_dataset_is_known():
    """A new one may be left out; then the walk through the layers does not start."""
    assert {name for name, _ in DRAWN} | {"csv", "mnist", "npz"} == set(catalog.words("datasets"))
    assert find_sample("another", {}) == Sample()


@pytest.mark.parametrize(
    ("dataset", "arguments"),
    [
        ("blobs", {"centers": 1}),
        ("blobs", {"columns": 0}),
        ("blobs", {"columns": 2.5}),
        ("majority", {"bits": 17}),
        ("linear", {"weights": []}),
        ("linear", {"weights": 3}),
        ("threshold_sum", {"labels": [1]}),
        ("digits", {"flatten": "yes"}),
        ("csv", {"path": None}),
        ("npz", {"path": 3}),
    ],
)
def test_wrong_arguments_tell_nothing(dataset, arguments):
    """They are told where the data are read."""
    assert tell(dataset, **arguments) == Sample()


@pytest.mark.parametrize(
    ("text", "arguments", "columns", "targets"),
    [
        ("a,b,c\n1,2,x\n", {}, 2, None),
        ("\ufeffa;b;c;d\r\n1;2;3;x\r\n", {}, 3, None),
        ("\n\n1\t2\t3\n", {}, 2, None),
        ('"a, b","c"\n1,2\n', {}, 1, None),
        ("a,b,c\n1,2,3\n", {"target": "a"}, 2, None),
        ("a,b,c,d\n1,2,3,4\n", {"target": ["a", "b"]}, 2, (2,)),
        ("a,b,c\n1,2,3\n", {"features": ["b"]}, 1, None),
        ("1,2,3\n", {"header": False, "target": "column_1"}, 2, None),
        ("a,b;c\n1,2;3\n", {"delimiter": ","}, 1, None),
    ],
)
def test_csv_headers(tmp_path, text, arguments, columns, targets):
    """The columns are counted as the reader of the rows counts them."""
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    assert tell("csv", path=path, **arguments) == Sample((columns,), target=targets)
    if text.startswith("a,b,c\n"):
        loaded = load_dataset("csv", seed=0, path=path, **arguments)
        assert loaded.train.x.shape[1:] == (columns,)


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        (b"", {}),
        (b"\n\n", {}),
        (b"a\n1\n", {}),
        (b"a,b;c\n1,2;3\n", {}),
        (b"a,a\n1,2\n", {}),
        (b'"a,b\n1,2\n', {}),
        (b"\xff\xfe,b\n", {}),
        (b"a,b\n1,2\n", {"target": "c"}),
        (b"a,b\n1,2\n", {"delimiter": "::"}),
        (b"a" * 2_000_000, {}),
    ],
)
def test_odd_csv_files_tell_nothing(tmp_path, content, arguments):
    """What is wrong with them is told when they are read."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    assert tell("csv", path=path, **arguments) == Sample()


def test_only_regular_files_are_opened(tmp_path):
    """A missing file, a folder, and a pipe, whose rows could not be read again."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe", Path("\0")):
        assert tell("csv", path=path) == tell("npz", path=path) == Sample()


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 8, 8, 1)])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_headers(tmp_path, save, shape):
    """Only the header of the array is read; a row of one number is a column."""
    path = tmp_path / "arrays.npz"
    save(path, x=np.zeros(shape), y=np.zeros(5))
    assert tell("npz", path=path) == Sample(shape[1:] or (1,))
    assert tell("npz", path=path).shape == load_dataset("npz", seed=0, path=path).train.x.shape[1:]
    assert tell("npz", path=path, x="z") == Sample()


def test_npz_with_a_long_header(tmp_path):
    """Version 2 of the format has a longer length."""
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as file:
        np.lib.format.write_array(file, np.zeros((2, 4)), version=(2, 0))
    assert tell("npz", path=path) == Sample((4,))


@pytest.mark.parametrize(
    "member",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00" + b" " * 100,
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535,
        b"\x93NUMPY\x01\x00\xff\x0f" + b"(" * 4095,
        b"\x93NUMPY\x01\x00\x10\x00" + b"{'shape': 'abc'}",
        b"\x93NUMPY\x01\x00\x10\x00" + b"{'shape': (-1,)}",
        b"\x93NUMPY\x01\x00\x10\x00" + b"{'shape': (0,)} ",
        b"\x93NUMPY\x01\x00\x10\x00" + b"{'shape': ()}   ",
        b"\x93NUMPY\x01\x00\x10\x00" + b"__import__('os')",
    ],
)
def test_odd_arrays_tell_nothing(tmp_path, member):
    """Nothing in them is run, and nothing is raised."""
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", member)
    assert tell("npz", path=path) == Sample()
    path.write_bytes(path.read_bytes()[:-30])
    assert tell("npz", path=path) == Sample()
