"""The digits that ship with dlrun."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from dlrun.datasets import load_dataset

IRIS = Path(__file__).parents[2] / "configs" / "data" / "iris.csv"


@pytest.mark.parametrize("flatten", [False, True])
def test_digits_are_those_of_scikit_learn(flatten):
    """Every pixel and every label; pixels divided by 16."""
    dataset = load_dataset("digits", seed=0, flatten=flatten)
    oracle = load_digits()
    assert dataset.train.x.shape == ((1797, 64) if flatten else (1797, 8, 8, 1))
    assert dataset.train.x.dtype == np.float32
    assert (dataset.train.x.reshape(-1, 64) * 16 == oracle.data).all()
    assert (dataset.train.y == oracle.target).all()
    assert dataset.class_names == tuple("0123456789")
    assert dataset.pixel_max == 16
    assert dataset.test is None


def test_the_iris_file_is_that_of_scikit_learn():
    """Every number and every species."""
    oracle = load_iris()
    dataset = load_dataset("csv", seed=0, path=IRIS)
    assert (dataset.train.x == oracle.data).all()
    assert dataset.class_names == tuple(oracle.target_names)
    assert (dataset.train.y == oracle.target).all()
    assert dataset.target_names == ("species",)
