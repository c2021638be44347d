"""How the points of a sweep and the axes they lie on are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.config.conditions import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEVELS = 20
"""No config nests deeper; what a stranger wrote may."""


def choice_in_words(split: str) -> str | None:
    """Say what the choice of the best run does to its metrics.

    Args:
        split: By which rows it was chosen.

    Returns:
        One line; None for the validation rows, which are there for that.
    """
    if split == "test":
        return (
            "the best is chosen on the test rows, so its test metrics flatter it; "
            "dataset.validation_split keeps rows for choosing"
        )
    if split == "train":
        return (
            "the best is chosen on the training rows, which say nothing of new ones; "
            "dataset.validation_split keeps rows for choosing"
        )
    return None


def settings_of(values: Mapping[str, Any]) -> str:
    """Write what tells a run apart from the others.

    Args:
        values: Values by key.

    Returns:
        Such as `learning_rate=0.01 seed=3`: keys without what needs not be said.
    """
    names = short_names(tuple(values))
    return " ".join(f"{names[key]}={value_text(value)}" for key, value in values.items())


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Shorten dotted keys to their last parts, where no two become the same.

    Args:
        keys: Such as `optimizer.learning_rate`.
    """
    lasts = [key.rpartition(".")[2] for key in keys]
    return {
        key: last if lasts.count(last) == 1 else key for key, last in zip(keys, lasts, strict=True)
    }


def value_text(value: Any, levels: int = _LEVELS) -> str:
    """Write a value of an axis.

    Args:
        value: Whatever a config can say.
        levels: How deep lists and mappings are written out.
    """
    if isinstance(value, dict | list) and not levels:
        return "…"
    if isinstance(value, dict):
        parts = [f"{key}: {value_text(item, levels - 1)}" for key, item in value.items()]
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list):
        return f"[{', '.join(value_text(item, levels - 1) for item in value)}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return as_text(value)
