"""The values that an axis of a sweep runs through: a list, or a range such as `0..9`."""

from __future__ import annotations

import re
from typing import Any, Final

from dlrun.config.nodes import ConfigNode, Node, steps
from dlrun.config.overrides import Override
from dlrun.wording import describe

RANGE: Final = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})")
MAX_VALUES: Final = 100_000  # how many values an axis, and how many runs a sweep may have


def values_of(spot: ConfigNode) -> list[Node]:
    """Read the values of an axis: a list, or a range `A..B` with both ends.

    Where there are none a problem is noted.
    """
    numbers = spread(spot.node)
    if numbers is not None:
        return numbers or _empty(spot)
    if not isinstance(spot.value, list):
        what = f"Expected the values of an axis, got {describe(spot.node.plain())}."
        spot.wrong(what, "Write a list such as [0.1, 0.01], or a range such as 0..9.")
        return []
    if not spot.value:
        return _empty(spot)
    _check_distinct(spot)
    return list(spot.value)


def spread(node: Node) -> list[Node] | None:
    """Write a range out, None of what is none; empty where it counts downward or is too long."""
    found = RANGE.fullmatch(node.value) if isinstance(node.value, str) else None
    if found is None:
        return None
    low, high = int(found[1]), int(found[2])
    numbers = range(low, high + 1) if high - low < MAX_VALUES else ()
    return [Node(number, node.place) for number in numbers]


def is_key(text: str) -> bool:
    """Say whether a text is a dotted path as a whole, such as `model.layers[0].units`."""
    joined = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps(text))
    return bool(text) and joined.removeprefix(".") == text


def overrides_of(spot: ConfigNode) -> tuple[Override, ...]:
    """Read a mapping of keys of a config to their values; problems are noted."""
    if not isinstance(spot.value, dict):
        what = f"Expected keys of the config with their values, got {describe(spot.value)}."
        spot.wrong(what, "Such as {optimizer.learning_rate: 0.1}.")
        return ()
    return tuple(
        Override(key, spot.value[key], spot.node.key_place(key))
        for key in spot.keys
        if is_key(key) or _no_key(spot, key)
    )


def _no_key(spot: ConfigNode, key: str) -> bool:
    what = f"{describe(key)} is not a key of a config."
    spot.problems.add(spot.node.key_place(key), spot.path, what, "Such as optimizer.learning_rate.")
    return False


def _empty(spot: ConfigNode) -> list[Node]:
    what = f"An axis has 1 to {MAX_VALUES:,} values, {describe(spot.node.plain())} has none."
    if isinstance(spot.value, str):
        what = f"The range {spot.value} is empty or holds more than {MAX_VALUES:,} numbers."
    spot.wrong(what, "Write a list such as [0.1, 0.01], or a range such as 0..9.")
    return []


def _check_distinct(spot: ConfigNode) -> None:
    seen: list[Any] = []
    for item in spot.items():
        value = item.node.plain()
        if any(value == other and type(value) is type(other) for other in seen):
            item.wrong(f"The axis has {describe(value)} twice.", "Remove one of them.")
        seen.append(value)
