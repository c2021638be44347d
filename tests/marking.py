"""Says which parameters of a dear test are tried at once, and which with the slow tests."""

from __future__ import annotations

import pytest


def first(count, values):
    """Give all values, those after the first few marked as slow."""
    return [
        pytest.param(*(value if isinstance(value, tuple) else [value]), marks=marks)
        for number, value in enumerate(values)
        for marks in [[pytest.mark.slow] * (number >= count)]
    ]
