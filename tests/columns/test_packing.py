"""All columns of a table stand side by side in one array, and layers find theirs by name."""

import numpy as np
import pytest

from dlrun.arrays import View
from dlrun.column import CellError, ColumnKind, RawColumn
from dlrun.columns.packing import (
    completed,
    entry_names,
    pack,
    parts,
    values_of,
    views,
    ways_to_read,
)
from tests.columns.fakes import Category, Number

AGE = Number("age", offset=30.0, factor=10.0)
SEX = Category("sex", ("female", "male"))
DECK = Category("deck", ("A", "B", "C"))
FARE = Number("fare")
COLUMNS = (AGE, SEX, DECK, FARE)
RAW = (
    RawColumn("deck", "text", ("A", "B", "C", "T")),
    RawColumn("ticket", "text", ("x",)),
    RawColumn("fare", "number"),
    RawColumn("sex", "text", ("female", "male")),
    RawColumn("age", "number"),
)
MATRIX = np.array(
    [
        # deck, ticket, fare, sex, age
        [0, 0, 7.25, 1, 22],
        [3, 0, 71.5, 0, 38],
        [np.nan, 0, 0.1, 1, 30],
    ]
)


def layer(kind, *inputs, name=None, **arguments):
    """A layer as `LayerConfig.as_dict` gives it."""
    return {"type": kind, "name": name or kind.lower(), "inputs": list(inputs),
            "weights": None, "trainable": True, **arguments}  # fmt: skip


PLAIN = [layer("Dense", "input", units=1)]
WIDE_AND_DEEP = [
    layer("Embedding", "deck", output_dim=2),
    layer("Flatten", "embedding"),
    layer("Concatenate", "flatten", "deck", "sex", "input"),
    layer("Dense", "concatenate", units=1),
]


def test_without_names_all_entries_stand_in_the_order_of_the_columns():
    assert views(COLUMNS, PLAIN) == ()
    assert (
        pack(COLUMNS, (), RAW, MATRIX).tolist()
        == np.float32(
            [
                [-0.8, 0, 1, 0, 1, 0, 0, 0, 7.25],
                [0.8, 1, 0, 0, 0, 0, 0, 1, 71.5],
                [0, 0, 1, 0, 0, 0, 0, 1, 0.1],
            ]
        ).tolist()
    )
    assert entry_names(COLUMNS, ()) == (
        "age", "sex=female", "sex=male", "sex (other)",
        "deck=A", "deck=B", "deck=C", "deck (other)", "fare",
    )  # fmt: skip


def test_what_is_named_stands_behind_the_rest_and_may_be_read_both_ways():
    laid = views(COLUMNS, WIDE_AND_DEEP)
    assert laid == (
        View("input", 0, 2),
        View("sex", 2, 5),
        View("deck", 5, 9),
        View("deck", 9, 10, ids=True),
    )
    packed = pack(COLUMNS, laid, RAW, MATRIX)
    assert packed.dtype == np.float32
    assert packed[:, 0:2].tolist() == np.float32([[-0.8, 7.25], [0.8, 71.5], [0, 0.1]]).tolist()
    assert packed[:, 2:5].tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0]]
    assert packed[:, 5:9].tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert packed[:, 9].tolist() == [0, 3, 3]
    assert entry_names(COLUMNS, laid)[-2:] == ("deck (other)", "deck")


def test_rows_are_packed_one_by_one():
    laid = views(COLUMNS, WIDE_AND_DEEP)
    whole = pack(COLUMNS, laid, RAW, MATRIX)
    pieces = [pack(COLUMNS, laid, RAW, MATRIX[row : row + 1]) for row in range(3)]
    assert whole.tobytes() == np.concatenate(pieces).tobytes()


def test_where_all_columns_are_named_nothing_is_left_for_input():
    laid = views((SEX, AGE), [layer("Embedding", "sex"), layer("Dense", "age", units=1)])
    assert laid == (View("sex", 0, 1, ids=True), View("age", 1, 2))


def test_an_embedding_gets_a_number_as_it_is():
    assert views((AGE, FARE), [layer("Embedding", "fare")]) == (
        View("input", 0, 1),
        View("fare", 1, 2),
    )


def test_a_wrapped_embedding_looks_ids_up_too():
    wrapped = layer("TimeDistributed", "sex", layer={"type": "Embedding", "output_dim": 2})
    assert views((AGE, SEX), [wrapped])[-1] == View("sex", 1, 2, ids=True)


def test_a_column_called_input_is_a_plain_one():
    odd = Number("input")
    assert views((odd, AGE), PLAIN) == ()
    laid = views((odd, AGE), [layer("Dense", "age", units=1)])
    assert [(part.column.name, part.begin) for part in parts((odd, AGE), laid)] == [
        ("input", 0),
        ("age", 1),
    ]


def test_how_many_ids_there_are_comes_from_the_data():
    full = completed(WIDE_AND_DEEP, COLUMNS)
    assert full[0]["input_dim"] == 4
    assert full[1:] == WIDE_AND_DEEP[1:]
    given = [layer("Embedding", "deck", input_dim=9), layer("Embedding", "input", name="other")]
    assert completed(given, COLUMNS) == given
    assert completed([layer("CategoryEncoding", "sex", num_tokens=None)], COLUMNS) == [
        layer("CategoryEncoding", "sex", num_tokens=3)
    ]


def test_no_two_entries_have_one_name():
    columns = (Number("deck=A"), DECK)
    assert entry_names(columns, ())[:2] == ("deck=A", "deck=A (2)")


def test_values_are_written_as_in_the_table():
    laid = views(COLUMNS, WIDE_AND_DEEP)
    packed = pack(COLUMNS, laid, RAW, MATRIX)
    assert dict(values_of(COLUMNS, laid, packed)) == {
        "age": ["22", "38", "30"],
        "fare": ["7.25", "71.5", "0.1"],
        "sex": ["male", "female", "male"],
        "deck": ["A", "other", "other"],
    }


def test_a_cell_that_cannot_be_taken_is_told_with_its_row_and_column():
    broken = MATRIX.copy()
    broken[1, 4] = np.nan
    with pytest.raises(CellError) as caught:
        pack(COLUMNS, (), RAW, broken)
    assert (caught.value.row, caught.value.column) == (1, "age")
    broken[1, 4] = 1e300
    with pytest.raises(CellError, match="beyond what float32 holds") as caught:
        pack((FARE, Number("age")), (), RAW, broken)
    assert (caught.value.row, caught.value.column) == (1, "age")


def test_class_numbers_are_written_as_in_the_table_too():
    laid = views((DECK,), [layer("Embedding", "deck")])
    packed = pack((DECK,), laid, RAW, MATRIX)
    assert dict(values_of((DECK,), laid, packed)) == {"deck": ["A", "other", "other"]}


@pytest.fixture
def review(fitted):
    """A text of which layers look words up, and its rows."""
    return fitted(["a good film", "a bad film", "film"], "text", ways={"ids"}, length=3)


def test_the_words_of_a_text_stand_side_by_side(review):
    laid = views((AGE, review.column), [layer("Embedding", "x"), layer("Dense", "input")])
    assert laid == (View("input", 0, 1), View("x", 1, 4, ids=True))
    assert laid[1].sample == (3,)
    assert entry_names((AGE, review.column), laid) == ("age", "x[0]", "x[1]", "x[2]")
    assert completed([layer("Embedding", "x")], (review.column,))[0]["input_dim"] == 6


def test_input_is_the_words_where_a_table_is_one_text(review):
    columns, embedding = (review.column,), [layer("Embedding", "input")]
    laid = views(columns, embedding)
    assert laid == (View("input", 0, 3, ids=True),)
    assert completed(embedding, columns)[0]["input_dim"] == 6
    packed = pack(columns, laid, [review.raw], review.values[:, None])
    assert packed.tolist() == [[3, 4, 2], [3, 5, 2], [2, 0, 0]]
    assert dict(values_of(columns, laid, packed)) == {"x": ["a good film", "a bad film", "film"]}


@pytest.mark.parametrize(
    ("kinds", "layers", "ways"),
    [
        ("x: text", [layer("Embedding", "input")], {"x": {"ids"}}),
        ("x: text, n: key", [layer("Embedding", "input")], {"x": {"ids"}, "n": {"entries"}}),
        ("x: text", [layer("Dense", "input")], {"x": {"entries"}}),
        (
            "x: text",
            [layer("Embedding", "input"), layer("Dense", "input")],
            {"x": {"entries"}},
        ),
        (
            "x: text, n: number",
            [layer("Embedding", "input")],
            {"x": {"entries"}, "n": {"entries"}},
        ),
        ("x: category", [layer("Embedding", "input")], {"x": {"entries"}}),
        (
            "x: text, n: number",
            [layer("Embedding", "x"), layer("Dense", "x")],
            {"x": {"ids", "entries"}, "n": {"entries"}},
        ),
    ],
)
def test_how_layers_read_columns_is_known_before_these_are_fitted(kinds, layers, ways):
    told = [ColumnKind(*pair.split(": ")) for pair in kinds.split(", ")]
    assert ways_to_read(told, layers) == ways
