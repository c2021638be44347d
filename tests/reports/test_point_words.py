"""Points are called by what tells them apart."""

from __future__ import annotations

import pytest

from dlrun.reports.point_words import settings_of, short_names, value_text


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
