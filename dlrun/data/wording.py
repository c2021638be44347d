"""How messages count and list things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.errors import cut, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COLUMNS = 20
MAX_CLASSES = 10


def count(number: int, one: str, several: str | None = None) -> str:
    """`1 row`, `2 rows`; `several` where the plural is not made by an `s`."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def list_columns(names: Sequence[str]) -> str:
    """Names of columns in quotes; the first twenty of them, and how many more there are."""
    shown = ", ".join(map(quote, names[:MAX_COLUMNS]))
    return shown if len(names) <= MAX_COLUMNS else f"{shown} and {len(names) - MAX_COLUMNS} more"


def list_names(names: Sequence[str]) -> str:
    """The same without quotes, as a note for the eye."""
    shown = ", ".join(map(cut, names[:MAX_COLUMNS]))
    return shown if len(names) <= MAX_COLUMNS else f"{shown} and {len(names) - MAX_COLUMNS} more"


def list_classes(names: Sequence[str]) -> str:
    """The names of classes, without quotes; the first ten of them."""
    shown = ", ".join(map(cut, names[:MAX_CLASSES]))
    return shown if len(names) <= MAX_CLASSES else f"{shown}, ..."
