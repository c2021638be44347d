"""How well a column alone tells the target, against counting row by row and scikit-learn."""

import csv
from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from dlrun.column import RawColumn
from dlrun.data.links import MOST_ROWS, TELLING, find_links, spread_rows, telling, warning_of
from tests.conftest import TITANIC, needs_titanic


def texts(name, words):
    """A column of words as it is read."""
    known = tuple(sorted({word for word in words if word}))
    codes = [known.index(word) if word else np.nan for word in words]
    return RawColumn(name, "text", known), np.array(codes, float)


def numbers(name, values):
    """A column of numbers as it is read."""
    return RawColumn(name, "number"), np.asarray(values, float)


def link(column, target, *, is_class=True):
    """The link of one column."""
    (found,) = find_links([column], np.asarray(target, float), name="y", is_class=is_class)
    return found


def told_by_others(values, target):
    """Row by row: the majority of the other rows with the value; a tie is worth a half."""
    most = Counter(target).most_common(1)[0][0]
    right = 0.0
    for row, (value, true) in enumerate(zip(values, target, strict=True)):
        others = [
            y
            for i, (x, y) in enumerate(zip(values, target, strict=True))
            if x == value and i != row
        ]
        if not others:
            right += true == most
            continue
        counts = Counter(others)
        best = max(counts.values())
        if counts[true] == best:
            right += 1 if sum(count == best for count in counts.values()) == 1 else 0.5
    return right / len(target)


@pytest.mark.parametrize(("values", "classes"), [(3, 2), (8, 3), (40, 2), (15, 5)])
def test_classes_are_told_by_the_other_rows(values, classes):
    """As counting them one by one does."""
    rng = np.random.default_rng(values)
    x = rng.integers(0, values, 120)
    y = np.where(rng.random(120) < 0.5, x % classes, rng.integers(0, classes, 120))
    found = link(texts("x", [f"v{value:02}" for value in x]), y)
    assert found.score == pytest.approx(told_by_others(x.tolist(), y.tolist()))
    assert found.baseline == pytest.approx(np.bincount(y).max() / 120)


def test_numbers_are_told_by_the_means_of_the_other_rows():
    """As least squares of the groups, each row left out, has it."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 6, 90)
    y = x**2 + rng.normal(scale=3, size=90)
    found = link(texts("x", [f"v{value}" for value in x]), y, is_class=False)
    groups = np.eye(6)[x]
    predicted = cross_val_predict(
        LinearRegression(fit_intercept=False), groups, y, cv=LeaveOneOut()
    )
    assert found.score == pytest.approx(r2_score(y, predicted))
    assert found.baseline == 0


def test_names_that_are_there_once_tell_nothing():
    """Though each value has one class only."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 200)
    found = link(texts("name", [f"n{row:03}" for row in range(200)]), y)
    assert found.score == found.baseline
    assert not found.tells
    noise = link(numbers("x", rng.normal(size=200)), y)
    assert noise.strength < 0.2


@pytest.mark.parametrize(
    "column",
    [
        numbers("x", np.arange(300) % 7 < 3),
        texts("x", ["yes" if row % 7 < 3 else "no" for row in range(300)]),
        texts("x", ["" if row % 7 < 3 else "left" for row in range(300)]),
        numbers("x", np.where(np.arange(300) % 7 < 3, 1, -1) * (5 + np.arange(300))),
    ],
)
def test_a_column_that_is_the_class_in_other_words(column):
    """In numbers, in words, by being missing, by its sign."""
    (found,) = telling([link(column, np.arange(300) % 7 < 3)])
    assert found.strength >= TELLING


def test_numbers_are_told_by_a_line_too():
    """Pearson's and Spearman's correlation, as SciPy has them."""
    from scipy.stats import pearsonr, spearmanr

    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    line = 3 * x + rng.normal(scale=2, size=60)
    assert link(numbers("x", x), line, is_class=False).score == pytest.approx(
        max(pearsonr(x, line)[0] ** 2, spearmanr(x, line)[0] ** 2)
    )


def test_a_column_that_is_the_number_in_other_units():
    """A price in another currency, rounded; the time does not give a series away."""
    rng = np.random.default_rng(3)
    price = np.exp(rng.normal(3, 1, 500))
    assert link(numbers("usd", np.round(price * 1.08, 2)), price, is_class=False).tells
    assert link(numbers("log", np.log(price)), price, is_class=False).tells
    assert not link(
        numbers("x", price + rng.normal(scale=20, size=500)), price, is_class=False
    ).tells
    day = RawColumn("day", "time"), np.arange(500) * 86400.0
    series = np.cumsum(np.ones(500)) + rng.normal(scale=0.1, size=500)
    found = link(day, series, is_class=False)
    assert found.strength > TELLING
    assert not found.tells


@pytest.mark.parametrize("is_class", [True, False])
def test_where_rows_stand_in_the_file_tells_nothing(is_class):
    """A file that is sorted by its target, and a column of few or equal numbers."""
    y = np.sort(np.random.default_rng(4).integers(0, 3, 300))
    few = link(numbers("x", np.arange(300) % 2), y, is_class=is_class)
    one = link(numbers("x", np.zeros(300)), y, is_class=is_class)
    assert few.strength < 0.05
    assert one.strength < 0.05


def test_what_cannot_be_told():
    """Few rows, one class, missing targets."""
    assert find_links([numbers("x", range(19))], np.arange(19.0), name="y", is_class=False) == []
    assert find_links([numbers("x", range(30))], np.ones(30), name="y", is_class=True) == []
    for size in (1e-170, 1e170):  # whose squares are 0, or beyond all numbers
        y = np.arange(30.0) * size
        assert find_links([numbers("x", range(30))], y, name="y", is_class=False) == []
    y = np.tile([0, 1, np.nan], 20)
    found = link(numbers("x", np.tile([0, 1, 0], 20)), y)
    assert (found.score, found.baseline) == (1, 0.5)


def test_many_rows_are_sampled():
    """Evenly, and out of step with rows that come in turns."""
    rows = 3 * MOST_ROWS
    y = np.arange(rows) % 3
    found = link(numbers("x", np.arange(rows) % 6), y)
    assert found.score == 1
    assert found.baseline == pytest.approx(1 / 3, abs=0.01)
    chosen = spread_rows(rows, MOST_ROWS)
    assert len(chosen) == pytest.approx(MOST_ROWS, rel=1e-3)
    assert np.diff(chosen).max() <= 6


@needs_titanic
def test_alive_is_survived_in_words():
    """Of the Titanic's columns it alone tells, and is named with how well it does."""
    with TITANIC.open() as file:
        rows = list(csv.DictReader(file))
    columns = [texts(name, [row[name] for row in rows]) for name in rows[0] if name != "survived"]
    y = np.array([float(row["survived"]) for row in rows])
    links = find_links(columns, y, name="survived", is_class=True)
    (found,) = telling(links)
    assert warning_of(found) == (
        "column 'alive' tells the target 'survived': alone it tells 100 % of the rows, the most "
        "frequent class 61.6 %. If it is not known when a prediction is made, leave it out: "
        "columns: {alive: ignore}"
    )
    by_name = {one.column: one for one in links}
    # By hand: 233 of 314 women lived, 468 of 577 men did not.
    assert by_name["sex"].score == pytest.approx((233 + 468) / 891)
