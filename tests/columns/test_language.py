"""`dataset.columns` in a config: checked with places, shown with reasons, trained with."""

from __future__ import annotations

import json

import pytest

from dlrun.config import load_config
from dlrun.errors import ConfigError

CONFIG = """\
dataset:
  type: table
  path: rows.csv
  target: y
  columns: COLUMNS
  scale: standard
model: {layers: [{type: Dense, units: 1}]}
loss: mse
optimizer: adam
training: {epochs: 1}
"""
HEADER = "age,sex,id,born,city é,y"
CITIES = ["Bern", "Köln", "Bern", "", "Rom", "Bern"]
ROWS = [
    f"{'' if row == 3 else 20 + row},{'male' if row % 3 else 'female'},{row + 7},"
    f"2001-0{row % 9 + 1}-05,{CITIES[row % 6]},{row * 1.5}"
    for row in range(30)
]


@pytest.fixture
def write(tmp_path):
    """Write a table, and a config that says something of its columns."""

    def written(columns="null"):
        (tmp_path / "rows.csv").write_text("\n".join([HEADER, *ROWS, ""]), "utf-8")
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.replace("COLUMNS", columns), "utf-8")
        return path

    return written


def test_every_mistake_is_told_with_its_place(write):
    """Words, arguments and their values, of every column at once."""
    path = write("""
    a: {type: numbr, missing: median}
    b: {type: number, mising: median, clip: 3}
    c: [1]
    d: {type: category, min_count: two}
    e: {missing: own}
    f.g: category
    h: null
    i: {type: text, weight: tf}
    j: number""")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    has = "The table has 'age', 'sex', 'id', 'born', 'city \u00e9', 'y'."
    assert str(error.value).replace(f"{path}:", "").splitlines() == [
        f"6:5: dataset.columns.f.g: There is no column 'f.g'. {has}",
        "6:15: dataset.columns.a.type: There is no kind of column 'numbr'. Did you mean 'number'?",
        "7:23: dataset.columns.b.mising: number has no argument 'mising'. Did you mean 'missing'?",
        "7:45: dataset.columns.b.clip: Expected a list or null, got 3.",
        ("8:8: dataset.columns.c: Expected a kind of column, got a list. Write a word, or a "
         "mapping with 'type'."),
        "9:36: dataset.columns.d.min_count: Expected an integer, got 'two'.",
        "10:8: dataset.columns.e.type: Missing: which kind of column this is. Add 'type'.",
        ("12:8: dataset.columns.h: Expected a kind of column, got null. Write a word, or a mapping "
        "with 'type'."),
        "13:29: dataset.columns.i.weight: Expected 'count', 'binary' or 'tfidf', got 'tf'.",
        f"14:8: dataset.columns.j: There is no column 'j'. {has}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "dataset.columns=[a]",
            (
                "Expected a kind of column for each name, got a list. Write each with its name: "
                "{NAME: category}."
            ),
        ),
        (
            "dataset.columns.age.missing=medan",
            (
                "Expected 'error', 'median', 'mean', 'flag' or a number, got 'medan'. Did you mean "
                "'median'?"
            ),
        ),
        ("dataset.columns.sex=categry", "Did you mean 'category'?"),
    ],
)
def test_overrides_are_checked_too(write, override, message):
    """With the flag for a place."""
    with pytest.raises(ConfigError) as error:
        load_config(write("{age: number}"), [override])
    assert str(error.value).startswith(f"--set {override.partition('=')[0]}: ")
    assert message in str(error.value)


def test_defaults_are_filled_in(write):
    """The resolved config says all of a column; it reads again as the same."""
    path = write("{age: {type: number, missing: -1}, sex: category}")
    experiment = load_config(path)
    assert experiment.dataset.arguments["columns"] == {
        "age": {"type": "number", "missing": -1, "scale": None, "clip": None},
        "sex": {"type": "category", "missing": "error", "min_count": 1},
    }
    again = path.with_name("again.yaml")
    again.write_text(experiment.to_yaml(), "utf-8")
    assert load_config(again).dataset == experiment.dataset


def test_the_summary_lists_every_column_with_its_reason(write, dlrun):
    """As lines, and as data."""
    path = write("{city é: {type: category, missing: own, min_count: 4}}")
    shown = dlrun("validate", "--summary", path).out
    assert shown.split("\n\n")[1].splitlines() == [
        "age: number (missing: flag), 29 of 30 values are numbers; 1 is missing",
        "sex: category, 2 different values",
        "id: ignore, an id: its name says so, and no value comes twice",
        "born: date, all 30 values are times",
        "city é: category (missing: own, min_count: 4), the config says so",
    ]
    (told,) = json.loads(dlrun("validate", "--summary", "--json", path).out)
    assert told["summary"]["columns"][0] == {
        "name": "age",
        "kind": "number",
        "options": {"missing": "flag"},
        "reason": "29 of 30 values are numbers; 1 is missing",
        "told": False,
    }


def test_a_training_says_what_each_column_is(write, dlrun, tmp_path):
    """In its log; `spec.json` holds what was fitted, and the entries have names."""
    path = write("{city é: {type: category, missing: own, min_count: 6}, born: {type: date}}")
    run = dlrun("train", path, "--no-report", "--quiet").out.strip()
    log = (tmp_path / run / "log.txt").read_text("utf-8")
    for line in (
        (
            "column 'age': number, 29 of 30 values are numbers; 1 is missing; 1 missing value of "
            "the training rows becomes the median, "
        ),
        "column 'id': left out, an id: its name says so, and no value comes twice",
        (
            "column 'city é': category, the config says so; 5 missing values of the training rows "
            "are a class of their own; 2 rare values, in 10 training rows, are 'city é (other)'"
        ),
    ):
        assert line in log
    spec = json.loads((tmp_path / run / "spec.json").read_text("utf-8"))
    assert spec["feature_names"] == [
        "age", "age (missing)", "sex=female", "sex=male", "born (month, sine)",
        "born (month, cosine)", "city é=Bern", "city é (missing)", "city é (other)",
    ]  # fmt: skip
    assert [column["kind"] for column in spec["columns"]] == [
        "number", "category", "date", "category",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "place", "message"),
    [
        ("{agee: number}", "config.yaml:5:19", "There is no column 'agee'. Did you mean 'age'?"),
        ("{y: number}", "config.yaml:5:16", "'y' is the target, or a weight, and no column of "),
        (
            "{age: {type: number, missing: mean, clip: [3, 1]}}",
            "config.yaml:5:54",
            "dataset.columns.age.clip: Expected two numbers, the smaller one first, got [3, 1].",
        ),
        (
            "{age: number}",
            None,
            "1 cell of the features is empty ('age' 1):\n  ",
        ),
        ("{age: number}", None, "rows.csv:5: 'age'\n  Fill the cell, say in dataset.columns.age "),
    ],
)
def test_what_the_rows_tell_is_told_with_its_place(write, dlrun, columns, place, message):
    """Of the config, or of the file."""
    done = dlrun("validate", write(columns), code=3 if place is None else 2)
    assert message in done.err
    assert place is None or place in done.err
