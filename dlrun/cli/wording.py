"""How numbers and times are written for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMALLEST, _LARGEST = 1e-3, 1e5
_TENTHS_BELOW = 9.95
_UNITS = (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))


def format_logs(logs: Mapping[str, float]) -> list[str]:
    """Write the logs of an epoch.

    Args:
        logs: Values by name.

    Returns:
        Such as `["loss 0.1234", "accuracy 0.9800"]`.
    """
    return [f"{name} {format_number(value)}" for name, value in logs.items()]


def format_number(value: float | None) -> str:
    """Write a metric with four places, very small and very large ones with a power of ten.

    Args:
        value: The number, or None where there is none.

    Returns:
        Such as `0.9790`, `1.25e-05`, `nan`, `-`.
    """
    if value is None:
        return "-"
    if (abs(value) < _SMALLEST and value != 0) or abs(value) >= _LARGEST:
        return f"{value:.2e}"
    return f"{value:.4f}"


def format_duration(seconds: float) -> str:
    """Write a length of time with two units at most.

    Args:
        seconds: The time.

    Returns:
        Such as `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 2 h`.
    """
    if seconds < _TENTHS_BELOW:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    for large, size, small, unit in _UNITS:
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{count} {large} {rest // unit} {small}"
    return f"{whole} s"


def format_age(seconds: float) -> str:
    """Write how long ago something was, with one unit.

    Args:
        seconds: The time since then.

    Returns:
        Such as `12 s`, `3 min`, `2 h`, `4 d`.
    """
    whole = max(round(seconds), 0)
    for name, size, _, _ in _UNITS:
        if whole >= size:
            return f"{whole // size} {name}"
    return f"{whole} s"
