"""Thresholds are held against the rows by which one may be chosen, and counted as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_curve, precision_score, recall_score

from dlrun.reports.page.run_page import run_page
from dlrun.reports.run_data import Rows
from dlrun.reports.scores import best_f1
from dlrun.reports.thresholds import threshold_table
from tests.reports.page.test_pages import text_of
from tests.reports.stories import classification, regression


def two_classes(validation: bool = True, **changes):
    """A run that tells two classes, with validation rows of their own."""
    data = classification(classes=2, rows=200, **changes)
    if not validation:
        return data
    other = classification(classes=2, rows=150, seed=1).rows["train"]
    middle = Rows("validation", 150, other.numbers, other.x, other.y_true, other.y_pred,
                  data.answer(other.x))  # fmt: skip
    train, test = data.rows.values()
    return replace(data, rows={"train": train, "validation": middle, "test": test})


def test_the_counts_are_those_of_scikit_learn():
    """At each threshold of the table; the best one has the largest F1 of all thresholds."""
    data = two_classes()
    table, rows = threshold_table(data), data.rows["validation"]
    true, scores = rows.y_true == 1, rows.outputs[:, 1].astype(np.float64)
    assert (table.split, table.looked_at, table.is_chosen) == ("validation", 150, True)
    values = [row.value for row in table.rows]
    assert values == sorted(values)
    assert {0.1, 0.5, 0.9, table.usual, table.best} <= set(values)
    for row in table.rows:
        said = scores > row.value
        (quiet, alarms), (missed, found) = confusion_matrix(true, said)
        assert (row.quiet, row.alarms, row.missed, row.found) == (quiet, alarms, missed, found)
        assert row.precision == precision_score(true, said, zero_division=0)
        assert row.recall == recall_score(true, said)
    precision, recall, _ = precision_recall_curve(true, scores)
    largest = (2 * precision * recall / np.maximum(precision + recall, 1e-9)).max()
    assert max(row.f1 for row in table.rows) == pytest.approx(largest)
    assert table.best == best_f1(true, scores, 0.5).value


def test_the_test_rows_are_looked_at_only_afterwards():
    """The choice is that of the validation rows; what it makes of the test rows is told."""
    data = two_classes()
    table, test = threshold_table(data), data.rows["test"]
    for row, value in zip(table.judged, (table.usual, table.best), strict=True):
        said = test.outputs[:, 1].astype(np.float64) > value
        assert row.found == int((said & (test.y_true == 1)).sum())
    page = text_of(run_page(data, []))
    assert "Thresholds for 1 , validation rows" in page
    assert f"on the test rows the F1 is {table.judged[1].f1:.4f} above {table.best:.4g}" in page


def test_without_validation_rows_nothing_should_be_chosen():
    """The page says so."""
    data = two_classes(validation=False)
    table = threshold_table(data)
    assert (table.split, table.is_chosen, table.judged) == ("test", False, None)
    assert "a threshold that is chosen by these rows looks better" in text_of(run_page(data, []))


def test_scores_have_thresholds_of_their_own():
    """Deciles of what the model gave, and its own border."""
    data = two_classes()
    spec = replace(data.spec, output="score", threshold=0.0)
    rows = {name: replace(part, outputs=5 * part.outputs[:, 1:] - 2)
            for name, part in data.rows.items()}  # fmt: skip
    table = threshold_table(replace(data, spec=spec, rows=rows))
    assert table.usual == 0.0
    assert 9 <= len(table.rows) <= 11
    assert table.rows[0].value < 0 < table.rows[-1].value


@pytest.mark.parametrize("data", [classification(), regression()], ids=["three", "values"])
def test_only_two_classes_have_a_threshold(data):
    """Others have no table."""
    assert threshold_table(data) is None
    assert "Thresholds for" not in text_of(run_page(data, []))


def test_rows_of_one_class_have_no_table():
    """Nor have scores that are not finite."""
    data = two_classes(validation=False)
    test = data.rows["test"]
    alike = replace(test, y_true=np.ones_like(test.y_true))
    assert threshold_table(replace(data, rows={**data.rows, "test": alike})) is None
    broken = replace(test, outputs=np.full_like(test.outputs, np.nan))
    assert threshold_table(replace(data, rows={**data.rows, "test": broken})) is None
