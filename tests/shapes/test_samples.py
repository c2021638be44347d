"""The samples of every dataset, told from its arguments or its file's header."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.data.classes import check_more_than_one_class, classes_for_loss
from dlrun.datasets import load_dataset
from dlrun.datasets.samples import Sample, find_sample
from dlrun.errors import DlrunError
from tests.conftest import MNIST, needs_mnist
from tests.marking import first
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


def tell(dataset, form=None, **arguments):
    """What is told with the dataset's defaults filled in."""
    defaults = {
        parameter.name: listed(parameter.default)
        for parameter in catalog.find("datasets", dataset).parameters
        if parameter.default is not ABSENT
    }
    return find_sample(dataset, defaults | arguments, form=form)


def told(dataset):
    """What would have to be told of a dataset that was loaded."""
    target = None if dataset.class_names else dataset.train.y.shape[1:]
    return Sample(dataset.train.x.shape[1:], dataset.class_names, target)


def of_rows(sample):
    """Without what is told of the dataset as a whole: shape, classes and target."""
    return Sample(*sample[:3])


@pytest.mark.parametrize(("dataset", "arguments"), DRAWN)
def test_what_is_told_is_what_is_loaded(dataset, arguments):
    """Shape, class names and targets."""
    for more in ({}, {"test_samples": 5}):
        if {*more} <= {one.name for one in catalog.find("datasets", dataset).parameters}:
            loaded = load_dataset(dataset, seed=0, **arguments, **more)
            static = tell(dataset, **arguments, **more)
            assert of_rows(static) == told(loaded)
            rows = (len(loaded.train), 0 if loaded.test is None else len(loaded.test))
            assert (static.rows, static.test_rows) == rows
            assert static.is_regression == (loaded.class_names is None)


LOSSES = {
    "value": "mean_squared_error",
    "index": "sparse_categorical_crossentropy",
    "one_hot": "categorical_crossentropy",
    "binary": "binary_crossentropy",
    "sign": "hinge",
}
WORDS = sorted({name for name, _ in DRAWN})


def other_values(dataset):
    """Every argument of a dataset that is drawn, each with another value than its default."""
    for parameter in catalog.find("datasets", dataset).parameters:
        default = parameter.default
        if isinstance(default, bool):
            yield {parameter.name: not default}
        elif isinstance(default, int):
            yield {parameter.name: default + 1}
        elif isinstance(default, float):
            yield {parameter.name: default * 0.5}
        else:
            values = {"classes": [0, 3], "labels": [0, 1], "weights": [1, 2.5, -3, 0]}
            yield {parameter.name: values[parameter.name]}


@pytest.mark.parametrize("dataset", WORDS)
def test_drawn_rows_are_told_as_they_are_loaded(dataset):
    """Every argument, under every kind of loss."""
    for arguments in ({}, *other_values(dataset)):
        for form, loaded in loaded_or_refused(dataset, **arguments).items():
            assert_agrees(tell(dataset, form, **arguments), loaded)


TABLES = {
    "text": "a,b,w,c\n1,2,1,x\n3,4,1,y\n5,6,2,x\n",
    "numbers": "a,b,w,c\n1,2,1,2\n3,4,1,0\n5,6,2,1.0\n7,8,1,2\n",
    "fractions": "a,b,w,c\n1,2,1,0.5\n3,4,1,0\n5,6,2,1\n",
    "two numbers": "a,b,w,c\n1,2,1,0\n3,4,1,1\n5,6,2,0\n",
    "measured": "a,b,w,c\n1,2,1,-0.5\n3,4,1,7.25\n",
    "quoted": '"a";"b";"w";"c"\r\n1;2;1;"x; y"\r\n\r\n3;4;1; "z"\r\n',
    "no header": "1,2,1,0\n3,4,1,1\n5,6,1,0\n",
    "texts without a header": "1,2,1,x\n3,4,1,y\n5,6,1,x\n",
    "one class": "a,b,w,c\n1,2,1,x\n3,4,1,x\n",
    "mixed": "a,b,w,c\n1,2,1,x\n3,4,1,7\n",
    "nan": "a,b,w,c\n1,2,1,x\n3,4,1,nan\n",
    "weight last": "a,c,b,w\n1,2,3,1\n3,4,1,1\n",
}
ARGUMENTS = (
    {},
    {"sample_weight": "w"},
    {"target": "a"},
    {"target": ["a", "b"]},
    {"target": ["c"], "sample_weight": "w"},
    {"features": ["b"]},
    {"features": ["b", "a"], "target": "c", "sample_weight": "w"},
    {"features": ["b", "w"], "sample_weight": "w"},
    {"header": False},
    {"header": False, "sample_weight": "column_3"},
    {"header": False, "target": "column_1", "sample_weight": "column_3"},
    {"header": True},
    {"target": "w", "sample_weight": "w"},
    {"target": "gone"},
)


def loaded_or_refused(dataset, **arguments):
    """What a dataset is once each loss has made classes of it; an error where it is refused."""
    try:
        data = load_dataset(dataset, seed=0, **arguments)
    except DlrunError as error:
        return dict.fromkeys(LOSSES, error)
    return {form: under_loss(data, loss) for form, loss in LOSSES.items()}


def under_loss(data, loss):
    """What loaded rows are once a loss has made classes of them; the error where it refuses."""
    try:
        data = classes_for_loss(data, loss)
        check_more_than_one_class(data)
    except DlrunError as error:
        return error
    return told(data)


def assert_agrees(static, loaded):
    """Whatever is told is so; the shape is always told where the data can be loaded."""
    if isinstance(loaded, DlrunError):
        return
    assert static.shape in {loaded.shape, (None,)}  # a column of texts has many entries
    assert static.classes in (None, loaded.classes)
    assert static.target in (None, loaded.target)
    assert loaded.classes is None or static.target is None or len(static.target) == 1


@pytest.mark.parametrize("table", first(4, TABLES))
def test_tables_are_told_as_they_are_loaded(table, tmp_path):
    """Every argument over every kind of target: no weight is a feature, no class is made up."""
    path = tmp_path / "rows.csv"
    path.write_text(TABLES[table], newline="")
    for arguments in ARGUMENTS:
        for form, loaded in loaded_or_refused("csv", path=path, **arguments).items():
            assert_agrees(tell("csv", form, path=path, **arguments), loaded)


@pytest.mark.parametrize(
    ("table", "form", "sample"),
    [
        ("text", "index", Sample((3,), ("x", "y"))),
        ("text", "value", Sample((3,), ("x", "y"))),
        ("numbers", "one_hot", Sample((3,), ("0", "1", "2"))),
        ("numbers", "value", Sample((3,), None, (1,))),
        ("fractions", "binary", Sample((3,), None, (1,))),
        ("two numbers", "binary", Sample((3,), ("0", "1"))),
        ("two numbers", "sign", Sample((3,), ("0", "1"))),
        ("quoted", "index", Sample((3,), ("x; y", "z"))),
        ("no header", "binary", Sample((3,), ("0", "1"))),
        ("measured", "index", Sample((3,))),
        ("mixed", "index", Sample((3,))),
    ],
)
def test_what_a_small_table_tells(table, form, sample, tmp_path):
    """Its classes are counted: a last layer that does not fit them is refused at once."""
    path = tmp_path / "rows.csv"
    path.write_text(TABLES[table], newline="")
    assert of_rows(tell("csv", form, path=path)) == sample
    assert tell("csv", form, path=path, sample_weight="w").shape in {(2,), None}


def test_a_large_table_tells_its_columns_only(tmp_path, monkeypatch):
    """Its rows are read when it is loaded; a file that changes is read again."""
    path = tmp_path / "rows.csv"
    path.write_text(TABLES["text"])
    assert tell("csv", "index", path=path).classes == ("x", "y")
    path.write_text(TABLES["text"] + "7,8,1,zebra\n")
    assert tell("csv", "index", path=path).classes == ("x", "y", "zebra")
    monkeypatch.setattr("dlrun.data.csv_header.SMALL", 10)
    assert of_rows(tell("csv", "index", path=path)) == Sample((3,))


TARGETS = {
    "numbers": np.array([2, 0, 1, 2]),
    "bytes": np.array([2, 0, 1, 2], np.uint8),
    "truth": np.array([True, False, True, True]),
    "column": np.array([[1.0], [0.0], [1.0], [0.0]]),
    "fractions": np.array([0.5, 0.0, 1.0, 0.25], np.float32),
    "texts": np.array(["x", "yes", "x", "x"]),
    "text column": np.array([["x"], ["y"], ["x"], ["y"]]),
    "rows": np.zeros((4, 3)),
    "images": np.zeros((4, 3, 2)),
    "big endian": np.array([1, 0, 1, 0], ">i4"),
    "halves": np.array([1, 0, 1, 0], np.float16),
    "measured": np.array([1.5, 0, 1, 0]),
}


@pytest.mark.parametrize("target", TARGETS)
def test_arrays_are_told_as_they_are_loaded(target, tmp_path):
    """Also with columns first, compressed, and of one number a row."""
    y = TARGETS[target]
    for save, x in ((np.savez, np.zeros((4, 2), order="F")), (np.savez_compressed, np.zeros(4))):
        save(tmp_path / "a.npz", x=x, y=y, x_test=x, y_test=y)
        for arguments in ({}, {"x_test": "x_test", "y_test": "y_test"}, {"x": "x_test"}):
            given = {"path": tmp_path / "a.npz", **arguments}
            for form, loaded in loaded_or_refused("npz", **given).items():
                assert_agrees(tell("npz", form, **given), loaded)


@pytest.mark.parametrize(
    ("target", "form", "sample"),
    [
        ("numbers", "index", Sample((2,), ("0", "1", "2"))),
        ("bytes", "one_hot", Sample((2,), ("0", "1", "2"))),
        ("truth", "binary", Sample((2,), ("0", "1"))),
        ("texts", "index", Sample((2,), ("x", "yes"))),
        ("rows", "value", Sample((2,), None, (3,))),
        ("fractions", "binary", Sample((2,), None, (1,))),
    ],
)
def test_what_small_arrays_tell(target, form, sample, tmp_path):
    """Their classes, or the shape of what is to be predicted."""
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 2)), y=TARGETS[target])
    assert of_rows(tell("npz", form, path=tmp_path / "a.npz")) == sample


@needs_mnist
@pytest.mark.parametrize("flatten", [False, True])
def test_mnist(flatten):
    """Its shape does not depend on the file."""
    loaded = told(load_dataset("mnist", seed=0, path=MNIST, flatten=flatten))
    assert of_rows(tell("mnist", flatten=flatten)) == loaded


def test_every_dataset_is_known():
    """One that says nothing of its samples trains too; the walk through the layers waits then."""
    shipped = {name for name, _ in DRAWN} | {"table", "mnist", "npz"}
    assert shipped <= set(catalog.words("datasets"))
    assert find_sample("another", {}) == Sample()
    assert find_sample("moons", {}) == Sample()  # of a config that is wrong, and told elsewhere


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
        ("threshold_sum", {"labels": [1, 0]}),
        ("linear", {"weights": ["a"]}),
        ("digits", {"flatten": "yes"}),
        ("csv", {"path": None}),
        ("npz", {"path": 3}),
    ],
)
def test_wrong_arguments_tell_nothing(dataset, arguments):
    """They are told where the data are read."""
    assert of_rows(tell(dataset, **arguments)) == Sample()


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
    assert of_rows(tell("csv", path=path, **arguments))._replace(classes=None) == Sample(
        (columns,), target=targets
    )
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
    assert of_rows(tell("csv", path=path, **arguments)) == Sample()


def test_only_regular_files_are_opened(tmp_path):
    """A missing file, a folder, and a pipe, whose rows could not be read again."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe", Path("\0")):
        assert of_rows(tell("csv", path=path)) == of_rows(tell("npz", path=path)) == Sample()


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 8, 8, 1)])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_headers(tmp_path, save, shape):
    """Only the header of the array is read; a row of one number is a column."""
    path = tmp_path / "arrays.npz"
    save(path, x=np.zeros(shape), y=np.zeros(5))
    assert of_rows(tell("npz", path=path)) == Sample(shape[1:] or (1,))
    assert tell("npz", path=path).shape == load_dataset("npz", seed=0, path=path).train.x.shape[1:]
    assert of_rows(tell("npz", path=path, x="z")) == Sample()


def test_npz_with_a_long_header(tmp_path):
    """Version 2 of the format has a longer length."""
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as file:
        np.lib.format.write_array(file, np.zeros((2, 4)), version=(2, 0))
    assert of_rows(tell("npz", path=path)) == Sample((4,))


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
    assert of_rows(tell("npz", path=path)) == Sample()
    path.write_bytes(path.read_bytes()[:-30])
    assert of_rows(tell("npz", path=path)) == Sample()


def test_a_fault_of_a_dataset_is_not_taken_for_a_missing_argument(monkeypatch):
    """What its own code gets wrong is seen."""
    from dlrun.datasets import moons

    def broken(*, samples, form):
        return samples + form

    monkeypatch.setattr(moons, "sample", broken)
    assert find_sample("moons", {}) == Sample()
    with pytest.raises(TypeError, match="unsupported operand"):
        find_sample("moons", {"samples": 3}, form="index")
