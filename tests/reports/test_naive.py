"""Forecasts against naive ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlrun.reports.naive import baseline_of_forecasts, diebold_mariano, ranked


@pytest.fixture
def gains():
    """Of windows that each tell a little."""
    return np.random.Generator(np.random.PCG64(3)).normal(0.3, 1.0, 40)


def test_without_overlap_it_is_a_t_test(gains):
    """SciPy's, of a mean of 0."""
    expected = stats.ttest_1samp(gains, 0.0).pvalue
    assert diebold_mariano(gains, np.arange(40.0), 1) == pytest.approx(expected, rel=1e-6)


def test_overlap_counts_covariances(gains):
    """Worked out term by term, as the sources have it."""
    n, overlap = len(gains), 4
    mean = gains.sum() / n
    gamma = [sum((gains[t] - mean) * (gains[t - k] - mean) for t in range(k, n)) / n
             for k in range(overlap)]  # fmt: skip
    variance = gamma[0] + 2 * sum((1 - k / overlap) * gamma[k] for k in range(1, overlap))
    factor = (n + 1 - 2 * overlap + overlap * (overlap - 1) / n) / n
    statistic = mean / np.sqrt(variance / n) * np.sqrt(factor)
    expected = 2 * stats.t.sf(abs(statistic), n - 1)
    assert diebold_mariano(gains, np.arange(40.0), overlap) == pytest.approx(expected, rel=1e-6)


def test_series_that_are_foretold_at_once_are_no_further_evidence(gains):
    """Ten series that all say the same are one."""
    many, times = np.tile(gains, 10), np.tile(np.arange(40.0), 10)
    once = diebold_mariano(gains, np.arange(40.0), 2)
    assert diebold_mariano(many, times, 2) == pytest.approx(once)


def test_too_few_windows_tell_nothing():
    """Neither do windows that all overlap, nor numbers that are none."""
    assert diebold_mariano(np.ones(1), np.zeros(1), 1) is None
    assert diebold_mariano(np.arange(5.0), np.arange(5.0), 5) is None
    assert diebold_mariano(np.array([1.0, np.inf, 2.0]), np.arange(3.0), 1) is None
    assert diebold_mariano(np.ones(9), np.arange(9.0), 1) is None


def test_the_stronger_baseline_comes_first_and_both_are_told(gains):
    """In words, in columns and in JSON."""
    ours = np.full((40, 1, 1), 4.0)

    def of(name, size):
        theirs = ours * size**2 + (gains[:, None, None] - gains.mean())
        return baseline_of_forecasts(
            name, (ours, theirs), np.arange(40.0), targets=["sales"], overlap=1,
            metrics={"loss": size},
        )  # fmt: skip

    first = ranked([of("last value", 3.0), of("season of 12", 2.0)])
    assert list(first.columns) == ["season of 12", "last value"]
    said = first.in_words("test")
    assert said.startswith(
        "baseline: the season of 12, over 40 test windows (root mean square), is off by 4.0000, "
        "the network by 2.0000: better by more than chance (Diebold-Mariano test"
    )
    assert ". Baseline: the last value" in said
    stored = first.to_json()
    assert (stored["kind"], stored["other"]["kind"]) == ("season of 12", "last value")
    assert stored["verdicts"][0]["beats"] == "better"
    assert ranked([]) is None
