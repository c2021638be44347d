"""Sampling training rows by class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.arrays import Samples, StreamedArray
from dlrun.data.sampling import Sampling, sample_classes, sampled_rows
from dlrun.errors import ConfigError

CLASSES = np.array([0] * 7 + [1] * 3 + [2] * 2)


def test_over_repeats_rows_until_all_classes_are_as_frequent_as_the_largest():
    """Every row is there; of a class each row as often as any other, give or take one."""
    rows = sampled_rows(CLASSES, "over", seed=0)
    assert np.bincount(CLASSES[rows]).tolist() == [7, 7, 7]
    times = np.bincount(rows, minlength=12)
    assert times.tolist()[:7] == [1] * 7
    assert sorted(times[7:10].tolist()) == [2, 2, 3]
    assert sorted(times[10:].tolist()) == [3, 4]


def test_under_leaves_rows_out_until_all_classes_are_as_rare_as_the_smallest():
    """No row is there twice."""
    rows = sampled_rows(CLASSES, "under", seed=0)
    assert np.bincount(CLASSES[rows]).tolist() == [2, 2, 2]
    assert len(set(rows.tolist())) == 6


def test_rows_are_drawn_by_the_seed():
    """And keep their order."""
    drawn = [sampled_rows(CLASSES, "under", seed=seed).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(drawn[0])


@given(classes=st.lists(st.integers(0, 4), min_size=1), seed=st.integers(0, 9))
def test_all_classes_that_there_are_have_as_many_rows(classes, seed):
    """A class that no training row has stays without."""
    numbers = np.array(classes)
    present = np.bincount(numbers)
    for sampling, wanted in (("over", present.max()), ("under", present[present > 0].min())):
        counts = np.bincount(numbers[sampled_rows(numbers, sampling, seed=seed)])
        assert set(counts.tolist()) <= {0, wanted}
        assert ((counts > 0) == (present > 0)).all()


@pytest.mark.parametrize("is_streamed", [False, True])
def test_rows_keep_their_targets_and_weights(is_streamed):
    """What is sampled are whole rows, in memory or on the disk."""
    x = np.arange(12.0).reshape(-1, 1)
    samples = Samples(StreamedArray(x) if is_streamed else x, CLASSES, np.arange(12.0))
    sampled, numbers, said = sample_classes(samples, CLASSES, ("a", "b", "c"), Sampling("over", 3))
    assert (sampled.x[:].ravel() == sampled.sample_weight).all()
    assert (CLASSES[sampled.sample_weight.astype(int)] == sampled.y).all()
    assert (numbers == sampled.y).all()
    assert said == "sampling: over, 21 rows an epoch (b 3 -> 7, c 2 -> 7)"


def test_without_classes_there_is_nothing_to_sample_by():
    """It is told at its key."""
    with pytest.raises(ConfigError) as error:
        sample_classes(Samples(np.zeros((2, 1))), np.zeros(2, int), None, Sampling("over", 0))
    assert str(error.value) == "training.sampling: there are no classes to sample by. Remove it."
