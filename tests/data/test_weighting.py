"""Weights of classes become weights of rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from dlrun.arrays import Samples
from dlrun.data.labels import weigh_classes
from dlrun.errors import ConfigError

NUMBERS = np.array([0, 0, 0, 1, 2, 2])
NAMES = ("a", "b", "c")
ROWS = Samples(np.zeros((6, 1), dtype=np.float32), NUMBERS)


def test_balanced_weights_are_those_of_scikit_learn():
    """Rows over (classes times rows of the class)."""
    weighted = weigh_classes(ROWS, NUMBERS, NAMES, "balanced").sample_weight
    np.testing.assert_allclose(weighted, compute_sample_weight("balanced", NUMBERS), rtol=1e-6)


def test_named_weights_default_to_one():
    """A class that is not named counts as before."""
    weighted = weigh_classes(ROWS, NUMBERS, NAMES, {"c": 2.5}).sample_weight
    assert weighted.tolist() == [1, 1, 1, 1, 2.5, 2.5]


def test_weights_of_classes_and_of_rows_multiply():
    """As under `fit`, where both may be given."""
    rows = Samples(ROWS.x, ROWS.y, np.arange(6, dtype=np.float32))
    weighted = weigh_classes(rows, NUMBERS, NAMES, {"a": 10.0}).sample_weight
    assert weighted.tolist() == [0, 10, 20, 3, 4, 5]


def test_no_weights_change_nothing():
    """The rows come back as they are."""
    assert weigh_classes(ROWS, NUMBERS, NAMES, None) is ROWS


def test_a_class_that_is_none_is_told():
    """With the classes that there are."""
    with pytest.raises(ConfigError) as caught:
        weigh_classes(ROWS, NUMBERS, NAMES, {"d": 1.0})
    assert str(caught.value) == (
        "training.class_weight.d: 'd' is not a class. The classes are a, b, c."
    )


def test_a_regression_has_no_classes_to_weigh():
    """The target is a number."""
    with pytest.raises(ConfigError, match="there are no classes: the target is a number"):
        weigh_classes(ROWS, NUMBERS, None, "balanced")
