"""Points lie on their axes where a reader expects them."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.reports.sweep_axes import NOT_SET, Scale, axes_of
from tests.reports.sweeps import results


def axis_of(values):
    """The only axis of a sweep with these values; points without the key have None."""
    points = [({} if value is ... else {"a.b": value}, 0.5) for value in values]
    found = results(points, axes=("a.b", "seed"))
    axes = axes_of(found, found.points())
    assert len(axes) <= 1
    return axes[0] if axes else None


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([1, 2, 3], [0, 0.5, 1]),
        ([0.1, 0.2, 0.5], [0, 0.25, 1]),
        ([1e-3, 1e-2, 1e-1], [0, 0.5, 1]),
        ([8, 32, 128], [0, 0.5, 1]),
        ([0, 1e-4, 1e-3, 1e-2], [0, 1 / 3, 2 / 3, 1]),
        ([1, 100, 200, 300], [0, 99 / 299, 199 / 299, 1]),
        (["relu", "tanh", "elu"], [0, 0.5, 1]),
        ([True, False], [0, 1]),
        ([1, 10**400, 2], [0, 0.5, 1]),
    ],
)
def test_where_values_lie(values, places):
    """By their size, by their logarithm where that is more even, else in order."""
    axis = axis_of(values)
    np.testing.assert_allclose(axis.places, places, atol=1e-12)


def test_numbers_are_sorted_and_texts_are_not():
    """The labels stand in the order of the places."""
    assert axis_of([3, 1, 2.5]).labels == ("1", "2.5", "3")
    assert axis_of(["b", "a"]).labels == ("b", "a")
    assert axis_of([2, None, 1]).labels == ("2", "null", "1")
    assert not axis_of(["b", "a"]).is_ordered


def test_a_key_that_a_point_lacks():
    """It has a place of its own, before the numbers."""
    axis = axis_of([2, ..., 1])
    assert axis.labels == (NOT_SET, "1", "2")
    np.testing.assert_allclose(axis.places, [1, 0, 0.5])


def test_what_does_not_vary_is_no_axis():
    """Nor is the seed."""
    assert axis_of([1, 1]) is None
    assert axis_of([1, 1.0]) is None
    found = results([({"seed": 0, "a": 1}, 0.5), ({"seed": 1, "a": 1}, 0.5)])
    assert axes_of(found, found.points()) == []


def test_numbers_drawn_over_orders_of_magnitude():
    """Round ones are marked, and lie as their logarithms; those drawn evenly do not."""
    axis = axis_of(np.geomspace(1e-4, 1e-1, 40).tolist())
    np.testing.assert_allclose(axis.places, np.linspace(0, 1, 40), atol=1e-12)
    assert {"0.001", "0.01"} <= {text for _, text in axis.marks}
    even = axis_of(np.linspace(0.001, 0.9, 40).tolist())
    np.testing.assert_allclose(even.places, np.linspace(0, 1, 40), atol=1e-12)


def test_a_few_values_are_marked_themselves():
    """Where there is room between them."""
    assert [text for _, text in axis_of([1e-3, 1e-2, 0.3]).marks] == ["0.001", "0.01", "0.3"]


def test_marks_lie_where_their_numbers_do():
    """None is outside."""
    for scale in (Scale(0.013, 0.97, is_log=False), Scale(3e-5, 0.4, is_log=True)):
        marks = scale.marks()
        assert len(marks) > 2
        numbers = np.array([float(text) for _, text in marks])
        np.testing.assert_allclose(scale.place(numbers), [place for place, _ in marks], atol=1e-6)
        assert ((numbers >= scale.low) & (numbers <= scale.high)).all()


def test_what_is_outside_of_a_scale_lies_at_its_end():
    """NaN stays NaN."""
    placed = Scale(1, 3, is_log=False).place(np.array([0.0, 2.0, 9.0, np.nan]))
    np.testing.assert_array_equal(placed, [0, 0.5, 1, np.nan])
