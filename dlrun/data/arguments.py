"""Checks the values of a dataset's own arguments."""

from __future__ import annotations

import math
from typing import Any

from dlrun.errors import ConfigError, Problem


def check_whole(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> None:
    """Raise a `ConfigError` at `dataset.<name>` unless `value` is a whole number in range."""
    if maximum is None:
        expected = f"a whole number of at least {minimum}"
    else:
        expected = f"a whole number from {minimum} to {maximum}"
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= minimum
    if not fits or (maximum is not None and value > maximum):
        raise argument_error(name, value, expected)


def check_number(name: str, value: Any, *, minimum: float | None = None) -> None:
    """Raise a `ConfigError` at `dataset.<name>` unless `value` is a finite number in range."""
    expected = "a number" if minimum is None else f"a number of at least {minimum:g}"
    if not _is_number(value) or (minimum is not None and value < minimum):
        raise argument_error(name, value, expected)


def check_share(name: str, value: Any) -> None:
    """Raise a `ConfigError` at `dataset.<name>` unless `0 <= value < 1`."""
    if not _is_number(value) or not 0 <= value < 1:
        raise argument_error(name, value, "a number from 0 to 1, and not 1")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def argument_error(name: str, value: Any, expected: str) -> ConfigError:
    """The error for a value that an argument of a dataset cannot have."""
    return ConfigError(Problem(f"dataset.{name}", f"{value!r} was given, {expected} was expected."))
