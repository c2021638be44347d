"""Scores of classes equal scikit-learn's, and follow from the confusion matrix alone."""

import json

import numpy as np
import pytest
from sklearn import metrics

from dlrun.reports.scores import ClassificationReport, ClassScores, confusion_matrix
from tests.reports.scoring import classification_report


def random_classes(seed, num_classes, rows, correct):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, num_classes, rows)
    y_pred = np.where(rng.random(rows) < correct, y_true, rng.integers(0, num_classes, rows))
    return y_true, y_pred


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("num_classes", "rows", "correct"),
    [(2, 50, 0.9), (3, 7, 0.3), (10, 1000, 0.8), (10, 8, 0.5), (100, 200, 0.1), (2, 1, 1.0)],
)
def test_equal_to_scikit_learn(seed, num_classes, rows, correct):
    """Confusion matrix, precision, recall, F1, support, accuracy and macro averages."""
    y_true, y_pred = random_classes(seed, num_classes, rows, correct)
    report = classification_report(y_true, y_pred, [str(n) for n in range(num_classes)])
    labels = list(range(num_classes))
    np.testing.assert_array_equal(
        report.confusion, metrics.confusion_matrix(y_true, y_pred, labels=labels)
    )
    expected = metrics.precision_recall_fscore_support(
        y_true, y_pred, labels=labels, zero_division=0
    )
    found = [(of.precision, of.recall, of.f1) for of in report.scores]
    np.testing.assert_allclose(found, np.transpose(expected[:3]), rtol=1e-14)
    np.testing.assert_array_equal(report.support, expected[3])
    macro = metrics.precision_recall_fscore_support(
        y_true, y_pred, labels=labels, average="macro", zero_division=0
    )
    of = report.macro
    np.testing.assert_allclose((of.precision, of.recall, of.f1), macro[:3], rtol=1e-14)
    assert report.accuracy == pytest.approx(metrics.accuracy_score(y_true, y_pred), rel=1e-14)


def test_zero_by_zero_is_zero():
    """A class that is neither there nor predicted has the scores 0; so has an empty set of rows."""
    report = classification_report([0, 0, 1], [0, 1, 0], ["a", "b", "c"])
    assert report.scores == (ClassScores(0.5, 0.5, 0.5), ClassScores(0, 0, 0), ClassScores(0, 0, 0))
    assert report.support == (2, 1, 0)
    empty = classification_report([], [], ["a", "b"])
    assert (empty.accuracy, empty.support) == (0.0, (0, 0))


def test_rows_are_true_classes():
    """The first index is the true class."""
    np.testing.assert_array_equal(confusion_matrix([0, 0, 1], [1, 1, 1], 2), [[0, 2], [0, 1]])


def test_json_form_comes_back():
    """The report survives a round through JSON text."""
    report = classification_report(*random_classes(0, 4, 60, 0.7), ["a", "b", "c", "d"])
    text = json.dumps(report.to_json(), allow_nan=False)
    assert ClassificationReport.from_json(json.loads(text)) == report


def test_json_form_is_readable():
    """The names are those that people know."""
    value = classification_report([0, 1, 1, 1], [0, 0, 1, 1], ["no", "yes"]).to_json()
    assert value == {
        "accuracy": 0.75,
        "macro": {
            "precision": 0.75,
            "recall": pytest.approx(5 / 6),
            "f1": pytest.approx((2 / 3 + 0.8) / 2),
        },
        "classes": [
            {
                "name": "no",
                "precision": 0.5,
                "recall": 1.0,
                "f1": pytest.approx(2 / 3),
                "support": 1,
            },
            {
                "name": "yes",
                "precision": 1.0,
                "recall": pytest.approx(2 / 3),
                "f1": pytest.approx(0.8),
                "support": 3,
            },
        ],
        "confusion": [[1, 0], [1, 2]],
    }


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([0, 2], [0, 1], r"class numbers must be in 0 \.\.\. 1"),
        ([0, 1], [0, -1], r"class numbers must be in 0 \.\.\. 1"),
        ([0, 1], [0], r"expected two vectors, got shapes \(2,\) and \(1,\)"),
        ([[0]], [[0]], r"expected two vectors, got shapes \(1, 1\) and \(1, 1\)"),
    ],
)
def test_what_is_no_class_number(y_true, y_pred, message):
    """Numbers outside of the classes would be counted in the wrong cell."""
    with pytest.raises(ValueError, match=message):
        confusion_matrix(y_true, y_pred, 2)
