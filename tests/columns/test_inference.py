"""The kind of a column is told by its values, with the reason; the config has the last word."""

import pytest

from dlrun.catalog import words
from dlrun.column import ColumnFacts, ColumnKind
from dlrun.columns.inference import (
    describe_kind,
    describe_kinds,
    holds_of,
    infer,
    kinds_of,
    names_an_id,
    reads,
)
from dlrun.errors import ConfigError
from tests.columns.facts import facts_of

MANY = range(100)
VALUES = {
    "numbers": (["1.5", "2", "-3e2"], "number, all 3 values are numbers"),
    "gaps": (
        ["1.5", "2", "", "3"],
        "number (missing: flag), 3 of 4 values are numbers; 1 is missing",
    ),
    "booleans": (["Yes", "no", "YES"], "number, all 3 values are yes or no: 1 and 0"),
    "booleans with gaps": (
        ["True", "", "False", ""],
        "number (missing: flag), 2 of 4 values are yes or no: 1 and 0; 2 are missing",
    ),
    "slips": (
        [*map(str, MANY), "?", "n/a", "?"],
        (
            "number, 100 of 103 values are numbers; others are '?', 'n/a': perhaps "
            '`missing_values: ["?", n/a]`'
        ),
    ),
    "nothing": (["", ""], "ignore, it has no values"),
    "constant": (["x", "x"], "ignore, all values are 'x', which tells nothing"),
    "constant number": (["7", "7"], "ignore, all values are '7', which tells nothing"),
    "there or not": (
        ["x", "", "x"],
        "category (missing: own), 1 different value; 1 is missing",
    ),
    "id": (["7", "9", "12"], "ignore, an id: its name says so, and no value comes twice"),
    "class_id": (
        ["1", "2"] * 10,
        "category, its name says that its 2 numbers are ids",
    ),
    "customer id": (
        [*map(str, range(60)), "1"],
        (
            "ignore, its name says that it is an id, of which some come twice: perhaps `split_by: "
            "{group: customer id}`"
        ),
    ),
    "rows": ([*map(str, MANY)], "ignore, it counts the rows, from 0 up by one"),
    "years": ([str(1900 + year) for year in MANY], "number, all 100 values are numbers"),
    "codes": ([f"B{number}" for number in MANY], "ignore, an id: no value comes twice"),
    "few rows": (["a", "b", "c"], "category, 3 different values"),
    "zip": (
        [f"Z{number % 60}" for number in range(600)],
        "category (min_count: 5), 60 different values in 600 rows",
    ),
    "postcode": (
        ["01234", "20095", "00501"] * 10,
        "category, numbers with zeros before them are codes; 3 different values",
    ),
    "comments": (
        [f"it was number {number}" for number in MANY],
        "text (min_count: 5), all values differ, with 4.0 words on average",
    ),
    "models": (
        [f"ford {number % 80}" for number in MANY],
        "text (min_count: 5), 80 different values in 100 rows, with 2.0 words on average",
    ),
    "large": (
        ["20240131", "20240201", "20240201"],
        (
            "number, all 3 values are numbers, whole, up to 20,240,201: float32 keeps 7 digits of "
            "them"
        ),
    ),
    "days": (["2024-01-31", "2024-02-01"], "date, all 2 values are times"),
    "tickets": (
        [*map(str, MANY), *[f"A/{number}" for number in range(60)]],
        "ignore, an id: no value comes twice",
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_kinds_are_told_by_values(name):
    """With the reason, as it is shown."""
    values, line = VALUES[name]
    assert describe_kind(infer(facts_of(name, values))) == f"{name}: {line}"


def test_a_format_is_told():
    """Where it is not ISO's."""
    facts = facts_of("day", ["31.01.2024", "01.02.2024"], "%d.%m.%Y")
    assert describe_kind(infer(facts)) == (
        "day: date (format: %d.%m.%Y), all 2 values are times, written as %d.%m.%Y"
    )


def test_a_table_of_numbers_keeps_all_its_columns():
    """Pixels that are always black too; but none that is named as an id."""
    columns = {
        "black": ["0"] * 100,
        "row": [*map(str, MANY)],
        "grey": [str(number % 7) for number in MANY],
        "id": [str(3 * number) for number in MANY],
    }
    facts = {name: facts_of(name, values) for name, values in columns.items()}
    kinds = kinds_of(facts, None)
    assert [kind.kind for kind in kinds] == ["number", "number", "number", "ignore"]
    assert kinds[0].reason == "all 100 values are numbers, all the same"
    assert kinds[1].reason.endswith("it counts the rows: `row: ignore` leaves it out")
    facts["word"] = facts_of("word", ["a", "b"] * 50)
    assert [kind.kind for kind in kinds_of(facts, None)][:2] == ["ignore", "ignore"]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("id", True), ("ID", True), ("user_id", True), ("PassengerId", True), ("index", True),
        ("Unnamed: 0", True), ("", True), ("rownames", True), ("uuid", True), ("row id", True),
        ("paid", False), ("humid", False), ("indexed", False), ("idle", False), ("width", False),
    ],
)  # fmt: skip
def test_names_of_ids(name, is_one):
    """Whole words only."""
    assert names_an_id(name) == is_one


def test_the_config_has_the_last_word():
    """Of the columns that it lists, in the order of the table."""
    facts = {name: facts_of(name, ["1", "2", "3"]) for name in ("a", "b", "c")}
    written = {"c": "category", "a": {"type": "number", "missing": "median", "clip": None}}
    a, b, c = kinds_of(facts, written)
    assert a == ColumnKind(
        "a", "number", {"missing": "median", "clip": None}, "the config says so", told=True
    )
    assert (b.kind, b.told) == ("number", False)
    assert (c.kind, c.told, dict(c.options)) == ("category", True, {})
    assert describe_kind(a) == "a: number (missing: median), the config says so"


def test_columns_that_are_not_there_are_told():
    """All at once, with the column that was meant; the target is none."""
    facts = {name: facts_of(name, ["1", "2"]) for name in ("age", "fare")}
    with pytest.raises(ConfigError) as error:
        kinds_of(facts, {"agee": "number", "zzz": "ignore", "y": "number"}, others=["y"])
    assert str(error.value).splitlines() == [
        "dataset.columns.agee: There is no column 'agee'. Did you mean 'age'?",
        "dataset.columns.zzz: There is no column 'zzz'. The table has 'age', 'fare'.",
        (
            "dataset.columns.y: 'y' is the target, or a weight, and no column of the network. "
            "Leave it out of 'columns'."
        ),
    ]


def test_a_format_that_is_unclear_is_asked_for():
    """Unless the config says it, or the column is not read as times."""
    facts = {"t": facts_of("t", ["03/04/2024", "05/06/2024"], "%d/%m/%Y|%m/%d/%Y")}
    with pytest.raises(ConfigError) as error:
        kinds_of(facts, None)
    assert str(error.value) == (
        "dataset.columns.t: Its times, such as '03/04/2024', may be '%d/%m/%Y' or '%m/%d/%Y'. "
        "Say which: {type: date, format: '%d/%m/%Y'}."
    )
    assert kinds_of(facts, {"t": {"type": "date", "format": "%m/%d/%Y"}})
    assert kinds_of(facts, {"t": "category"})


@pytest.mark.parametrize(
    ("form", "why"),
    [("%Q", "there is no '%Q'."), ("%Y-%", "there is no '%'."), ("d/m/Y", "it has no '%'.")],
)
def test_a_format_that_says_nothing_is_refused(form, why):
    """Before a cell is read by it."""
    facts = {"t": facts_of("t", ["2024-04-03"])}
    with pytest.raises(ConfigError) as error:
        kinds_of(facts, {"t": {"type": "date", "format": form}})
    assert str(error.value) == (
        f"dataset.columns.t.format: '{form}' is no format of times: {why} Write such as "
        "'%d/%m/%Y %H:%M'."
    )


def test_values_are_read_as_the_kind_needs_them():
    """A category has numbers only where nothing is lost by it."""
    cases = {
        "number": (["1", "2"], "number"),
        "category": (["1", "2.0"], "number"),
        "date": (["2024-01-01"], "time"),
        "text": (["1"], "text"),
        "image": (["1.png"], "image"),
        "key": (["00123", "1"], "text"),
        "ignore": (["x"], None),
    }
    assert set(cases) == set(words("columns"))
    for word, (values, expected) in cases.items():
        assert holds_of(ColumnKind("x", word), facts_of("x", values)) == expected
    for values in (["01234", "12"], ["a", "1"], [str(2**53 + 2)]):
        assert holds_of(ColumnKind("x", "category"), facts_of("x", values)) == "text"


@pytest.mark.parametrize("word", words("columns"))
def test_every_kind_says_what_it_reads(word):
    """In its file, which is read as text."""
    assert set(reads(word)) <= {"number", "text", "time", "image"}


def test_names_of_images_are_told_for_what_they_are():
    """They stay what they were: who wants images says so."""
    kind = infer(facts_of("x", [f"{n}.PNG" for n in range(30)]))
    assert (kind.kind, kind.reason) == (
        "ignore",
        "an id: no value comes twice; it names images: perhaps `{type: image}`",
    )


def test_long_tables_are_told_in_few_lines():
    """What is alike stands together."""
    kinds = [ColumnKind(f"x{number}", "number", {}, "all 9 values are numbers") for number in MANY]
    assert describe_kinds(kinds[:2]) == [
        "x0: number, all 9 values are numbers", "x1: number, all 9 values are numbers",
    ]  # fmt: skip
    assert describe_kinds(kinds) == [
        "x0, x1, x2, x3, x4 and 95 more: number, all 9 values are numbers"
    ]


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("0,{}", 'decimal: ","'),
        ("1,{}", 'thousands: ","'),
        ("1.{},5", 'decimal: "," and thousands: "."'),
        ("1 {}", 'thousands: " "'),
        ("${}", "a unit: write 100"),
        ("{} kg", "a unit: write 100"),
    ],
)
def test_numbers_written_otherwise_are_told(form, keys):
    """What would become a category of many values says how it is read as numbers."""
    cells = [form.format(100 + one % 60) for one in range(99)]
    kind = infer(facts_of("price", cells))
    assert kind.kind != "number"
    assert kind.reason.endswith(f"; {cells[0]!r} is a number with {keys}")


def test_values_of_which_none_is_frequent_are_no_category():
    """Its entries would all share one."""
    cells = [f"k{one % 30_000}" for one in range(60_000)]
    kind = infer(facts_of("code", cells))
    assert (kind.kind, kind.reason) == (
        "ignore",
        "30,000 different values in 60,000 rows, none of which stands in many",
    )
    kind = infer(facts_of("code", cells + ["k"] * 200))
    assert (kind.kind, kind.options["min_count"]) == ("category", 61)


def test_no_rows_are_no_reason_to_fail():
    """Of a table that is empty."""
    empty = ColumnFacts("x", 0, 0, 0, 0, 0, 0, 0)
    assert infer(empty).reason == "it has no rows"
