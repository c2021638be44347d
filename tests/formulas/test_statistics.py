"""An array in a few numbers."""

from __future__ import annotations

import numpy as np

from dlrun.formulas import largest_places, statistics


def test_statistics():
    """Of all finite entries; what is not finite is counted."""
    array = np.array([[0.0, 3.0], [-4.0, np.nan]], dtype=np.float32)
    told = statistics(array)
    assert (told.shape, told.dtype) == ((2, 2), "float32")
    assert (told.mean, told.min, told.max, told.norm) == (-1 / 3, -4.0, 3.0, 5.0)
    assert np.isclose(told.std, np.std([0, 3, -4]))
    assert (told.zeros, told.not_finite) == (0.25, 1)


def test_nothing_finite():
    """There is no mean of nothing."""
    told = statistics(np.array([np.inf]))
    assert (told.mean, told.max, told.not_finite) == (None, None, 1)


def test_largest_places():
    """By magnitude, of equal ones the first."""
    assert largest_places(np.array([[1, -5], [5, 2]]), 3) == [(0, 1), (1, 0), (1, 1)]
    assert largest_places(np.array(2.0), 3) == [()]
