"""ROC and precision-recall curves equal scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from dlrun.reports.scores import has_both, precision_recall, roc

RNG = np.random.default_rng(0)


def cases():
    """Scores with and without ties, rare classes, perfect and useless scores."""
    for rows in (2, 5, 40, 1000):
        positive = np.arange(rows) % 3 == 0
        yield positive, RNG.normal(size=rows)
        yield positive, RNG.integers(0, 4, rows).astype(float)
        yield positive, positive.astype(float)
        yield positive, np.zeros(rows)
        yield positive, RNG.normal(size=rows).astype(np.float32) + positive
    yield np.arange(500) == 7, RNG.random(500)


@pytest.mark.parametrize("case", list(cases()))
def test_roc(case):
    """Every point, and the area."""
    curve = roc(*case)
    x, y, _ = metrics.roc_curve(*case, drop_intermediate=False)
    np.testing.assert_allclose(curve.x, x)
    np.testing.assert_allclose(curve.y, y)
    assert curve.area == pytest.approx(metrics.roc_auc_score(*case))


@pytest.mark.parametrize("case", list(cases()))
def test_precision_recall(case):
    """Every point, and the average precision; scikit-learn goes from full recall down."""
    curve = precision_recall(*case)
    precision, recall, _ = metrics.precision_recall_curve(*case)
    np.testing.assert_allclose(curve.x, recall[::-1])
    np.testing.assert_allclose(curve.y, precision[::-1])
    assert curve.area == pytest.approx(metrics.average_precision_score(*case))


def test_a_curve_needs_rows_of_both_kinds():
    """Else a rate would be zero by zero."""
    assert has_both(np.array([True, False]))
    assert not has_both(np.array([True, True]))
    assert not has_both(np.array([False]))
