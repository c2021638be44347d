"""Student's t distribution, against SciPy's."""

import math

import pytest
from scipy import stats

from dlrun.reports.statistics import quantile, two_sided_p

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
