"""NumPy archives as datasets."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError, DataError

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
