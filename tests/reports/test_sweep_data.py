"""What the plots of a sweep tell, in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.reports.sweep_data import explained, is_grid, pairs, scale_of
from tests.reports.sweeps import RATE, UNITS, grid, sweep_data


def test_points_are_told_the_best_first_with_their_seeds_together():
    """Means by hand; the margin is Student's t of 2 degrees of freedom, 4.3027."""
    values = {(0.1, 0): 0.5, (0.1, 1): 0.6, (0.1, 2): 0.7, (0.2, 0): 0.9}
    told = sweep_data([({RATE: rate, "seed": seed}, of) for (rate, seed), of in values.items()])
    np.testing.assert_allclose(told.means, [0.9, 0.6])
    np.testing.assert_allclose(told.margins, [np.nan, 4.30265 * 0.1 / 3**0.5], rtol=1e-5)
    assert [point.values for point in told.points] == [{RATE: 0.2}, {RATE: 0.1}]
    small = sweep_data([({RATE: rate}, rate) for rate in (0.1, 0.2)], larger=False)
    np.testing.assert_allclose(small.means, [0.1, 0.2])


def test_points_without_the_objective_are_not_drawn():
    """They are still points; of these, those that came farthest come first."""
    told = sweep_data([({RATE: 0.1}, None), ({RATE: 0.2}, 0.5), ({RATE: 0.3}, None)])
    assert len(told.every) == 3
    assert len(told.points) == 1
    assert told.axes == ()
    assert told.keys == (RATE,)
    assert told.scale is None


def test_what_a_key_explains():
    """All of the order, nothing of it, and by hand: 1 - (2 / 2) / (5 / 3)."""
    all_of_it = sweep_data(grid(lambda p: p["a"], a=[1, 2, 3], b=[1, 2]))
    assert dict(zip([axis.key for axis in all_of_it.axes], all_of_it.shares, strict=True)) == {
        "a": pytest.approx(1), "b": 0,
    }  # fmt: skip
    half = sweep_data([({"a": 1, "n": n}, v) for n, v in ((0, 0.1), (1, 0.3))]
                 + [({"a": 2, "n": n}, v) for n, v in ((0, 0.2), (1, 0.4))])  # fmt: skip
    (axis,) = [axis for axis in half.axes if axis.key == "n"]
    assert explained(axis, half.means) == pytest.approx(1 - (1 / 2) / (5 / 3))


def test_a_key_with_many_values_is_asked_by_fifths():
    """A slope is found, noise is not."""
    rng = np.random.default_rng(0)
    points = [({"a": float(x), "b": float(y)}, float(x)) for x, y in rng.random((60, 2))]
    told = sweep_data(points)
    assert told.axes[0].key == "a"
    assert told.shares[0] > 0.9
    assert told.shares[1] < 0.1


def test_a_scale_from_the_worst_to_the_best():
    """Of a loss over orders of magnitude by logarithms."""
    plain = scale_of(np.array([0.5, 0.9, 0.7]), larger=True)
    assert (plain.low, plain.high, plain.is_log) == (0.5, 0.9, False)
    log = scale_of(np.array([0.01, 0.1, 1.0]), larger=False)
    assert log.is_log
    np.testing.assert_allclose([log.low, log.high], [0.01, 1.0])


def test_points_that_are_far_worse_do_not_squeeze_the_others():
    """Three quarters lie within 0.1 of the best: ten times that is the end."""
    means = np.array([0.2, 0.22, 0.25, 0.28, 0.3, 0.3, 0.3, 1e6])
    scale = scale_of(means, larger=False)
    assert scale.low == pytest.approx(0.2)
    assert scale.high < 3
    told = sweep_data([({"a": n}, -float(v)) for n, v in enumerate(means)])
    assert told.outside == 1
    assert told.shown.min() == pytest.approx(-0.3 - 10 * 0.1)


def test_equal_points_have_no_scale():
    """Nor has a single one."""
    assert scale_of(np.array([0.5, 0.5]), larger=True) is None
    assert scale_of(np.array([]), larger=True) is None


def test_which_pairs_are_worth_a_map():
    """Grids that are filled and numbers drawn at random, those that matter most first."""
    told = sweep_data(grid(lambda p: p["a"] + 0.1 * p["c"], a=[1, 2], b=["x", "y"], c=[1, 2]))
    assert [{axis.key for axis in pair} for pair in pairs(told, 2)] == [{"a", "c"}, {"a", "b"}]
    sparse = sweep_data([({"a": str(n), "b": str(n)}, n / 9) for n in range(9)])
    assert pairs(sparse, 3) == []
    rng = np.random.default_rng(0)
    drawn = sweep_data(
        [({RATE: float(x), UNITS: float(y)}, float(x)) for x, y in rng.random((30, 2))]
    )
    (pair,) = pairs(drawn, 3)
    assert not is_grid(pair)


def test_points_are_named_by_what_differs():
    """The key that matters most first."""
    told = sweep_data(grid(lambda p: p["b.y"], a__x=["u", "v"], b__y=[1, 2], c__z=[7]))
    assert told.name_of(told.points[0]) == "y=2 x=u"
    assert told.values_of(told.points[0]) == "2, u"
