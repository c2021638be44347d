"""What a sweep leaves out: points with certain values, and points that fulfil a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.absent import ABSENT
from dlrun.config.condition_text import parse_condition
from dlrun.config.conditions import Condition
from dlrun.config.spots import ConfigNode
from dlrun.config.sweeps.axes import overrides_of
from dlrun.config.sweeps.sweep import Point
from dlrun.errors import UsageError
from dlrun.wording import describe, did_you_mean, listed


@dataclass(frozen=True)
class Exclusions:
    """What is left out: points with all of some values, points for which a condition holds."""

    items: tuple[Mapping[str, Any] | Condition, ...]

    def hold(self, point: Point) -> bool:
        """Say whether a point is left out."""
        return any(_holds(item, point.values) for item in self.items)

    def check_use(self, spot: ConfigNode, points: Sequence[Point]) -> None:
        """Note what leaves none of all points out."""
        if not spot.problems:
            for item, written in zip(self.items, spot.items(), strict=True):
                if not any(_holds(item, point.values) for point in points):
                    written.wrong("This excludes no point.", "Correct it, or remove it.")


def _holds(item: Mapping[str, Any] | Condition, values: Mapping[str, Any]) -> bool:
    if isinstance(item, Mapping):
        return all(values.get(key, ABSENT) == value for key, value in item.items())
    return item.holds(lambda key: values.get(key, ABSENT))


def exclusions_of(spot: ConfigNode, axes: Sequence[str]) -> Exclusions:
    """Read what a sweep leaves out: a list of mappings of axes to values, and of conditions."""
    found: list[Mapping[str, Any] | Condition] = []
    if not isinstance(spot.value, list):
        what = f"Expected a list, got {describe(spot.node.plain())}."
        spot.wrong(what, "Such as [{optimizer.learning_rate: 0.1}].")
    for item in spot.items() if isinstance(spot.value, list) else ():
        if isinstance(item.value, str):
            try:
                condition = parse_condition(item.value, flag="exclude")
            except UsageError as error:
                item.wrong(f"{error.what[:1].upper()}{error.what[1:]}", error.fix)
                continue
            found.append(condition)
            keys = [one.key for one in condition.comparisons()]
        else:
            values = {one.key: one.value.plain() for one in overrides_of(item)}
            found.append(values)
            keys = list(values)
        for key in keys:
            if key not in axes:
                longer = next((axis for axis in axes if axis.endswith(f".{key}")), None)
                near = f"Did you mean '{longer}'?" if longer else did_you_mean(key, axes)
                fix = near or f"There are {listed(axes)}."
                item.wrong(f"'{key}' is no axis of this sweep.", fix)
    return Exclusions(tuple(found))
