"""Numbers, times and values as people read them."""

import pytest

from dlrun.wording import (
    count,
    format_age,
    format_duration,
    format_logs,
    format_number,
    meant_file,
    settings_of,
    short_names,
    tally,
    value_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.979, "0.9790"),
        (0, "0.0000"),
        (-1.5, "-1.5000"),
        (0.001, "0.0010"),
        (0.00099, "9.90e-04"),
        (-1e-6, "-1.00e-06"),
        (99999.0, "99999.0000"),
        (1e5, "1.00e+05"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (None, "-"),
    ],
)
def test_numbers(value, text):
    """Four places, and a power of ten where they would hide the number."""
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations(seconds, text):
    """Two units at most."""
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (12.4, "12 s"), (60, "1 min"), (7199, "1 h"), (86400 * 400, "400 d")],
)
def test_ages(seconds, text):
    """One unit; a clock that was set back is no reason to fail."""
    assert format_age(seconds) == text


def test_logs():
    """Name and value."""
    assert format_logs({"loss": 0.5, "lr": 1e-4}) == ["loss 0.5000", "lr 1.00e-04"]


def test_keys_are_as_short_as_can_be():
    """The last part, where no other key ends in the same."""
    keys = ("optimizer.learning_rate", "model.layers[0].units", "model.layers[1].units")
    assert list(short_names(keys).values()) == [
        "learning_rate", "model.layers[0].units", "model.layers[1].units",
    ]  # fmt: skip
    assert settings_of({"optimizer.learning_rate": 0.01, "seed": 3}) == "learning_rate=0.01 seed=3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1e-30, "1e-30"),
        (True, "true"),
        (None, "null"),
        ([3, [1, "a"]], "[3, [1, a]]"),
        ({"type": "L2", "l2": 0.5}, "{type: L2, l2: 0.5}"),
    ],
)
def test_values_are_written_as_in_a_config(value, text):
    """Without digits that say nothing."""
    assert value_text(value) == text


def test_what_nests_without_end_is_cut():
    """A stranger's record is only shown."""
    value = []
    for _ in range(900):
        value = [value]
    assert value_text(value) == "[" * 20 + "…" + "]" * 20


def test_counts():
    """One, several, and so many that commas help."""
    assert [count(1, "row"), count(1294, "row"), count(2, "class", "classes")] == [
        "1 row", "1294 rows", "2 classes",
    ]  # fmt: skip
    assert [tally(1, "row"), tally(1294, "row")] == ["1 row", "1,294 rows"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("flower.yaml", "flowers.yaml"),
        ("flowers.tsv", "flowers.csv"),
        ("flowers.csv.gz", "flowers.csv"),
        ("nowhere.yaml", None),
        ("none/flowers.yaml", None),
    ],
)
def test_the_file_that_was_meant(tmp_path, given, meant):
    """By its name without the ending; of two, the one with the same ending."""
    for name in ("flowers.yaml", "flowers.csv", "other.yaml"):
        (tmp_path / name).touch()
    told = meant_file(tmp_path / given)
    assert told == (None if meant is None else f"Did you mean '{meant}'?")
