"""NumPy archives as datasets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlrun.arrays import StreamedArray
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError, DataError
from dlrun.rundir.tensors import load_tensors

X = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
Y = np.array([1, 0, 1])


@pytest.fixture
def load(tmp_path):
    def load(arrays, **arguments):
        path = tmp_path / "data.npz"
        np.savez(path, **arrays)
        return load_dataset("npz", seed=0, path=path, **arguments)

    return load


def test_numbers_stay_numbers(load):
    """Whole numbers too: whether they are classes is the loss's business."""
    dataset = load({"x": X, "y": Y})
    assert (dataset.train.x == X).all()
    assert dataset.train.y.tolist() == [[1], [0], [1]]
    assert (dataset.class_names, dataset.target_names) == (None, ("y",))


def test_text_holds_classes_and_test_rows_are_numbered_alike(load):
    """Arrays are chosen by name."""
    dataset = load(
        {"a": X, "b": np.array(["no", "yes", "no"]), "c": X[:1], "d": np.array(["yes"])},
        x="a", y="b", x_test="c", y_test="d",
    )  # fmt: skip
    assert dataset.class_names == ("no", "yes")
    assert dataset.train.y.tolist() == [0, 1, 0]
    assert dataset.test.y.tolist() == [1]


def test_several_targets_get_a_name_each(load):
    """So that a prediction has a column for each."""
    assert load({"x": X, "y": np.ones((3, 2))}).target_names == ("y_1", "y_2")


def test_a_list_of_numbers_is_one_column(load):
    """`(rows,)` becomes `(rows, 1)`."""
    assert load({"x": np.arange(3), "y": Y}).train.x.tolist() == [[0], [1], [2]]


def test_large_whole_numbers_keep_their_digits(load):
    """float32 would round them before they could be scaled."""
    assert load({"x": np.array([2**40 + 1, 0, 1]), "y": Y}).train.x[0, 0] == 2**40 + 1


@pytest.mark.parametrize(
    ("arrays", "arguments", "message"),
    [
        ({"x": X}, {}, "{path}: there is no array 'y'; the file has x."),
        ({"x": X, "y": Y}, {"x": "z"}, "{path}: there is no array 'z'; the file has x, y."),
        ({"x": X, "y": Y[:2]}, {}, "{path}: array 'y': the array has 2 rows, but 'x' has 3."),
        ({"x": X * np.nan, "y": Y}, {},
         "{path}: array 'x': the entry [0, 0, 0] is nan; finite numbers were expected."),
        ({"x": X[:0], "y": Y[:0]}, {}, "{path}: array 'x': the array is empty: shape (0, 2, 2)."),
        ({"x": X, "y": np.array(1)}, {},
         "{path}: array 'y': the array is a single number; rows were expected."),
        ({"x": X, "y": np.array([["a", "b"]] * 3)}, {},
         "{path}: array 'y': the array has shape (3, 2); one class for each row was expected."),
        ({"x": X, "y": np.array([b"a", b"b", b"c"])}, {},
         "{path}: array 'y': the array holds |S1; numbers were expected."),
        ({"x": X, "y": Y, "t": X[:, :1]}, {"x_test": "t", "y_test": "y"},
         "{path}: the rows of 't' have shape (1, 2), those of 'x' (2, 2)."),
        ({"x": X, "y": Y, "t": Y.astype(str)}, {"x_test": "x", "y_test": "t"},
         "{path}: array 't': the array holds <U21, unlike 'y'."),
        ({"x": X, "y": np.array(list("aba")), "t": np.array(list("abc"))},
         {"x_test": "x", "y_test": "t"},
         "{path}: array 't': row 3 has the class 'c', which no training row has (a, b)."),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_errors(load, tmp_path, arrays, arguments, message):
    """The message names the file, the array and its shape."""
    with pytest.raises(DataError) as error:
        load(arrays, **arguments)
    assert str(error.value) == message.format(path=tmp_path / "data.npz")


@pytest.mark.parametrize(("given", "other"), [("x_test", "y_test"), ("y_test", "x_test")])
def test_half_of_a_test_split_is_an_error_of_the_config(load, given, other):
    """Features without targets cannot be evaluated."""
    with pytest.raises(ConfigError) as error:
        load({"x": X, "y": Y}, **{given: "x"})
    assert str(error.value) == f"dataset.{given}: {given} was given without {other}."


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Write `.npy` files into the folder in which `dlrun` works; gives their paths."""
    monkeypatch.chdir(tmp_path)

    def save(**arrays):
        for name, array in arrays.items():
            np.save(tmp_path / f"{name}.npy", array)
        return [tmp_path / f"{name}.npy" for name in arrays]

    return save


@pytest.mark.parametrize("limit", ["1000", "0"], ids=["in memory", "streamed"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_files_of_one_array_are_what_an_archive_of_them_is(load, save, monkeypatch, limit, order):
    """Also a file that NumPy wrote by columns; large ones stay on the disk."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", limit)
    arrays = {"x": np.array(X, order=order), "y": np.array(["b", "a", "b"])}
    found = load_dataset("npz", seed=0, path=save(**arrays))
    expected = load(arrays)
    assert isinstance(found.train.x, StreamedArray) == (limit == "0")
    assert (found.train.x[:] == X).all()
    assert found.train.y[:].tolist() == expected.train.y[:].tolist() == [1, 0, 1]
    assert found.class_names == expected.class_names == ("a", "b")


def test_several_files_stand_side_by_side_and_test_rows_have_theirs(save):
    """Names are those of the files, with blanks and dots."""
    paths = save(**{"a b": X, "c.d": Y, "out": Y, "ta": X[:1], "tc": Y[:1], "to": Y[:1]})
    dataset = load_dataset(
        "npz", seed=0, path=paths, x=["a b", "c.d"], y="out", x_test=["ta", "tc"], y_test="to"
    )
    assert [view.sample for view in dataset.views] == [(2, 2), (1,)]
    assert dataset.train.x.tolist() == [[0, 1, 2, 3, 1], [4, 5, 6, 7, 0], [8, 9, 10, 11, 1]]
    assert dataset.test.x.tolist() == [[0, 1, 2, 3, 1]]


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def pickled(path):
    np.save(path, np.array([{}, 1, 2], dtype=object), allow_pickle=True)


WRONG = [
    (cut, "{path}: the file is damaged: the rows end too early."),
    (pickled, "{path}: the file holds Python objects, which could run code; only numbers and text"),
    (lambda path: path.write_bytes(b""), "{path}: this is not a .npy file."),
    (lambda path: path.write_text("1,2"), "{path}: this is not a .npy file."),
    (lambda path: path.unlink(), "{path}: there is no such file."),
    (lambda path: np.save(path, X[:2]), "y.npy: the array has 3 rows, but 'x' has 2."),
    (lambda path: np.save(path, 1), "{path}: the array is a single number; rows were expected."),
]


@pytest.mark.parametrize("wrong", WRONG, ids=[one[1][:40] for one in WRONG])
def test_files_that_are_odd_are_refused_in_words(dlrun, save, monkeypatch, wrong):
    """Whether they are held or streamed; by `validate` too, before anything is trained."""
    (path, _), (spoil, told) = save(x=X, y=Y), wrong
    spoil(path)
    for limit in ("1000", "0"):
        monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", limit)
        with pytest.raises(DataError) as error:
            load_dataset("npz", seed=0, path=[path, path.with_name("y.npy")])
        assert told.format(path=path) in str(error.value)
    written("[x.npy, y.npy]")
    assert told.format(path=path) in dlrun("validate", "c.yaml", code=3).err


@pytest.mark.parametrize("limit", ["1000", "0"], ids=["in memory", "streamed"])
def test_the_entry_that_is_no_number_is_named_with_its_file(save, monkeypatch, limit):
    """`validate` says that it has not looked at the values."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", limit)
    path, other = save(x=X * np.nan, y=Y)
    with pytest.raises(DataError) as error:
        load_dataset("npz", seed=0, path=[path, other])
    assert str(error.value).startswith(f"{path}: the entry [0, 0, 0] is nan")


def written(path):
    """Write a config over files."""
    Path("c.yaml").write_text(
        f"dataset: {{type: npz, path: {path}, test_split: null}}\n"
        "model: {layers: [{type: Flatten}, {type: Dense, units: 1}]}\nloss: mse\n"
        "optimizer: {type: SGD}\ntraining: {epochs: 2}\n"
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("[]", "dataset.path: Expected a list of .npy files."),
        ("[x.npy, y.npz]", "dataset.path: Expected a list of .npy files."),
        ("[x.npy, y.npy, other/y.npy]", "Two of the files are called y.npy"),
        ("[x.npy]", "x.npy: none of the files is y.npy"),
        ("x.npy", "as in `path: [x.npy, y.npy]`; or say in `x` and `y` how the files are"),
    ],
)
def test_lists_that_cannot_be_are_refused(dlrun, save, path, told):
    """Before anything is trained, in one place for all commands."""
    save(x=X, y=Y)
    Path("other").mkdir()
    np.save("other/y.npy", Y)
    np.savez("y.npz", y=Y)
    written(path)
    code = 2 if told.startswith(("dataset.path", "Two of")) else 3
    assert told in " ".join(dlrun("validate", "c.yaml", code=code).err.split())


@pytest.mark.usefixtures("eagerly")
def test_a_run_over_files_is_the_run_over_their_archive(dlrun, save):
    """To the bit, and it answers for rows of a `.npy` file."""
    save(x=np.tile(X, (4, 1, 1)), y=np.tile(Y, 4))
    np.savez("both.npz", x=np.load("x.npy"), y=np.load("y.npy"))
    written("[x.npy, y.npy]")
    told = dlrun("validate", "c.yaml").err
    assert "not looked at: the values in " in told
    assert told.endswith("y.npy\n")
    one, other = (
        dlrun("train", "c.yaml", "--no-report", "--set", f"dataset.path={path}").run
        for path in ("[x.npy, y.npy]", "both.npz")
    )
    found, expected = (load_tensors(run / "weights.safetensors") for run in (one, other))
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert "identical" in dlrun("reproduce", one).out
    assert len(dlrun("predict", one, "x.npy", "-o", "-").out.splitlines()) == 13
