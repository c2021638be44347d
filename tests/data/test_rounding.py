"""Whole numbers that float32 or float64 would change."""

import numpy as np
import pytest

from dlrun.arrays import StreamedArray
from dlrun.data.rounding import exact_whole, rounded_wholes

FIX = "Number them."


def lines(values, names=None):
    return rounded_wholes(values, names, what="column", fix=FIX)


@pytest.mark.parametrize("wrap", [np.asarray, StreamedArray])
def test_a_rounded_column_is_named_with_an_example(wrap):
    """16777217 is the first whole number that float32 does not hold."""
    x = wrap(np.array([[1.0, 16777216], [2.0, 16777217], [3.0, 20000003]]))
    (line,) = lines(x, ["a", "id"])
    assert line == (
        "warning: column 'id': 2 of 3 whole numbers are rounded by float32, such as: 16777217 "
        "becomes 16777216. Number them."
    )


@pytest.mark.parametrize(
    "values",
    [
        np.array([[16777216.0], [1e30], [0.1], [20000001.5]]),
        np.array([[20000001.0]], np.float32),
        np.array([[3, -7]], np.int64),
    ],
)
def test_what_is_measured_or_exact_is_not_told(values):
    """Fractions lose digits everywhere, and everything beyond 2**53 is whole."""
    assert lines(values) == []


def test_integers_and_arrays_are_told_too():
    """Entries of arrays have no columns."""
    assert lines(np.full((2, 3, 1), -(2**24) - 1))[0].startswith(
        "warning: the columns: 6 of 6 whole numbers are rounded by float32, such as: -16777217"
    )
    assert len(lines(np.array([[2**53 + 1]], np.int64))) == 1


@pytest.mark.parametrize(
    "cell", ["9007199254740993", " +9007199254740993.0", "9.007199254740993e15"]
)
def test_every_digit_of_a_cell_is_read(cell):
    """float() gives 9007199254740992."""
    assert exact_whole(cell) == 2**53 + 1
