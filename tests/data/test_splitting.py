"""Splitting rows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from dlrun.arrays import Dataset, Samples, Scaling
from dlrun.data.dealing import allocate
from dlrun.data.division import Division
from dlrun.data.splitting import split_dataset
from dlrun.errors import ConfigError, DataError


def numbered(rows, classes=None):
    """A dataset whose only feature is the number of the row."""
    x = np.arange(rows, dtype=np.float32).reshape(-1, 1)
    if classes is None:
        return Dataset(Samples(x, x * 2))
    names = tuple(f"c{number}" for number in range(max(classes) + 1))
    return Dataset(Samples(x, np.array(classes)), class_names=names)


def split(dataset, *, validation=None, test=None, by=None, fold=None, scale="none", seed=0):
    return split_dataset(dataset, Division(seed, validation, test, by, fold), scale=scale)


def row_numbers(samples):
    return samples.x.ravel().astype(int).tolist()


def test_every_row_lands_in_one_split_and_keeps_its_order_and_target():
    """Nothing is lost, doubled or mixed up."""
    splits = split(numbered(100), validation=0.25, test=0.2)
    parts = splits.present()
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 60,
        "validation": 20,
        "test": 20,
    }
    assert splits.spec.rows == {"train": 60, "validation": 20, "test": 20}
    everything = [number for part in parts.values() for number in row_numbers(part)]
    assert sorted(everything) == list(range(100))
    for part in parts.values():
        assert row_numbers(part) == sorted(row_numbers(part))
        assert (part.y == 2 * part.x).all()


def test_the_split_is_a_function_of_the_seed():
    """The same seed chooses the same rows, another seed others."""
    chosen = [row_numbers(split(numbered(50), validation=0.2, seed=seed).validation)
              for seed in (7, 7, 8)]  # fmt: skip
    assert chosen[0] == chosen[1] != chosen[2]


def test_the_rows_of_seed_0_do_not_change_between_versions():
    """Golden rows: a new NumPy that draws differently must not go unnoticed."""
    splits = split(numbered(20), validation=0.25, test=0.2)
    assert row_numbers(splits.test) == [6, 7, 11, 16]
    assert row_numbers(splits.validation) == [4, 14, 18, 19]


def test_validation_rows_are_not_the_last_rows():
    """Unlike `validation_split` of Keras's `fit`."""
    validation = row_numbers(split(numbered(100), validation=0.1).validation)
    assert validation != list(range(90, 100))


@pytest.mark.parametrize("share", [0.1, 0.25, 1 / 3, 0.5])
def test_the_classes_keep_their_shares_as_in_scikit_learn(share):
    """As many rows of each class as scikit-learn's stratified split takes, give or take one."""
    labels = np.repeat([0, 1, 2], [60, 30, 30])
    taken = Counter(split(numbered(120, labels.tolist()), test=share).test.y.tolist())
    _, oracle = train_test_split(labels, test_size=round(share * 120), stratify=labels)
    expected = Counter(oracle.tolist())
    assert sum(taken.values()) == sum(expected.values())
    assert all(abs(taken[label] - expected[label]) <= 1 for label in expected)


def test_allocation_by_hand():
    """Quotas 3.5, 2.1, 1.4 of 7: the floors take 6, the largest remainder is that of 3.5."""
    assert allocate(np.array([5, 3, 2]), 7).tolist() == [4, 2, 1]


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    share=st.floats(0, 1),
)
def test_allocation_is_fair_and_leaves_a_row_of_each_class(counts, share):
    """The total is met where it can be; without the limit no class is off by a whole row."""
    total = int(share * (sum(counts) - len(counts)))
    taken = allocate(np.array(counts), total)
    assert taken.sum() == total
    assert all(0 <= take < count for take, count in zip(taken, counts, strict=True))
    quotas = np.array(counts) * (total / sum(counts))
    if (np.ceil(quotas) < counts).all():
        assert (np.abs(taken - quotas) < 1).all()


def test_a_class_of_one_row_stays_in_training():
    """It could not be learnt otherwise."""
    for seed in range(20):
        splits = split(numbered(10, [0] * 5 + [1] * 4 + [2]), validation=0.3, test=0.2, seed=seed)
        assert set(splits.train.y.tolist()) == {0, 1, 2}


def test_test_rows_do_not_depend_on_the_validation_split():
    """The test rows are taken first, from a stream of their own."""
    alone = split(numbered(50), test=0.2).test
    both = split(numbered(50), test=0.2, validation=0.5).test
    assert row_numbers(alone) == row_numbers(both)


def test_a_dataset_with_test_rows_keeps_them():
    """`validation_split` takes training rows only."""
    dataset = Dataset(numbered(10).train, test=Samples(np.full((3, 1), 99, dtype=np.float32)))
    splits = split(dataset, validation=0.2)
    assert row_numbers(splits.test) == [99, 99, 99]
    assert splits.spec.rows == {"train": 8, "validation": 2, "test": 3}


def test_scaling_is_fitted_on_training_rows_only():
    """The others are scaled by what the training rows tell, and may leave [0, 1]."""
    splits = split(numbered(100), validation=0.2, test=0.2, scale="minmax", seed=3)
    plain = split(numbered(100), validation=0.2, test=0.2, seed=3)
    low, high = plain.train.x.min(), plain.train.x.max()
    assert splits.spec.scaling == Scaling("minmax", (low,), (high - low,))
    np.testing.assert_allclose(splits.test.x, (plain.test.x - low) / (high - low), rtol=1e-6)


def test_arrays_are_float32_after_the_split():
    """What a dataset holds in float64 is rounded once, after scaling."""
    x = np.array([[1.0], [2.0]])
    splits = split(Dataset(Samples(x, x)), scale="standard")
    assert (splits.train.x.dtype, splits.train.y.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize(
    ("dataset", "shares", "message"),
    [
        (
            numbered(4),
            {"validation": 0.1},
            "dataset.validation_split: 0.1 of 4 rows is no row at all. Choose a larger share.",
        ),
        (
            numbered(1),
            {"test": 0.5},
            "dataset.test_split: 0.5 of 1 row leaves no training row. Choose a smaller share.",
        ),
        (
            numbered(10, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]),
            {"test": 0.9},
            (
                "dataset.test_split: 0.9 of 10 rows is 9, but only 8 can be taken when every "
                "class keeps a training row. Choose a smaller share."
            ),
        ),
        (
            Dataset(numbered(4).train, test=numbered(4).train),
            {"test": 0.5},
            "dataset.test_split: The dataset brings test rows of its own. Leave test_split out.",
        ),
        (
            numbered(4),
            {"validation": 1.5},
            "dataset.validation_split: 1.5 was given, a share between 0 and 1 was expected.",
        ),
    ],
)
def test_splits_that_cannot_be_are_errors_of_the_config(dataset, shares, message):
    """The message names the key, the numbers and what to do."""
    with pytest.raises(ConfigError) as error:
        split(dataset, **shares)
    assert str(error.value) == message


def test_one_class_only_is_an_error():
    """There is nothing to tell apart, whatever the dataset says its classes are."""
    with pytest.raises(DataError) as error:
        split(numbered(5, [1] * 5))
    assert str(error.value) == (
        "all 5 training rows have the class 'c1'; there is nothing to tell apart."
    )


def test_no_rows_is_an_error():
    """An empty dataset is told before any arithmetic."""
    with pytest.raises(DataError) as error:
        split(numbered(0))
    assert str(error.value) == "the dataset has no rows."
