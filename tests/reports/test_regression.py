"""The distances of a regression equal scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from dlrun.reports.scores import distances


def test_distances_equal_those_of_scikit_learn():
    """Absolute, squared, and the share of variance that is explained."""
    rng = np.random.default_rng(0)
    true = rng.normal(size=200)
    predicted = true + rng.normal(size=200) * 0.3
    found = distances(true, predicted)
    assert found.absolute == pytest.approx(metrics.mean_absolute_error(true, predicted))
    assert found.squared == pytest.approx(metrics.root_mean_squared_error(true, predicted))
    assert found.explained == pytest.approx(metrics.r2_score(true, predicted))


def test_nothing_varies_nothing_is_explained():
    """Where all true values are equal there is no variance."""
    assert distances([2.0, 2.0], [1.0, 3.0]).explained is None
