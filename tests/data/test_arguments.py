"""Checking a dataset's own arguments."""

from __future__ import annotations

import pytest

from dlrun.data.generators import check_number, check_share, check_whole
from dlrun.errors import ConfigError


@pytest.mark.parametrize(
    ("check", "value", "bounds", "message"),
    [
        (check_whole, 0, {"minimum": 1}, "0 was given, a whole number of at least 1 was expected."),
        (check_whole, 2.0, {"minimum": 1}, ("2.0 was given, a whole number of at least 1 was "
         "expected.")),
        (check_whole, True, {"minimum": 0}, ("True was given, a whole number of at least 0 was "
         "expected.")),
        (check_whole, 17, {"minimum": 1, "maximum": 16}, ("17 was given, a whole number from 1 to "
         "16 was expected.")),
        (check_number, "1", {}, "'1' was given, a number was expected."),
        (check_number, float("nan"), {}, "nan was given, a number was expected."),
        (check_number, float("-inf"), {}, "-inf was given, a number was expected."),
        (check_number, -0.1, {"minimum": 0}, ("-0.1 was given, a number of at least 0 was "
         "expected.")),
        (check_share, 1, {}, "1 was given, a number from 0 to 1, and not 1 was expected."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_an_error_at_its_key(check, value, bounds, message):
    """The config's `dataset.<name>`, what was received, what was expected."""
    with pytest.raises(ConfigError) as error:
        check("noise", value, **bounds)
    assert str(error.value) == f"dataset.noise: {message}"
    assert error.value.problems[0].path == "dataset.noise"


def test_right_values_pass():
    """The ends of each range are inside."""
    check_whole("n", 1, minimum=1, maximum=1)
    check_number("n", 0, minimum=0)
    check_number("n", -1.5)
    check_share("n", 0)
    check_share("n", 0.99)
