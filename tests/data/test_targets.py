"""Targets: missing ones, their scale, and what they are on average."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from dlrun.arrays import Dataset, Samples, Spec, Splits, StreamedArray, TargetScaling
from dlrun.data.classes import classes_for_loss
from dlrun.data.spec_json import spec_from_json, spec_to_json
from dlrun.data.targets import (
    check_target_scale,
    fit_target_scaling,
    fit_targets,
    in_own_units,
    scaled,
    target_means,
    too_large,
    without_missing_targets,
)
from dlrun.errors import ConfigError, DataError, RunFolderError

GENERATOR = np.random.default_rng(3)
PRICES = np.exp(GENERATOR.normal(8, 1, (200, 2)))


def dataset(y, **changes):
    y = np.asarray(y)
    x = np.arange(len(y), dtype=np.float32)[:, None]
    return replace(Dataset(Samples(x, y)), **changes)


def test_rows_without_a_target_are_left_out_and_counted():
    """NaN, or the class number -1; the others stay as they are."""
    some, notes = without_missing_targets(dataset([[1.0], [np.nan], [3.0], [np.nan]]))
    assert some.train.x.ravel().tolist() == [0, 2]
    assert some.train.y.tolist() == [[1], [3]]
    assert notes == ("2 of 4 rows have no target and are left out: rows 2, 4",)
    classes = dataset(np.array([0, -1, 1]), class_names=("a", "b"))
    some, notes = without_missing_targets(classes)
    assert some.train.y.tolist() == [0, 1]
    assert notes == ("1 of 3 rows have no target and are left out: row 2",)


def test_a_row_that_lacks_one_of_several_targets_is_left_out():
    """Nothing is filled in; the weights go with their rows."""
    y = [[1.0, 2.0], [np.nan, 4.0], [5.0, 6.0]]
    given = dataset(y, target_names=("a", "b"))
    weighted = replace(given.train, sample_weight=np.array([1, 2, 3], np.float32))
    some, notes = without_missing_targets(replace(given, train=weighted))
    assert some.train.y.tolist() == [[1, 2], [5, 6]]
    assert some.train.sample_weight.tolist() == [1, 3]
    assert notes == ("1 of 3 rows have no value for a target and are left out: row 2",)


def test_missing_targets_of_streamed_rows():
    """They stay on the disk."""
    y = StreamedArray(np.array([[1.0], [np.nan], [3.0]]))
    x = StreamedArray(np.arange(3.0)[:, None])
    some, _ = without_missing_targets(Dataset(Samples(x, y)))
    assert isinstance(some.train.x, StreamedArray)
    assert some.train.x[:].ravel().tolist() == [0, 2]
    assert some.train.y[:].ravel().tolist() == [1, 3]


def test_a_row_keeps_its_place_in_the_file():
    """After rows before it have been left out."""
    given = dataset([[np.nan], [2.0], [np.nan], [4.0]], place=lambda row: f"rows.csv:{row + 2}")
    some, notes = without_missing_targets(given)
    assert notes == ("2 of 4 rows have no target and are left out: rows.csv:2, rows.csv:4",)
    assert [some.place(0), some.place(1)] == ["rows.csv:3", "rows.csv:5"]


def test_no_target_at_all():
    """A wrong column, mostly."""
    with pytest.raises(DataError, match="none of the 2 rows has a target"):
        without_missing_targets(dataset([[np.nan], [np.nan]]))


def test_test_rows_without_a_target():
    """They are counted by themselves."""
    given = dataset([[1.0], [2.0]])
    test = Samples(np.zeros((2, 1), np.float32), np.array([[np.nan], [1.0]]))
    some, notes = without_missing_targets(replace(given, test=test))
    assert len(some.test) == 1
    assert notes == ("1 of 2 test rows have no target and are left out: row 1",)


@pytest.mark.parametrize(
    ("kind", "scaler", "change"),
    [
        ("standard", StandardScaler(), lambda y: y),
        ("minmax", MinMaxScaler(), lambda y: y),
        ("log", StandardScaler(), np.log),
    ],
)
def test_scaled_targets_are_those_of_scikit_learn(kind, scaler, change):
    """And back they are what they were."""
    scaling = fit_target_scaling(PRICES, kind)
    expected = scaler.fit_transform(change(PRICES))
    np.testing.assert_allclose(scaled(PRICES, scaling), expected, rtol=1e-5, atol=1e-6)
    back = in_own_units(expected, scaling)
    np.testing.assert_allclose(back, PRICES, rtol=1e-12)


def test_a_constant_target_keeps_its_factor():
    """Nothing is divided by 0."""
    assert fit_target_scaling(np.full((5, 1), 7.0), "standard").factor == (1.0,)


def test_a_logarithm_needs_positive_targets():
    """The first one that is not is told with its row, and how many there are."""
    with pytest.raises(DataError) as error:
        check_target_scale(dataset([[2.0], [0.0], [-1.0]], target_names=("price",)), "log")
    assert str(error.value) == (
        "dataset.target_scale: the target 'price' of row 2 is 0, and 1 more are not above 0; only "
        "positive numbers have a logarithm.\n"
        "  Use 'target_scale: standard', or leave these rows out."
    )


@pytest.mark.parametrize("labels", [True, False])
def test_classes_have_no_scale(labels):
    """Neither have labels."""
    names = None if labels else ("a", "b")
    with pytest.raises(ConfigError, match="'standard' scales numbers, but the targets are classes"):
        check_target_scale(dataset([0, 1], class_names=names, labels=labels), "standard")


def test_several_columns_of_0_and_1_are_labels():
    """Where the loss takes each by itself; a column of other numbers makes none of them."""
    flags = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    named = dataset(flags, target_names=("a", "b"))
    assert classes_for_loss(named, "binary_crossentropy").labels
    assert not classes_for_loss(named, "mean_squared_error").labels
    shares = dataset(flags / 2, target_names=("a", "b"))
    assert not classes_for_loss(shares, "binary_crossentropy").labels


def test_means_of_the_training_rows():
    """Shares of classes, means of numbers, over all places of a row."""
    assert target_means(np.array([0, 1, 1, 3]), 4) == (0.25, 0.5, 0, 0.25)
    assert target_means(np.array([[1.0, 4.0], [3.0, 8.0]]), None) == (2, 6)
    assert target_means(np.arange(8.0).reshape(2, 2, 2), None) == (3, 4)


def split_of(y, **spec):
    y = np.asarray(y)
    return Splits(Samples(np.zeros((len(y), 1), np.float32), y), None, None, Spec((1,), **spec))


def test_rare_classes_are_told():
    """With how often the most frequent one is right."""
    y = np.repeat([0, 1], [95, 5])
    (note,) = fit_targets(split_of(y, class_names=("no", "yes")), None, None).notes
    assert note.startswith(
        "class imbalance: 'yes' is 5 of 100 training rows, 'no' 95 of 100 training rows; always "
        "answering the latter is right in 95.0%."
    )
    balanced = split_of(np.repeat([0, 1], [60, 40]), class_names=("no", "yes"))
    assert fit_targets(balanced, None, None).notes == ()


def test_rare_labels_are_told():
    """Whether the yes or the no is rare."""
    y = np.stack([np.arange(100) < 3, np.arange(100) < 50, np.arange(100) < 98], 1).astype(float)
    (note,) = fit_targets(split_of(y, labels=True, target_names=("a", "b", "c")), None, None).notes
    assert note.startswith("class imbalance: 'a' is yes in 3 of 100 training rows, 'c' is no in 2")


def test_what_was_fitted_before_holds():
    """A run that is opened again has its own numbers."""
    told = Spec((1,), target_scaling=TargetScaling("standard", (5.0,), (2.0,)), prior=(5.0,))
    again = fit_targets(split_of([[1.0], [2.0]]), "standard", told).spec
    assert (again.target_scaling, again.prior) == (told.target_scaling, told.prior)


@pytest.mark.parametrize(
    ("size", "optimizer", "rate", "steps", "told"),
    [
        # What Keras's own `fit` makes of 384 rows and 32 hidden units: R2 -7, 0.79, -5; nan.
        (20, "Adam", 0.001, 120, "move a weight by about 0.12 only"),
        (20, "Adam", 0.001, 1200, None),
        (4000, "Adam", 0.001, 3600, "move a weight by about 3.6 only"),
        (1000, "SGD", 0.01, 360, "the loss may grow without bound"),
        (100, "SGD", 0.01, 360, None),
        (0.5, "Adam", 0.0001, 1, None),
    ],
)
def test_targets_too_large_for_the_steps(size, optimizer, rate, steps, told):
    """The warning names the way out; where the training can get there is none."""
    y = np.full((10, 1), float(size))
    said = too_large(y, optimizer=optimizer, rate=rate, steps=steps)
    assert (said is None) == (told is None)
    if told is not None:
        assert told in said
        assert "target_scale: standard" in said


def test_the_spec_keeps_what_is_fitted():
    """Equal after JSON; what does not fit is refused."""
    scaling = TargetScaling("log", (1.5,), (2.0,))
    spec = Spec((1,), target_scaling=scaling, prior=(3.0,))
    assert spec_from_json(spec_to_json(spec)) == spec
    labels = Spec((1,), labels=True, target_names=("a", "b"), prior=(0.5, 0.25))
    assert spec_from_json(spec_to_json(labels)) == labels
    for wrong in (
        replace(spec, target_scaling=TargetScaling("log", (1.5,), (0.0,))),
        replace(spec, target_scaling=TargetScaling("log", (1.5, 2.0), (1.0, 1.0))),
        replace(labels, target_scaling=scaling),
        replace(labels, prior=(0.5, 1.25)),
        replace(labels, prior=(0.5,)),
    ):
        with pytest.raises(RunFolderError):
            spec_from_json(spec_to_json(wrong))
