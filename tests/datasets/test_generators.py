"""The datasets that are drawn or enumerated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from dlrun.data.samples import hash_array
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError

DRAWN = (
    "threshold_sum",
    "xor",
    "moons",
    "circles",
    "blobs",
    "spirals",
    "checkerboard",
    "linear",
    "sine",
)


def assert_same_points(samples, points, labels):
    """The same points with the same labels, in any order, to the precision of float32."""
    assert np.bincount(samples.y).tolist() == np.bincount(labels).tolist()
    for label in np.unique(labels):
        ours, theirs = samples.x[samples.y == label], points[labels == label]
        distances = np.linalg.norm(ours[:, np.newaxis] - theirs, axis=2)
        assert distances.min(axis=0).max() < 1e-6
        assert distances.min(axis=1).max() < 1e-6


@pytest.mark.parametrize("word", DRAWN)
def test_the_seed_decides_everything(word):
    """The same seed gives the same bits, another seed other rows."""
    noise = {"noise": 0.1} if word == "xor" else {}
    first, again, other = (
        load_dataset(word, seed=seed, samples=30, test_samples=7, **noise) for seed in (5, 5, 6)
    )
    assert hash_array(first.train.x) == hash_array(again.train.x)
    assert hash_array(first.train.y) == hash_array(again.train.y)
    assert hash_array(first.test.x) == hash_array(again.test.x)
    assert hash_array(first.train.x) != hash_array(other.train.x)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("threshold_sum", "26079d94aebb"),
        ("xor", "204df6607cf5"),
        ("moons", "f250f5efaa06"),
        ("circles", "0c1c983af2a4"),
        ("blobs", "3427fafe4e46"),
        ("spirals", "b1c223d11a16"),
        ("checkerboard", "26079d94aebb"),
        ("linear", "2ca5d2f60d35"),
        ("sine", "d626c2b9102c"),
    ],
)
def test_the_rows_of_seed_0_do_not_change_between_versions(word, expected):
    """Golden hashes: a new NumPy that draws differently must not go unnoticed."""
    noise = {"noise": 0.1} if word == "xor" else {}
    rows = load_dataset(word, seed=0, samples=100, **noise).train.x
    assert hash_array(rows).startswith(expected)


@pytest.mark.parametrize("word", DRAWN)
def test_shapes_dtypes_and_fresh_test_rows(word):
    """As many rows as asked for; the test rows are none of the training rows."""
    noise = {"noise": 0.1} if word == "xor" else {}
    dataset = load_dataset(word, seed=0, samples=31, test_samples=8, **noise)
    columns = len(dataset.feature_names)
    assert dataset.train.x.shape == (31, columns)
    assert dataset.test.x.shape == (8, columns)
    assert dataset.train.x.dtype == np.float32
    if dataset.class_names is None:
        assert (dataset.train.y.shape, dataset.train.y.dtype) == ((31, 1), np.float32)
    else:
        assert (dataset.train.y.shape, dataset.train.y.dtype) == ((31,), np.int64)
        assert set(dataset.train.y.tolist()) == set(range(len(dataset.class_names)))
        assert len(dataset.class_values) == len(dataset.class_names)
    together = np.concatenate([dataset.train.x, dataset.test.x])
    assert len(np.unique(together, axis=0)) == 39


@pytest.mark.parametrize("samples", [2, 9, 100])
def test_moons_are_those_of_scikit_learn(samples):
    """The same points and labels, up to the order of the rows."""
    dataset = load_dataset("moons", seed=1, samples=samples, noise=0)
    assert_same_points(dataset.train, *sklearn_datasets.make_moons(samples))


@pytest.mark.parametrize(("samples", "factor"), [(2, 0.5), (9, 0.0), (100, 0.8)])
def test_circles_are_those_of_scikit_learn(samples, factor):
    """The same points and labels, up to the order of the rows."""
    dataset = load_dataset("circles", seed=1, samples=samples, noise=0, factor=factor)
    assert_same_points(dataset.train, *sklearn_datasets.make_circles(samples, factor=factor))


@pytest.mark.parametrize("word", ["moons", "circles"])
def test_rows_are_shuffled_and_noise_has_its_deviation(word):
    """Noise is what is left when the points without noise are taken away."""
    clean = load_dataset(word, seed=3, samples=4000, noise=0)
    noisy = load_dataset(word, seed=3, samples=4000, noise=0.25)
    assert (clean.train.y == noisy.train.y).all()
    assert 0.4 < noisy.train.y[:2000].mean() < 0.6
    assert (noisy.train.x - clean.train.x).std() == pytest.approx(0.25, rel=0.05)
    assert (noisy.train.x - clean.train.x).mean() == pytest.approx(0, abs=0.01)


def test_blobs_are_drawn_by_the_law_of_scikit_learn():
    """Equal classes, the first ones larger; clouds of the given deviation around their centers."""
    dataset = load_dataset("blobs", seed=2, samples=3001, centers=3, columns=2, cluster_std=0.5)
    _, oracle, centers = sklearn_datasets.make_blobs(3001, centers=3, return_centers=True)
    assert np.bincount(dataset.train.y).tolist() == np.bincount(oracle).tolist()
    for label in range(3):
        cloud = dataset.train.x[dataset.train.y == label]
        assert (np.abs(cloud.mean(axis=0)) <= 10).all()
        np.testing.assert_allclose(cloud.std(axis=0), 0.5, rtol=0.1)
    assert centers.shape == (3, 2)


def test_blobs_share_their_centers_between_training_and_test_rows():
    """Otherwise nothing learnt would hold."""
    dataset = load_dataset("blobs", seed=2, samples=300, test_samples=300, cluster_std=0.01)
    for label in range(3):
        train, test = (
            rows.x[rows.y == label].mean(axis=0) for rows in (dataset.train, dataset.test)
        )
        np.testing.assert_allclose(train, test, atol=0.02)


def test_two_points_are_the_six_rows_of_the_article():
    """[0, 0] is class 0, [1, 1] is class 1, in the order 0 1 0 1 1 1."""
    dataset = load_dataset("two_points", seed=0)
    assert dataset.train.y.tolist() == [0, 1, 0, 1, 1, 1]
    assert dataset.train.x.tolist() == [[0, 0], [1, 1], [0, 0], [1, 1], [1, 1], [1, 1]]
    assert dataset.test is None


def test_majority_of_three_bits_is_the_table_of_the_article():
    """000 to 111 with labels 0 0 0 1 0 1 1 1."""
    dataset = load_dataset("majority", seed=0)
    assert dataset.train.y.tolist() == [0, 0, 0, 1, 0, 1, 1, 1]
    assert [int("".join(f"{bit:g}" for bit in row), 2) for row in dataset.train.x] == list(range(8))


@pytest.mark.parametrize("bits", [1, 4, 9])
def test_majority_counts_ones(bits):
    """As Python counts them; as many ones as zeros is no majority."""
    dataset = load_dataset("majority", seed=0, bits=bits)
    expected = [int(2 * number.bit_count() > bits) for number in range(2**bits)]
    assert dataset.train.y.tolist() == expected


@pytest.mark.parametrize(("columns", "threshold", "labels"), [(2, 0.5, [-1, 1]), (5, 2.5, [0, 1])])
def test_threshold_sum_labels_by_the_exact_sum(columns, threshold, labels):
    """Summed by `math.fsum`, without rounding."""
    dataset = load_dataset(
        "threshold_sum", seed=4, columns=columns, threshold=threshold, labels=labels
    )
    assert dataset.train.x.shape == (250, columns)
    assert dataset.train.x.min() >= 0
    assert dataset.train.x.max() < 1
    expected = [int(math.fsum(row) > threshold) for row in dataset.train.x.tolist()]
    assert dataset.train.y.tolist() == expected
    assert dataset.class_values == tuple(map(float, labels))
    assert dataset.class_names == tuple(map(str, labels))


def test_xor_is_the_truth_table():
    """00 01 10 11 with labels 0 1 1 0."""
    dataset = load_dataset("xor", seed=0)
    assert dataset.train.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert dataset.train.y.tolist() == [0, 1, 1, 0]


def test_spirals_follow_their_formula():
    """Radius and angle of every point give its class back."""
    dataset = load_dataset("spirals", seed=0, samples=200, arms=3, turns=1.25, noise=0)
    x, y = dataset.train.x.astype(np.float64), dataset.train.y
    radius = np.hypot(x[:, 0], x[:, 1])
    arm = (np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 1.25 * radius) * 3
    distance = (arm - y + 1.5) % 3 - 1.5
    assert np.abs(distance[radius > 0.01]).max() < 1e-3
    assert np.bincount(y).tolist() == [67, 67, 66]


def test_checkerboard_cells_alternate():
    """A point and its neighbour one cell to the right have different colours."""
    dataset = load_dataset("checkerboard", seed=0, cells=4)
    x, y = dataset.train.x, dataset.train.y
    column, row = np.floor(x * 4).astype(int).T
    assert ((column % 2 != row % 2) == y).all()


def test_checkerboard_noise_moves_points_but_not_labels():
    """The colour is that of the cell before the noise."""
    clean = load_dataset("checkerboard", seed=0)
    noisy = load_dataset("checkerboard", seed=0, noise=0.1)
    assert (clean.train.y == noisy.train.y).all()
    assert (noisy.train.x - clean.train.x).std() == pytest.approx(0.1, rel=0.1)


def test_linear_is_solved_by_its_weights():
    """Least squares finds weights and bias; what is left has the deviation of the noise."""
    dataset = load_dataset(
        "linear", seed=0, samples=5000, weights=[2.0, -3.0, 0.5], bias=1.0, noise=0.2
    )
    x = np.column_stack([dataset.train.x, np.ones(5000)]).astype(np.float64)
    found, residual, *_ = np.linalg.lstsq(x, dataset.train.y[:, 0].astype(np.float64))
    np.testing.assert_allclose(found, [2.0, -3.0, 0.5, 1.0], atol=0.02)
    assert math.sqrt(residual[0] / 5000) == pytest.approx(0.2, rel=0.05)


def test_sine_is_the_sine():
    """Without noise to the precision of float32."""
    dataset = load_dataset("sine", seed=0, frequency=3, noise=0)
    x, y = dataset.train.x[:, 0], dataset.train.y[:, 0]
    np.testing.assert_allclose(y, [math.sin(3 * value) for value in x], atol=1e-6)
    assert -math.pi <= x.min() < -2
    assert 2 < x.max() < math.pi


@pytest.mark.parametrize(
    ("word", "key", "value", "expected"),
    [
        ("moons", "samples", 0, "a whole number of at least 1"),
        ("moons", "noise", -1, "a number of at least 0"),
        ("circles", "factor", 1.5, "a number from 0 to 1, and not 1"),
        ("blobs", "centers", 1, "a whole number of at least 2"),
        ("blobs", "cluster_std", -1, "a number of at least 0"),
        ("majority", "bits", 17, "a whole number from 1 to 16"),
        ("threshold_sum", "labels", [1, 2], "[-1, 1] or [0, 1]"),
        ("threshold_sum", "columns", 0, "a whole number of at least 1"),
        ("spirals", "arms", 1, "a whole number of at least 2"),
        ("checkerboard", "cells", 1, "a whole number of at least 2"),
        ("linear", "weights", [], "a list of numbers"),
        ("linear", "bias", "a", "a number"),
        ("sine", "frequency", float("nan"), "a number"),
    ],
)
def test_wrong_values_are_errors_of_the_config(word, key, value, expected):
    """At the key, with what was received and what was expected."""
    with pytest.raises(ConfigError) as error:
        load_dataset(word, seed=0, **{key: value})
    assert str(error.value) == f"dataset.{key}: {value!r} was given, {expected} was expected."


def test_a_wrong_item_of_a_list_is_named():
    """By its place in the list."""
    with pytest.raises(ConfigError) as error:
        load_dataset("linear", seed=0, weights=[1.0, "a"])
    assert str(error.value) == "dataset.weights[1]: 'a' was given, a number was expected."


@pytest.mark.parametrize("word", ["nope", "os.path", "../mnist", ""])
def test_an_unknown_word_is_an_error_of_the_config(word):
    """Nothing outside the shelf is ever imported."""
    with pytest.raises(ConfigError) as error:
        load_dataset(word, seed=0)
    assert str(error.value) == f"dataset.type: There is no dataset {word!r}."
