"""How the pages write numbers, times and sentences."""

from __future__ import annotations

import math
from typing import Any

_SMALLEST, _LARGEST = 1e-3, 1e5


def number(value: float | None) -> str:
    """Write a number with four places, very small and very large ones with a power of ten.

    Args:
        value: The number, or None where there is none.
    """
    if value is None:
        return "–"  # noqa: RUF001 - a dash in the place of a number
    if not math.isfinite(value):
        return str(float(value))
    if (abs(value) < _SMALLEST and value != 0) or abs(value) >= _LARGEST:
        return f"{value:.2e}"
    return f"{value:.4f}"


def percent(share: float) -> str:
    """Write a share in percent; 100 % only where it is all of them.

    Args:
        share: In [0, 1].
    """
    text = f"{100 * share:.1f}"
    return "99.9 %" if text == "100.0" and share < 1 else f"{text.removesuffix('.0')} %"


def count(amount: int, one: str, several: str | None = None) -> str:
    """Write `1 row`, `1,294 rows`.

    Args:
        amount: How many.
        one: What one of them is called.
        several: What several are called, where that is not made by an `s`.
    """
    return f"{amount:,} {one if amount == 1 else several or one + 's'}"


def shape(axes: tuple[int | None, ...]) -> str:
    """Write the shape of one sample: `8 x 8 x 16`.

    Args:
        axes: Its axes; None for one of any length.
    """
    return " × ".join("?" if axis is None else str(axis) for axis in axes) or "1"  # noqa: RUF001


def duration(seconds: object) -> str:
    """Write a time: `3.4 s`, `2 min 5 s`, `1 h 4 min`.

    Args:
        seconds: How long; anything but a number is unknown.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return "unknown"
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def text_of(value: Any, limit: int = 300) -> str:
    """Write any value of a record, perhaps a stranger's, on one line of bounded length.

    Args:
        value: Whatever JSON can hold.
        limit: The largest number of characters.
    """
    line = " ".join(("–" if value is None else str(value)).split())  # noqa: RUF001
    return line if len(line) <= limit else line[: limit - 1] + "…"
