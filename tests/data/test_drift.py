"""New rows are held against the training rows, column by column."""

import math

import numpy as np
import pytest

from dlrun.column import ColumnKind, RawColumn
from dlrun.columns import fit_column
from dlrun.data.drift import Watch, stability_index

TEXTS = ("a", "b", "c")


def fitted(name, kind, values, texts=(), **options):
    """A column, fitted to training rows."""
    column = RawColumn(name, "text" if texts else "number", texts)
    return fit_column(ColumnKind(name, kind, options), column, np.asarray(values, np.float64))


def watched(columns, raw, *chunks):
    """A watch that has seen rows."""
    watch = Watch(columns)
    for chunk in chunks:
        watch.see(raw, np.asarray(chunk, np.float64))
    return watch


def test_index_by_hand():
    """30 and 10 rows of two bins against 10 and 30, half a row added to each."""
    p, q = 30.5 / 41, 10.5 / 41
    expected = [(q - p) * math.log(q / p), (p - q) * math.log(p / q)]
    assert stability_index([30, 10], [10, 30]) == pytest.approx(expected)
    assert stability_index([10, 20], [10, 20]).sum() == 0
    assert np.isfinite(stability_index([10, 0], [0, 5])).all()


def test_rows_of_the_same_law_have_the_index_that_chance_gives():
    """On average over many files; those that have moved are far beyond."""
    random = np.random.default_rng(0)
    column = fitted("x", "number", random.normal(size=4000))
    raw = [RawColumn("x", "number")]
    found = [watched([column], raw, random.normal(size=(200, 1))).drifts()[0] for _ in range(200)]
    assert found[0].chance == pytest.approx(9 * (1 / 4000 + 1 / 200))
    assert np.mean([one.index for one in found]) == pytest.approx(found[0].chance, rel=0.25)
    (moved,) = watched([column], raw, random.normal(1, 1, size=(200, 1))).drifts()
    assert moved.index > 0.5
    assert moved.moved.startswith("above")
    assert moved.now > moved.before


def test_what_training_did_not_know():
    """New classes, missing cells and numbers out of range are counted over all chunks."""
    age = fitted("age", "number", [20, 30, 40], missing="median")
    kind = fitted("kind", "category", [0, 1, 0], ("a", "b"))
    raw = [RawColumn("kind", "text", TEXTS), RawColumn("age", "number")]
    watch = watched([age, kind], raw, [[0, 25], [2, np.nan]], [[2, 99], [1, 19], [0, np.nan]])
    ages = "2 missing, 1 below 20 (the smallest in training), 1 above 40 (the largest in training)"
    assert watch.notes() == [
        f"column 'age': {ages}, of 5 rows",
        "column 'kind': 2 new: 'c', of 5 rows",
    ]
    assert watch.drifts()[0].column == "kind"


def test_nothing_new_is_not_told():
    """Rows like those of training, and columns that give the network nothing."""
    age = fitted("age", "number", [20, 30, 40])
    key = fitted("id", "key", [1, 2, 3])
    raw = [RawColumn("age", "number"), RawColumn("id", "number")]
    watch = watched([age, key], raw, [[20, 7], [40, 8], [30, 9]])
    assert watch.notes() == []
    assert [one.column for one in watch.drifts()] == ["age"]
    assert watch.drifts()[0].index == 0
