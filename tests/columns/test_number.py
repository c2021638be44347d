"""Numbers: filled, clipped and scaled as scikit-learn does it; to the bit as matrices are."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler

from dlrun.column import CellError, ColumnKind, RawColumn
from dlrun.columns import column_from_json, column_to_json, fit_column
from dlrun.columns.values import TrainingValues
from dlrun.data.scaling import apply_scaling, fit_scaling
from dlrun.errors import ConfigError, DataError, RunFolderError

DRAWN = np.random.default_rng(3).normal(40, 12, 500).round(1)
GAPS = np.where(np.arange(500) % 7 == 2, np.nan, DRAWN)
NEW = np.array([-3.0, 40.0, 41.5, 90.0])


@pytest.mark.parametrize(
    ("scale", "transformer"),
    [
        ("standard", StandardScaler()),
        ("minmax", MinMaxScaler()),
        ("quantile", QuantileTransformer(n_quantiles=101, subsample=None)),
    ],
)
def test_scales_are_those_of_scikit_learn(fitted, scale, transformer):
    """Of the training rows and of others."""
    transformer.fit(DRAWN[:, None])
    found = fitted(DRAWN, "number", scale=scale)
    for rows in (DRAWN, NEW):
        np.testing.assert_allclose(
            found.apply(rows), transformer.transform(rows[:, None]), atol=1e-12
        )


@pytest.mark.parametrize(
    ("missing", "imputer"),
    [
        ("median", SimpleImputer(strategy="median")),
        ("mean", SimpleImputer(strategy="mean")),
        ("flag", SimpleImputer(strategy="median", add_indicator=True)),
        (-1, SimpleImputer(strategy="constant", fill_value=-1)),
    ],
)
def test_missing_values_are_filled_as_by_scikit_learn(fitted, missing, imputer):
    """Then scaled by what all rows are; the flag stays 0 or 1."""
    expected = make_pipeline(imputer, StandardScaler()).fit_transform(GAPS[:, None])
    found = fitted(GAPS, "number", missing=missing, scale="standard").apply()
    np.testing.assert_allclose(found[:, 0], expected[:, 0], atol=1e-12)
    if missing == "flag":
        assert found[:, 1].tolist() == np.isnan(GAPS).astype(float).tolist()
    assert found.shape == (500, 1 + (missing == "flag"))


def test_logarithms_are_of_one_more_with_their_sign(fitted):
    """And standardised: every number has one, and it can be undone."""
    values = np.array([-9.0, 0.0, 3.0, 1000.0])
    logs = np.array([-np.log(10), 0, np.log(4), np.log(1001)])
    found = fitted(values, "number", scale="log")
    np.testing.assert_allclose(found.apply()[:, 0], (logs - logs.mean()) / logs.std())
    np.testing.assert_allclose(found.column.in_units(found.apply())[:, 0], values)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize(("rows", "columns"), [(40, 2), (90_000, 30), (1_200_000, 1), (7, 1)])
def test_bits_are_those_of_a_matrix(rows, columns, scale):
    """In blocks or alone: what all-number tables were always scaled by."""
    matrix = np.random.default_rng(rows).normal(1e3, 77, (rows, columns))
    whole = fit_scaling(matrix, scale)
    scaled = apply_scaling(matrix, whole)
    for place in range(0, columns, 9):
        values = TrainingValues(
            np.ascontiguousarray(matrix[:, place]), 2**20 // columns, alone=columns == 1
        )
        kind, raw = ColumnKind("x", "number"), RawColumn("x", "number")
        column = fit_column(kind, raw, values, scale=scale)
        assert column.scale.offset == whole.offset[place]
        assert column.scale.factor == whole.factor[place]
        found = column.apply(matrix[:, place], ())[:, 0].astype(np.float32)
        assert found.tobytes() == np.ascontiguousarray(scaled[:, place]).tobytes()


def test_the_dataset_says_how_where_the_column_does_not(fitted):
    """And only there."""
    assert fitted([1, 3], "number", scale="minmax").apply().tolist() == [[0], [1]]
    column = fit_column(
        ColumnKind("x", "number", {"scale": "none"}),
        RawColumn("x", "number"),
        np.array([1.0, 3.0]),
        scale="minmax",
    )
    assert column.apply(np.array([1.0]), ()).tolist() == [[1]]


@pytest.mark.parametrize("scale", ["standard", "minmax", "quantile", "log", "none"])
def test_a_constant_keeps_its_size(fitted, scale):
    """It becomes 0 where it is scaled, and nothing is divided by 0."""
    found = fitted([5, 5, 5], "number", scale=scale)
    assert found.apply().tolist() == [[5 if scale == "none" else 0]] * 3


def test_clipping_comes_before_scaling(fitted):
    """What is beyond becomes the limit, in later rows too."""
    found = fitted([0, 5, 100], "number", clip=[0, 10], scale="minmax")
    assert found.apply().tolist() == [[0], [0.5], [1]]
    assert found.apply([-4, 20]).tolist() == [[0], [1]]
    assert found.column.notes() == ["1 value of the training rows is clipped to 0 to 10"]


def test_what_is_done_is_said(fitted):
    """In the units of the table."""
    found = fitted([20, None, 30, 40], "number", missing="flag", scale="standard")
    assert found.column.entries == ("x", "x (missing)")
    assert found.column.notes() == [
        (
            "1 missing value of the training rows becomes the median, 30, and 'x (missing)' tells "
            "of them"
        )
    ]
    assert found.column.undo(found.apply()) == ["20", "", "30", "40"]


def test_rounding_is_no_digit(fitted):
    """What float32 leaves of 0 is 0; small numbers keep their digits."""
    found = fitted([-30, 0, 7, 80], "number", scale="standard")
    assert found.column.undo(found.apply().astype(np.float32)) == ["-30", "0", "7", "80"]
    small = fitted([1.25e-7, -3e-8], "number", scale="minmax")
    assert small.column.undo(small.apply().astype(np.float32)) == ["1.25e-07", "-3e-08"]
    assert fitted([0, 0], "number").column.undo(np.zeros((1, 1))) == ["0"]


def test_a_flag_that_is_never_learned_stays_0(fitted):
    """Its weight would be what it was drawn as."""
    found = fitted([20, 30, 40], "number", missing="flag")
    assert found.apply([None, 20]).tolist() == [[30, 0], [20, 0]]
    assert found.column.notes() == ["no training row lacks a value, so 'x (missing)' stays 0"]


def test_what_training_did_not_know_is_counted(fitted):
    """Missing values, and those out of range."""
    found = fitted([20, 30, 40], "number", missing="median")
    assert found.unknown([10, None, 25, 41, 99]) == {
        "missing": 1,
        "below 20 (the smallest in training)": 1,
        "above 40 (the largest in training)": 2,
    }
    assert found.unknown([20, 40]) == {}


def test_the_spread_is_kept_in_tenths(fitted):
    """Of equally many rows, with those that are missing; any rows can be counted so."""
    found = fitted([*range(100), None], "number", missing="median").column
    assert found.seen == (10,) * 10 + (1,)
    assert found.bins[0] == "to 9"
    assert found.bins[-2:] == ("above 89", "missing")
    counts = found.binned(np.array([0, 9, 9.5, 1000, np.nan, np.nan]), ())
    assert counts.tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]


def test_a_missing_value_is_an_error_unless_said(fitted):
    """In training rows and in later ones: with the row and what can be said."""
    found = fitted([1, 2, None, None], "number", scale="minmax")
    assert found.apply([1, 2]).tolist() == [[0], [1]]
    with pytest.raises(CellError) as error:
        found.apply()
    assert error.value.row == 2
    assert error.value.fix == (
        "Fill the cell, say in dataset.columns.x what is `missing` (median, mean, flag, or a "
        "number), or leave the column out (ignore)."
    )
    with pytest.raises(CellError) as error:
        fitted([1, 2], "number").apply([5, None])
    assert error.value.row == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip": [3]}, "x.clip: Expected two numbers, the smaller one first, got [3]."),
        ({"clip": [3, 1]}, "x.clip: Expected two numbers, the smaller one first, got [3, 1]."),
        ({"clip": [0, "b"]}, "two numbers, the smaller one first, got [0, 'b']."),
        (
            {"missing": "zero"},
            (
                "dataset.columns.x.missing: Expected 'error', 'median', 'mean', 'flag' or a "
                "number, got 'zero'."
            ),
        ),
    ],
)
def test_options_that_cannot_be_are_refused(fitted, options, message):
    """With their path."""
    with pytest.raises(ConfigError) as error:
        fitted([1, 2], "number", **options)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (
            [None, None],
            {"missing": "median"},
            (
                "column 'x': no training row has a value that could stand for the missing ones.\n"
                "  Leave it out: x: ignore."
            ),
        ),
        (
            [-1e308, 1e308],
            {"scale": "standard"},
            (
                "column 'x': it cannot be scaled: its values, -1e+308 to 1e+308, are too large or "
                "too close."
            ),
        ),
    ],
)
def test_values_that_cannot_be_fitted_are_refused(fitted, values, options, message):
    """With the column and what helps."""
    with pytest.raises(DataError) as error:
        fitted(values, "number", **options)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "os"}, "columns: 'os' is no kind of column."),
        ({"kind": "values"}, "columns: 'values' is no kind of column."),
        ({"kind": ["number"]}, "columns: ['number'] is no kind of column."),
        ({"low": "1"}, "columns.low: Input should be a valid number."),
        ({"seen": [1]}, "columns: seen should have one count a bin."),
        ({"more": 1}, "columns.more: Unexpected keyword argument."),
        (
            {"scale": {"kind": "minmax", "offset": 0, "factor": 0, "quantiles": []}},
            "columns: scale should have a factor that is not 0, or quantiles.",
        ),
    ],
)
def test_what_a_stranger_stored_is_held_against_the_kind(fitted, change, message):
    """Nothing is taken that could not have been written."""
    stored = column_to_json(fitted([1, 2], "number").column) | change
    with pytest.raises(RunFolderError) as error:
        column_from_json(stored)
    assert message in str(error.value)
