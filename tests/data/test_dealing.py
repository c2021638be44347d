"""Dealing rows and groups out, against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from dlrun.data.dealing import deal_groups, fold_rows


def generator(seed=0):
    return np.random.default_rng(seed)


def class_counts(folds, number, classes):
    return [
        np.bincount(classes[folds == fold], minlength=classes.max() + 1).tolist()
        for fold in range(number)
    ]


@given(
    classes=st.lists(st.integers(0, 3), min_size=6, max_size=80),
    folds=st.integers(2, 6),
    seed=st.integers(0, 9),
)
def test_folds_have_the_classes_that_stratified_k_fold_gives_them(classes, folds, seed):
    """As many rows of each class in each fold, whatever the seed; every row is in one fold."""
    classes = np.array(classes)
    if np.bincount(classes).max() < folds:
        return
    own = fold_rows(classes, folds, generator(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer rows than folds
        pairs = StratifiedKFold(folds).split(np.zeros(len(classes)), classes)
        expected = [np.bincount(classes[test], minlength=classes.max() + 1).tolist()
                    for _, test in pairs]  # fmt: skip
    assert class_counts(own, folds, classes) == expected


@pytest.mark.parametrize(("rows", "folds"), [(10, 3), (7, 7), (100, 6)])
def test_without_classes_folds_have_the_sizes_of_k_fold(rows, folds):
    """The first ones have a row more."""
    own = fold_rows(np.zeros(rows, np.int64), folds, generator())
    expected = [len(test) for _, test in KFold(folds).split(np.zeros(rows))]
    assert np.bincount(own).tolist() == expected


def test_folds_are_drawn_by_the_generator():
    """The same seed gives the same folds, another one others."""
    classes = np.arange(60) % 3
    drawn = [fold_rows(classes, 5, generator(seed)).tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def groups_of(sizes, seed=0):
    """The group of each row, rows mixed."""
    return generator(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


@given(sizes=st.lists(st.integers(1, 30), min_size=6, max_size=40), folds=st.integers(2, 6))
def test_groups_are_dealt_out_as_by_group_k_fold(sizes, folds):
    """Without classes the folds have the same sizes, and no group is in two of them."""
    groups = groups_of(sizes)
    shares = np.full(folds, 1 / folds)
    own = deal_groups(groups, np.zeros_like(groups), shares, generator(), largest_first=True)
    pairs = GroupKFold(folds).split(np.zeros(len(groups)), groups=groups)
    expected = sorted(len(test) for _, test in pairs)
    assert sorted(np.bincount(own, minlength=folds).tolist()) == expected
    assert all(len(set(own[groups == group].tolist())) == 1 for group in range(len(sizes)))


@pytest.mark.parametrize("seed", range(5))
def test_groups_of_classes_are_dealt_out_as_evenly_as_by_stratified_group_k_fold(seed):
    """The largest distance of a class from its even share is no larger than there."""
    rng, folds = generator(seed), 5
    sizes = rng.integers(1, 40, 60)
    groups = groups_of(sizes, seed)
    of_group = rng.random((60, 3)) ** 3
    classes = np.array([rng.choice(3, p=of_group[g] / of_group[g].sum()) for g in groups])
    own = deal_groups(groups, classes, np.full(folds, 0.2), generator(seed), largest_first=True)
    even = np.bincount(classes) / folds
    pairs = StratifiedGroupKFold(folds).split(np.zeros(len(groups)), classes, groups)
    theirs = [np.bincount(classes[test], minlength=3) for _, test in pairs]
    distances = [
        np.abs(np.array(counts) / even - 1).max()
        for counts in (class_counts(own, folds, classes), theirs)
    ]
    assert distances[0] <= distances[1] + 0.05
    assert all(len(set(own[groups == group].tolist())) == 1 for group in range(60))


@given(
    sizes=st.lists(st.integers(1, 9), min_size=20, max_size=60),
    share=st.sampled_from([0.1, 0.2, 0.5]),
    seed=st.integers(0, 99),
)
def test_a_share_of_the_rows_is_dealt_out_in_whole_groups(sizes, share, seed):
    """It is met to within the largest group."""
    groups = groups_of(sizes)
    shares = np.array([1 - share, share])
    own = deal_groups(groups, np.zeros_like(groups), shares, generator(seed), largest_first=False)
    assert abs((own == 1).sum() - share * len(groups)) <= max(sizes)
    assert all(len(set(own[groups == group].tolist())) == 1 for group in range(len(sizes)))


def test_every_group_may_be_taken_whatever_its_size():
    """What is taken is drawn: of groups that all differ in size, each is taken now and then."""
    groups = groups_of(range(2, 12))
    shares, taken = np.array([0.7, 0.3]), np.zeros(10)
    for seed in range(200):
        own = deal_groups(
            groups, np.zeros_like(groups), shares, generator(seed), largest_first=False
        )
        taken[np.unique(groups[own == 1])] += 1
    assert taken.min() > 20
