"""Plain scalars of YAML 1.2."""

import math

import pytest

from dlrun import scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-0", 0),
        ("017", 17),
        ("+12", 12),
        ("0o17", 15),
        ("0xfF", 255),
        ("1e-3", 0.001),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5E+2", -150.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
    ],
)
def test_values(text, value):
    """Of the right type too."""
    received = scalars.resolve(text)
    assert received == value
    assert type(received) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "no", "yes", "on", "off", "y", "n", "None", "True ", "nULL",
        "12:30:45", "2026-11-20", "1_000", "0b11", "1e", "e3", ".", "-", "+", "1.2.3", "0x",
        "0o8", "-0x1", "inf", "nan", "1,5", "1 2", "<<", "=", "٣",
    ],
)  # fmt: skip
def test_texts(text):
    """What YAML 1.1 misreads is text: booleans by name, times, dates, underscores."""
    assert scalars.resolve(text) == text


def test_not_a_number():
    """`.nan` is a float."""
    assert math.isnan(scalars.resolve(".nan"))


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", "9" * 1001, "0x" + "f" * 1000, "1." + "0" * 1000]
)
def test_numbers_that_do_not_fit(text):
    """They are refused, and shown in part."""
    with pytest.raises(ValueError, match=r"is too large for a number|has more than 1000 digits"):
        scalars.resolve(text)
