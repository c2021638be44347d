"""Deep-learning experiments that are written down, not programmed."""

from __future__ import annotations

from importlib import import_module as _import_module

TYPE_CHECKING = False  # to import `typing` takes 2 ms
if TYPE_CHECKING:
    from typing import Any

    from dlrun.api import (
        DlrunError,
        DlrunWarning,
        Explanation,
        Run,
        Sweep,
        open,  # noqa: A004 - it is `dlrun.open`
        runs,
        sweep,
        train,
        validate,
    )

__all__ = [
    "DlrunError",
    "DlrunWarning",
    "Explanation",
    "Run",
    "Sweep",
    "open",
    "runs",
    "sweep",
    "train",
    "validate",
]

__version__ = "0.1.0"

NUMERICS = 2
"""Raised by one whenever a config gives other bits than with the version before.

2: layers look up the words of a text, and no longer how often each stands there. Which configs that
changes is told by `dlrun.execution.identity`; others are what they were.
"""


def __getattr__(name: str) -> Any:
    """Import what Python is given, `dlrun.api`, when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module("dlrun.api"), name)


def __dir__() -> list[str]:
    """Name what there is, whether or not it has been imported."""
    return sorted({*globals(), *__all__})
