"""Scaling features."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from dlrun.arrays import Scaling, StreamedArray
from dlrun.data import streams as chunks_module
from dlrun.data.scaling import apply_scaling, fit_scaling, to_float32
from dlrun.errors import DataError


@pytest.fixture
def rows():
    generator = np.random.default_rng(3)
    return generator.normal(loc=[5, -100, 1e6], scale=[1, 0.01, 300], size=(50, 3))


@pytest.mark.parametrize(
    ("kind", "oracle"), [("standard", StandardScaler), ("minmax", MinMaxScaler)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scaling_agrees_with_scikit_learn(rows, kind, oracle, dtype):
    """Fitted on one half and applied to the other, both give the same numbers."""
    train, new = np.split(rows.astype(dtype), 2)
    expected = oracle().fit(train.astype(np.float64)).transform(new.astype(np.float64))
    scaled = apply_scaling(new, fit_scaling(train, kind))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, expected, rtol=2e-7, atol=1e-9)


def test_standard_scaling_by_hand():
    """[1, 3] has mean 2 and deviation 1 (of the population, not of a sample)."""
    assert fit_scaling(np.array([[1.0], [3.0]]), "standard") == Scaling("standard", (2.0,), (1.0,))


def test_minmax_scaling_by_hand():
    """[1, 3, 5] goes to [0, 1/2, 1]."""
    x = np.array([[1.0], [3.0], [5.0]])
    scaling = fit_scaling(x, "minmax")
    assert scaling == Scaling("minmax", (1.0,), (4.0,))
    assert apply_scaling(x, scaling).ravel().tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_a_constant_column_becomes_zero(kind):
    """Even 0.1, whose mean over many rows is not exactly 0.1, is seen to be constant."""
    x = np.full((49, 1), 0.1)
    scaling = fit_scaling(x, kind)
    assert scaling == Scaling(kind, (0.1,), (1.0,))
    assert not apply_scaling(x, scaling).any()


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("sample", [(4,), (5, 3), (5, 4, 1), (5, 4, 3), (2, 3, 4, 2)])
def test_every_rank_agrees_with_scikit_learn(kind, sample):
    """Up to two axes the last one is that of the features; more axes are one feature."""
    generator = np.random.default_rng(len(sample))
    x = generator.normal(size=(20, *sample)) * np.arange(1, sample[-1] + 1) + 7
    columns = sample[-1] if len(sample) < 3 else 1
    oracle = StandardScaler() if kind == "standard" else MinMaxScaler()
    expected = oracle.fit_transform(x.reshape(-1, columns)).reshape(x.shape)
    scaling = fit_scaling(x, kind)
    assert len(scaling.offset) == columns
    np.testing.assert_allclose(apply_scaling(x, scaling), expected, rtol=2e-6, atol=1e-6)
    streamed = fit_scaling(StreamedArray(x), kind)
    assert streamed == scaling


def test_a_feature_of_a_sequence_that_cannot_be_scaled_is_named():
    """Counted from 1, as columns are."""
    x = np.zeros((2, 3, 2))
    x[0, 0, 1], x[1, 0, 1] = -1e308, 1e308
    with pytest.raises(DataError, match="feature 2 of the features cannot be scaled"):
        fit_scaling(x, "minmax")


def test_images_share_one_number():
    """The entries of an image have no columns of their own."""
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4, 1)
    scaling = fit_scaling(x, "minmax")
    assert scaling == Scaling("minmax", (0.0,), (23.0,))
    assert apply_scaling(x, scaling).shape == x.shape


def test_none_fits_nothing_and_changes_nothing():
    """float32 rows pass through as the same array."""
    x = np.ones((2, 2), dtype=np.float32)
    assert fit_scaling(x, "none") is None
    assert apply_scaling(x, None) is x


def test_large_offsets_keep_their_digits():
    """Seconds since 1970 differ by 1; float32 alone would see them as equal."""
    x = np.array([[1_700_000_000.0], [1_700_000_001.0]])
    assert apply_scaling(x, fit_scaling(x, "minmax")).ravel().tolist() == [0.0, 1.0]


def test_rows_are_scaled_alike_in_chunks(rows, monkeypatch):
    """How many rows are widened at a time does not show."""
    whole = fit_scaling(rows, "standard")
    scaled = apply_scaling(rows, whole)
    monkeypatch.setattr(chunks_module, "ENTRIES_PER_CHUNK", 7)
    np.testing.assert_allclose(fit_scaling(rows, "standard").factor, whole.factor, rtol=1e-14)
    assert (apply_scaling(rows, whole) == scaled).all()


def test_values_beyond_float32_are_an_error():
    """They would become infinity without a word."""
    with pytest.raises(DataError) as error:
        to_float32(np.array([[1.0, -1e39]]), "features", where="a.csv")
    assert str(error.value) == (
        "a.csv: the features hold -1e+39, which is beyond the range of float32.\n"
        "  Measure in a larger unit, or train with `dataset.scale`."
    )
    with pytest.raises(DataError, match="the features hold 1e\\+40"):
        apply_scaling(np.array([[1e40]]), Scaling("standard", (0.0,), (1.0,)))


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_columns_whose_spread_overflows_are_an_error(kind):
    """No factor is infinite."""
    with pytest.raises(DataError) as error:
        fit_scaling(np.array([[0.0, -1e308], [1.0, 1e308]]), kind)
    assert str(error.value) == (
        "column 2 of the features cannot be scaled: its values, -1e+308 to 1e+308, are too large "
        "or too close."
    )
