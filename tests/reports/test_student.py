"""Student's t distribution, against SciPy's."""

import math

import pytest
from scipy import stats

from dlrun.reports.statistics import (
    difference_interval,
    quantile,
    share_interval,
    two_sided_p,
)

DEGREES = [0.5, 1, 1.37, 2, 3, 4.7, 10, 29, 100, 1e4]


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("t", [1e-3, 0.1, 0.99, 1.01, -2.5, 5, 20, 100, 1e4])
def test_tails(t, degrees):
    """Ten digits, as far out as floats reach."""
    expected = 2 * stats.t.sf(abs(t), degrees)
    assert two_sided_p(t, degrees) == pytest.approx(expected, rel=1e-10, abs=1e-280)


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_quantiles(confidence, degrees):
    """The half width of a confidence interval."""
    expected = stats.t.ppf((1 + confidence) / 2, degrees)
    assert quantile(confidence, degrees) == pytest.approx(expected, rel=1e-9)


def test_ends():
    """0 tells nothing, infinity everything."""
    assert two_sided_p(0.0, 3) == 1.0
    assert two_sided_p(math.inf, 3) == 0.0
    assert two_sided_p(1e200, 3) == 0.0


@pytest.mark.parametrize(("right", "rows"), [(0, 1), (0, 10), (7, 10), (10, 10), (81, 263)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_interval_of_a_share(right, rows, confidence):
    """As SciPy has Wilson's."""
    interval = stats.binomtest(right, rows).proportion_ci(confidence, method="wilson")
    assert share_interval(right, rows, confidence) == pytest.approx(interval, abs=1e-12)


@pytest.mark.parametrize(
    ("this", "other", "interval"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ],
)
def test_the_interval_of_a_difference_of_shares(this, other, interval):
    """The numbers of Newcombe's paper, table II, method 10; turned round, the other way round."""
    assert difference_interval(this, other) == pytest.approx(interval, abs=6e-5)
    low, high = difference_interval(other, this)
    assert (-high, -low) == pytest.approx(interval, abs=6e-5)
