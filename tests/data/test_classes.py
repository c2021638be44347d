"""Turning targets into classes."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.arrays import Dataset, Samples
from dlrun.data.classes import (
    TextClasses,
    as_classes,
    check_more_than_one_class,
    classes_for_loss,
    match_names,
    match_values,
)
from dlrun.errors import DataError


def with_targets(*targets, test=None, dtype=np.float64):
    def samples(values):
        y = np.array(values, dtype=dtype)
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        return Samples(np.zeros((len(y), 1)), y)

    names = tuple(f"y{number}" for number in range(np.array(targets[0]).size))
    return Dataset(
        samples(targets), None if test is None else samples(test), target_names=names or ("y",)
    )


def test_distinct_numbers_become_classes_in_ascending_order():
    """Gaps and signs do not matter; the names have no `.0`."""
    dataset = as_classes(with_targets(7, -1, 7, 30))
    assert dataset.class_names == ("-1", "7", "30")
    assert dataset.class_values == (-1.0, 7.0, 30.0)
    assert dataset.train.y.tolist() == [1, 0, 1, 2]
    assert dataset.train.y.dtype == np.int64


def test_large_numbers_are_told_apart():
    """float32 would take 2**24 and 2**24 + 1 for one class."""
    assert as_classes(with_targets(2**24, 2**24 + 1)).class_names == ("16777216", "16777217")


def test_test_rows_are_numbered_like_training_rows():
    """A class keeps its number even where it is the only one."""
    assert as_classes(with_targets(3, 5, 9, test=[9, 5])).test.y.tolist() == [2, 1]


def test_one_hot_rows_become_the_place_of_their_one():
    """As `argmax` reads them."""
    dataset = as_classes(with_targets([0, 1, 0], [1, 0, 0], [0, 0, 1]))
    assert dataset.train.y.tolist() == [1, 0, 2]
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.target_names == ("target",)


def test_classes_that_are_there_are_left_alone():
    """Classes of text have been numbered already."""
    dataset = Dataset(with_targets(1).train, class_names=("a", "b"))
    assert as_classes(dataset) is dataset


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            with_targets(1, 2.5, 3),
            (
                "the target 'y0' holds 2.5; classes are whole numbers or text.\n"
                "  For a regression choose a loss such as mean_squared_error."
            ),
        ),
        (
            with_targets(*range(1001)),
            (
                "the target 'y0' has 1001 distinct values; at most 1000 classes are expected.\n"
                "  For a regression choose a loss such as mean_squared_error."
            ),
        ),
        (
            with_targets(4, 4),
            "the target 'y0' is 4 in every row; there is nothing to tell apart.",
        ),
        (
            with_targets(1, 2, test=[1, 3]),
            "the test rows: row 2 has the class '3', which no training row has (1, 2).",
        ),
        (
            with_targets([1, 2], [3, 4]),
            (
                "each row has 2 targets; classes need one, or a one-hot row.\n"
                "  Choose one target, or a loss for numbers such as mean_squared_error. For a "
                "class at every position give one-hot targets (rows, ..., classes) to "
                "categorical_crossentropy."
            ),
        ),
    ],
)
def test_targets_that_are_no_classes_are_errors(dataset, message):
    """The message shows a value and says what to do."""
    with pytest.raises(DataError) as error:
        as_classes(dataset)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("loss", "targets", "made"),
    [
        ("categorical_crossentropy", (0, 1, 2), True),
        ("SparseCategoricalCrossentropy", (0, 1, 2), True),
        ("bce", (0, 1, 1), True),
        ("hinge", (-1, 1, 1), True),
        ("mse", (0, 1, 2), False),
        (None, (0, 1, 2), False),
        ("binary_crossentropy", (0.0, 0.25, 1.0), False),
        ("binary_crossentropy", ([0, 1, 1], [1, 0, 1]), False),
        ("binary_crossentropy", ([0, 1], [1, 0]), True),
        ("kl_divergence", ([0.25, 0.75], [0.5, 0.5]), False),
        ("kl_divergence", ([0, 1], [1, 0]), True),
    ],
)
def test_a_loss_decides_whether_numbers_are_classes(loss, targets, made):
    """Fractions for a binary loss and rows of probabilities stay numbers."""
    dataset = classes_for_loss(with_targets(*targets), loss)
    assert (dataset.class_names is not None) == made


def test_texts_are_numbered_in_the_order_of_their_names():
    """The order of the rows does not matter."""
    classes = TextClasses("k")
    classes.add(["b", "a", "b", "c"])
    names, numbers = classes.numbered()
    assert names == ("a", "b", "c")
    assert numbers.tolist() == [1, 0, 1, 2]


def test_too_many_texts_are_an_error():
    """A column of identifiers is no target."""
    with pytest.raises(DataError) as error:
        TextClasses("k").add([f"id{number}" for number in range(1001)])
    assert str(error.value) == (
        "column 'k' has more than 1000 distinct texts, such as 'id0'; at most "
        "1000 classes are expected.\n"
        "  Is it the target? Name another column with `dataset.target`."
    )


def test_one_class_is_seen_wherever_the_numbers_come_from():
    """Two classes pass, one does not."""
    x = np.zeros((2, 1))
    check_more_than_one_class(Dataset(Samples(x, np.array([0, 1])), class_names=("a", "b")))
    with pytest.raises(DataError) as error:
        check_more_than_one_class(Dataset(Samples(x, np.array([1, 1])), class_names=("a", "b")))
    assert str(error.value) == (
        "all 2 training rows have the class 'b'; there is nothing to tell apart."
    )


@pytest.mark.parametrize("value", [0, 2.5, 9])
def test_an_unseen_value_is_an_error_whether_below_between_or_above(value):
    """The nearest class is not taken for it."""
    with pytest.raises(DataError) as error:
        match_values(np.array([2, value]), np.array([1.0, 2.0, 3.0]), "new.npz")
    assert str(error.value) == (
        f"new.npz: row 2 has the class '{value:g}', which no training row has (1, 2, 3)."
    )


def test_all_unseen_values_are_told_at_once():
    """The first ten with their rows, and how many there are of each."""
    with pytest.raises(DataError) as error:
        match_values(np.array([2, *[7] * 11, 9.5]), np.array([1.0, 2.0]), "new.npz")
    assert str(error.value).splitlines() == [
        "new.npz: row 2 has the class '7', which no training row has (1, 2).",
        "  In all there are 12 such rows ('7' 11, '9.5' 1); the next ones:",
        *(f"  row {row}: '7'" for row in range(3, 12)),
        "  ... and 2 more",
    ]


def test_an_unseen_name_is_an_error_and_a_long_list_is_cut():
    """The message stays readable with many classes."""
    known = [f"c{number}" for number in range(12)]
    with pytest.raises(DataError) as error:
        match_names(["c3", "dog"], known, "new.npz")
    assert str(error.value) == (
        "new.npz: row 2 has the class 'dog', which no training row has "
        "(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ...)."
    )
