"""Dividing rows by group, time, a column that names the splits, and folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlrun.arrays import Dataset, Samples, StreamedArray, TableForm
from dlrun.column import ColumnKind, RawColumn
from dlrun.data.division import Division, divide, split_meant
from dlrun.data.duplicates import duplicate_notes
from dlrun.errors import ConfigError, DataError

NAN = float("nan")
DAY = 86400.0


def table(values, column, classes=None, test=None):
    """Rows of a table: its first column is the number of the row, its second divides."""
    x = np.column_stack([np.arange(len(values), dtype=np.float64), values])
    columns = (RawColumn("number", "number"), column)
    y = np.zeros((len(values), 1)) if classes is None else np.array(classes)
    names = None if classes is None else tuple(f"c{number}" for number in range(max(classes) + 1))
    own = None if test is None else Samples(
        np.column_stack([np.arange(len(test)) + 1000.0, test]), y[: len(test)]
    )  # fmt: skip
    return Dataset(
        Samples(x, y), own, names, form=TableForm(None, named=True), raw_columns=columns,
    )  # fmt: skip


def numbers(samples):
    return samples.x[:, 0].astype(int).tolist()


def texts(*names):
    """A column of text, and the code of each row."""
    known = tuple(sorted({name for name in names if name is not None}))
    codes = [NAN if name is None else float(known.index(name)) for name in names]
    return RawColumn("split", "text", known), codes


GROUPS = np.repeat(np.arange(10.0), 3)
GROUP = RawColumn("family", "number")


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_in_two_splits(seed):
    """Each row is in one split; the shares are those of the rows."""
    asked = Division(seed, 0.25, 0.2, ("group", "family"))
    found = divide(table(GROUPS, GROUP), asked)
    parts = {"train": found.train, "validation": found.validation, "test": found.test}
    groups = {name: set(part.x[:, 1]) for name, part in parts.items()}
    assert [len(part) for part in parts.values()] == [18, 6, 6]
    assert not groups["train"] & groups["validation"]
    assert not groups["test"] & (groups["train"] | groups["validation"])
    assert found.notes == (
        (
            "split by group 'family': train 18 rows of 6 groups, validation 6 rows of 2 groups, "
            "test 6 rows of 2 groups"
        ),
    )


def test_rows_without_a_group_are_groups_of_their_own():
    """And it is said."""
    values = np.array([0.0, 0, 0, NAN, NAN, NAN, NAN, 1, 1, 1])
    found = divide(table(values, GROUP), Division(0, test_split=0.5, by=("group", "family")))
    assert found.notes[-1] == "4 rows without a 'family', each taken for a group of its own"
    assert len(found.test) == 5


def test_a_class_of_one_group_stays_in_training():
    """It could not be learnt otherwise."""
    classes = [0, 1] * 13 + [0] + [2] * 3  # the last group alone has the third class
    for seed in range(10):
        asked = Division(seed, test_split=0.5, by=("group", "family"))
        found = divide(table(GROUPS, GROUP, classes), asked)
        assert 2 in found.train.y
        assert "no test row has the class 'c2'" in found.notes


def test_the_last_rows_are_for_testing_and_those_before_for_validation():
    """The order of the file does not matter, and every split keeps it."""
    days = np.array([5, 1, 3, 0, 2, 4, 9, 7, 8, 6]) * DAY
    column = RawColumn("day", "time")
    found = divide(table(days, column), Division(7, 0.25, 0.2, ("time", "day")))
    assert numbers(found.test) == [6, 8]
    assert numbers(found.validation) == [7, 9]
    assert numbers(found.train) == [0, 1, 2, 3, 4, 5]
    assert found.notes == (
        (
            "split by time 'day': train 6 rows from 1970-01-01 to 1970-01-06, "
            "validation 2 rows from 1970-01-07 to 1970-01-08, test 2 rows from 1970-01-09 to "
            "1970-01-10"
        ),
    )


@pytest.mark.parametrize(
    ("values", "share", "taken"),
    [
        ([1, 1, 1, 2, 2, 2], 1 / 3, 3),  # 2 rows would divide the second moment
        ([1, 2, 2, 2, 2, 2], 1 / 6, 5),
        ([1, 1, 2, 2, 3, 3], 0.5, 2),  # 3 rows: as near to 2 as to 4, so more are trained on
    ],
)
def test_no_moment_is_in_two_splits(values, share, taken):
    """The cut is the nearest one between two moments."""
    asked = Division(0, test_split=share, by=("time", "year"))
    found = divide(table(values, RawColumn("year", "number")), asked)
    assert len(found.test) == taken
    assert found.train.x[:, 1].max() < found.test.x[:, 1].min()


def test_a_column_names_the_splits_in_any_spelling():
    """Rows come where the table says."""
    column, codes = texts("Train", "TEST", " val ", "training", "holdout", "Validation", "train")
    found = divide(table(codes, column), Division(0, by=("column", "split")))
    assert numbers(found.train) == [0, 3, 6]
    assert numbers(found.validation) == [2, 5]
    assert numbers(found.test) == [1, 4]
    assert found.notes == ("split by column 'split': train 3 rows, validation 2 rows, test 2 rows",)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("dev", "validation"), ("held out", "test"), ("VALID", "validation"), ("rest", None)],
)
def test_words_for_splits(word, meant):
    """What a column may call a split."""
    assert split_meant(word) == meant


def test_what_a_column_leaves_open_may_be_split_off():
    """The file names test rows; validation rows come from its training rows."""
    column, codes = texts(*["train"] * 8, "test", "test")
    dataset = table(codes, column)
    found = divide(dataset, Division(0, validation_split=0.25, by=("column", "split")))
    assert (len(found.train), len(found.validation)) == (6, 2)
    assert numbers(found.test) == [8, 9]
    found = divide(dataset, Division(0, fold=(1, 4), by=("column", "split")))
    assert (len(found.train), len(found.validation)) == (6, 2)


def test_the_folds_are_disjoint_and_hold_all_rows_but_the_test_rows():
    """Every run of a cross-validation has the same test rows."""
    classes = [0] * 30 + [1] * 20
    dataset = table(np.zeros(50), GROUP, classes)
    found = [divide(dataset, Division(3, None, 0.2, fold=(fold, 5))) for fold in range(1, 6)]
    tests = {tuple(numbers(one.test)) for one in found}
    assert len(tests) == 1
    watched = [row for one in found for row in numbers(one.validation)]
    assert sorted(watched) == sorted(set(range(50)) - set(*tests))
    for one in found:
        assert len(one.validation) == 8
        assert not set(numbers(one.train)) & set(numbers(one.validation))
        assert len(one.train) + len(one.validation) + len(one.test) == 50
    assert found[1].notes == ("fold 2 of 5 by class: 8 validation rows, 32 to train on",)


def test_folds_keep_groups_whole():
    """Folds of groups, as `split_by` asks."""
    dataset = table(GROUPS, GROUP)
    asked = Division(0, by=("group", "family"), fold=(1, 5))
    found = [divide(dataset, replace(asked, fold=(fold, 5))) for fold in range(1, 6)]
    held = [set(one.validation.x[:, 1]) for one in found]
    assert sorted(group for one in held for group in one) == list(range(10))


def test_rows_on_the_disk_are_divided_as_those_in_memory():
    """Nothing but the column is read for it."""
    dataset = table(GROUPS, GROUP)
    streamed = replace(dataset, train=replace(dataset.train, x=StreamedArray(dataset.train.x)))
    for asked in (
        Division(2, 0.2, 0.2),
        Division(2, 0.2, 0.2, ("group", "family")),
        Division(2, 0.2, 0.2, ("time", "family")),
        Division(2, fold=(2, 3)),
    ):
        one, other = divide(dataset, asked), divide(streamed, asked)
        assert one.notes == other.notes
        assert (one.train.x == other.train.x[:]).all()
        assert (one.validation.x == other.validation.x[:]).all()


def test_what_a_test_file_makes_impossible_is_told():
    """Its rows are for testing, whatever else they are."""
    asked = Division(0, validation_split=0.2, by=("group", "family"))
    found = divide(table(GROUPS, GROUP, test=[3.0, 3, 77]), asked)
    assert found.notes[-1] == (
        "warning: 1 group of 'family' in the test file and in the other rows too: 3"
    )
    found = divide(table(GROUPS, GROUP, test=[5.0, 99]), replace(asked, by=("time", "family")))
    assert found.notes[-1] == (
        "warning: the rows of the test file are not all later than the others"
    )


def test_a_class_with_one_row_is_told_with_its_split():
    """By default that is training; a column may say otherwise."""
    found = divide(table(np.zeros(11), GROUP, [0] * 5 + [1] * 5 + [2]), Division(0, 0.3))
    assert found.notes == ("the class 'c2' has one row, a train row",)
    column, codes = texts(*["train"] * 4, "test", "test")
    dataset = table(codes, column, [0, 1, 0, 1, 0, 2])
    found = divide(dataset, Division(0, by=("column", "split")))
    assert found.notes[1:] == (
        "warning: no training row has the class 'c2': it cannot be learnt",
        "the class 'c2' has one row, a test row",
        "no test row has the class 'c1'",
    )


SAME = np.full(10, 4.0)
WORDS, WORD_CODES = texts("train", "tset", "tset", "foo")
EMPTY, EMPTY_CODES = texts("train", None, "test")
ONLY, ONLY_CODES = texts("train", "train", "train")


@pytest.mark.parametrize(
    ("dataset", "asked", "message"),
    [
        (
            table(SAME, GROUP),
            Division(0, test_split=0.2, by=("group", "family")),
            (
                "dataset.test_split: all 10 rows have the same 'family', 4; no group can be in two "
                "splits. Split by another column, or leave split_by out."
            ),
        ),
        (
            table(SAME, GROUP),
            Division(0, by=("group", "family"), fold=(1, 2)),
            (
                "dataset.folds: 'family' has 1 group for 2 folds. Choose as many folds as groups, "
                "or fewer."
            ),
        ),
        (
            table([*SAME[:9], 1.0], GROUP),
            Division(0, test_split=0.45, by=("group", "famly")),
            "dataset.split_by: The table has no column 'famly'. Did you mean 'family'?",
        ),
        (
            table(SAME, RawColumn("day", "time")),
            Division(0, test_split=0.2, by=("time", "day")),
            (
                "dataset.test_split: all 10 rows have the same 'day', 1970-01-01 00:00:04. Split "
                "by another column."
            ),
        ),
        (
            table([1.0, NAN, 2.0, NAN], GROUP),
            Division(0, test_split=0.2, by=("time", "family")),
            (
                "column 'family': 2 rows without a time, the first is row 2; rows split by time "
                "need one.\n  Fill the cells, or leave the rows out."
            ),
        ),
        (
            table(WORD_CODES, WORDS),
            Division(0, test_split=0.2, by=("time", "split")),
            (
                "dataset.split_by.time: 'split' holds text such as 'foo'; rows are put in order by "
                "a column of times or of numbers. Name another column."
            ),
        ),
        (
            table(WORD_CODES, WORDS),
            Division(0, by=("column", "split")),
            (
                "column 'split' says 'tset' (2 rows), 'foo' (1 row); train, validation or test was "
                "expected.\n  Did you mean 'test'?"
            ),
        ),
        (
            table(EMPTY_CODES, EMPTY),
            Division(0, by=("column", "split")),
            (
                "column 'split': 1 row without a split, the first is row 2.\n  Write train, "
                "validation or test in every row."
            ),
        ),
        (
            table(ONLY_CODES, ONLY),
            Division(0, by=("column", "split")),
            (
                "column 'split' names only training rows.\n  It should say train, and validation "
                "or test, of rows."
            ),
        ),
        (
            table(SAME, GROUP),
            Division(0, by=("column", "family")),
            (
                "column 'family' holds numbers; the names of splits were expected.\n  Write train, "
                "validation or test in every row."
            ),
        ),
        (
            table(*reversed(texts("train", "train", "test"))),
            Division(0, test_split=0.5, by=("column", "split")),
            (
                "dataset.test_split: The column 'split' says already which rows are for test. "
                "Leave one of the two out."
            ),
        ),
        (
            table(SAME, GROUP),
            Division(0, fold=(1, 11)),
            "dataset.folds: 10 rows cannot be dealt out among 11 folds. Choose fewer folds.",
        ),
        (
            Dataset(Samples(np.zeros((5, 2, 2)), np.zeros((5, 1)))),
            Division(0, test_split=0.2, by=("group", "family")),
            (
                "dataset.split_by: the rows of this dataset have no columns with names to be split "
                "by. Leave it out."
            ),
        ),
    ],
)
def test_what_cannot_be_divided_is_told(dataset, asked, message):
    """Where, what was found, what was expected and how to mend it."""
    with pytest.raises((ConfigError, DataError)) as error:
        divide(dataset, asked)
    assert str(error.value) == message


def test_copies_of_training_rows_are_counted():
    """To the last digit, target included; columns that no network reads do not count."""
    x = np.array([[1, 2, 0], [3, 4, 1], [1, 2, 2], [-0.0, NAN, 3], [0.0, NAN, 4], [1, 2, 5]])
    y = np.array([[1.0], [1], [1], [0], [0], [7]])
    kinds = tuple(ColumnKind(name, kind) for name, kind in
                  (("a", "number"), ("b", "number"), ("id", "ignore")))  # fmt: skip
    column = RawColumn("split", "text", ("test", "train"))
    words = np.array([1.0, 1, 0, 1, 0, 0])
    dataset = Dataset(
        Samples(np.column_stack([x, words]), y),
        form=TableForm(None, named=True),
        raw_columns=(*(RawColumn(name, "number") for name in ("a", "b", "id")), column),
        kinds=(*kinds, ColumnKind("split", "key")),
    )
    divided = divide(dataset, Division(0, by=("column", "split")))
    assert duplicate_notes(dataset, divided, read=[0, 1]) == [
        "warning: 2 test rows (66.7 %) are copies of training rows, target included"
    ]
    assert duplicate_notes(dataset, divided) == []
    without = replace(dataset, form=None)
    assert duplicate_notes(without, divided, read=[0, 1]) == []
