"""Reliability equals scikit-learn's; the expected calibration error equals its definition."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from dlrun.reports.scores import reliability

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("rows", [1, 7, 100, 3000])
@pytest.mark.parametrize("bins", [5, 10])
def test_points_equal_those_of_scikit_learn(rows, bins):
    """The mean prediction and the share that came true, of each bin that has rows."""
    probability = RNG.random(rows)
    came_true = RNG.random(rows) < probability**2
    found = reliability(came_true, probability, bins)
    observed, predicted = calibration_curve(came_true, probability, n_bins=bins)
    np.testing.assert_allclose(found.observed, observed)
    np.testing.assert_allclose(found.predicted, predicted)
    assert found.rows.sum() == rows


def test_the_error_by_hand():
    """Two rows at 0.9 of which one comes true, two at 0.2 of which none does."""
    found = reliability([1, 0, 0, 0], [0.9, 0.9, 0.2, 0.2])
    assert found.error == pytest.approx((2 * 0.4 + 2 * 0.2) / 4)


def test_edges_belong_to_bins():
    """0 and 1 are probabilities too."""
    found = reliability([0, 1, 1], [0.0, 1.0, 0.5])
    assert found.rows.sum() == 3
    assert found.error == pytest.approx(0.5 / 3)


def test_the_error_of_a_perfect_model_is_zero():
    """It says 1 and is right."""
    assert reliability([1, 1, 0], [1.0, 1.0, 0.0]).error == 0
