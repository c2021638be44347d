"""Categories: entries as scikit-learn's `OneHotEncoder` has them, and class numbers."""

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from dlrun.column import CellError
from dlrun.errors import ConfigError, DataError

DECKS = ["B", "A", "C", "A", "D", "B", "A", "é", "C", "B", "A"]
NEW = ["A", "Z", "D", "C"]


@pytest.mark.parametrize("min_count", [1, 2, 3])
def test_entries_are_those_of_scikit_learn(fitted, min_count):
    """Rare values share one, which new ones get too; without rare ones new ones are all 0."""
    encoder = OneHotEncoder(
        min_frequency=min_count if min_count > 1 else None,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    )
    encoder.fit(np.array(DECKS)[:, None])
    found = fitted(DECKS, "category", min_count=min_count)
    for values in (DECKS, NEW):
        expected = encoder.transform(np.array(values)[:, None])
        assert found.apply(values).tolist() == expected.tolist()


def test_a_missing_value_is_a_class_as_in_scikit_learn(fitted):
    """The last one."""
    values = ["b", None, "a", "b"]
    expected = OneHotEncoder(sparse_output=False).fit_transform(
        np.array(values, dtype=object)[:, None]
    )
    found = fitted(values, "category", missing="own")
    assert found.apply().tolist() == expected.tolist()
    assert found.column.entries == ("x=a", "x=b", "x (missing)")
    assert found.column.notes() == ["1 missing value of the training rows is a class of its own"]


def test_numbers_are_classes_by_their_size(fitted):
    """Named without a point where they are whole; of any file, whatever its texts."""
    found = fitted([3, 1, 10, 2.5, 1], "category")
    assert found.column.entries == ("x=1", "x=2.5", "x=3", "x=10")
    assert found.apply([10, 1, 4]).tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_class_numbers_have_one_for_what_is_rare_or_new(fitted):
    """The last one of `ids`."""
    found = fitted(["b", "b", "a", "a", "c", None], "category", missing="own", min_count=2)
    assert found.column.ids == 4
    assert found.numbered(["a", "b", None, "c", "new"]) == [0, 1, 2, 3, 3]
    plain = fitted(["b", "a"], "category")
    assert plain.column.ids == 3
    assert plain.numbered(["new", "b", "a"]) == [2, 1, 0]


def test_a_missing_value_that_no_training_row_lacks_is_new(fitted):
    """It has no entry whose weight was never learned."""
    found = fitted(["a", "b"], "category", missing="own")
    assert found.column.entries == ("x=a", "x=b")
    assert found.apply([None, "b"]).tolist() == [[0, 0], [0, 1]]
    assert found.numbered([None]) == [2]


def test_what_is_new_is_counted(fitted):
    """The most frequent ones one by one."""
    found = fitted(["a", "b"], "category", missing="own")
    assert found.unknown(["a", "z", None, "y", "z"]) == {"missing": 1, "new: 'z'": 2, "new: 'y'": 1}
    many = found.unknown([f"n{number:02}" for number in range(15)])
    assert len(many) == 11
    assert many["5 other new values"] == 5
    rare = fitted(["a", "a", "b"], "category", min_count=2)
    assert rare.unknown(["b", "c"]) == {"rare or new: 'b'": 1, "rare or new: 'c'": 1}
    assert rare.column.notes() == ["1 rare value, in 1 training row, is 'x (other)'"]


def test_the_spread_is_kept_by_class(fitted):
    """With what is missing and what is new."""
    found = fitted(["a", "b", "a", None], "category", missing="own")
    assert found.column.bins == ("a", "b", "missing", "other")
    assert found.column.seen == (2, 1, 1, 0)
    values, raw = found.read(["b", "c", None, "b"])
    assert found.column.binned(values, raw.texts).tolist() == [0, 2, 1, 1]


def test_entries_are_written_as_the_table_has_them(fitted):
    """Nothing for what is missing."""
    found = fitted(["b", None, "a"], "category", missing="own")
    assert found.column.undo(found.apply()) == ["b", "", "a"]
    assert found.column.undo(found.apply(["new"])) == ["(other)"]


def test_a_missing_value_is_an_error_unless_said(fitted):
    """With its row."""
    with pytest.raises(CellError) as error:
        fitted(["a", None], "category").apply()
    assert error.value.row == 1
    assert "what is `missing` (own, for a class of its own)" in error.value.fix
    with pytest.raises(CellError):
        fitted(["a", "b"], "category").apply(["a", None])


def test_a_million_values_are_no_category(fitted):
    """The limit that would help is told."""
    values = [*range(20_000), *range(12_000), *range(500)]
    with pytest.raises(DataError) as error:
        fitted(values, "category")
    assert str(error.value) == (
        "column 'x': 20,000 different values in the training rows; a category has 10,000 at "
        "most.\n  Let rare ones share an entry (min_count: 3 leaves 500), or make it `text` or "
        "`ignore`."
    )
    assert len(fitted(values, "category", min_count=3).column.classes) == 500


def test_options_that_leave_nothing_are_refused(fitted):
    """Before or after the values are seen."""
    with pytest.raises(ConfigError, match=r"x.min_count: Expected 1 or more, got 0."):
        fitted(["a"], "category", min_count=0)
    with pytest.raises(DataError, match="no value stands in 3 training rows"):
        fitted(["a", "b"], "category", min_count=3)
