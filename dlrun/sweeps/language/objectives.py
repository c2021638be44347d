"""The objective of a sweep, how it draws, and how it stops bad runs: three small sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dlrun.absent import ABSENT
from dlrun.conditions import Condition, parse_condition
from dlrun.config.nodes import ConfigNode
from dlrun.errors import UsageError
from dlrun.rundir.metrics import is_larger_better
from dlrun.rundir.names import SPLITS
from dlrun.sweeps.language.axes import overrides_of
from dlrun.sweeps.language.sweep import Halving, Objective, Point, Sampler
from dlrun.wording import describe, did_you_mean, listed

DIRECTIONS: Final = ("maximize", "minimize")
SAMPLERS: Final = ("random", "tpe")


def objective_of(spot: ConfigNode) -> Objective | None:
    """Read what a sweep looks for: `validation.accuracy`, or a mapping."""
    if isinstance(spot.value, str):
        split, _, metric = spot.value.partition(".")
        if metric and split in SPLITS:
            return Objective(metric, split, is_larger_better(metric), spot.node)
    elif isinstance(spot.value, dict):
        return _objective_of_mapping(spot)
    what = f"Expected a split and a metric, got {describe(spot.node.plain())}."
    spot.wrong(what, "Such as validation.accuracy.")
    return None


def _objective_of_mapping(spot: ConfigNode) -> Objective | None:
    spot.check_keys(("metric", "split", "direction"))
    metric = spot.child("metric").value if "metric" in spot.keys else None
    if "metric" in spot.keys and not isinstance(metric, str):
        spot.child("metric").wrong(f"Expected a text, got {describe(metric)}.")
        metric = None
    split = _word(spot, "split", SPLITS, "")
    usual = DIRECTIONS[0] if is_larger_better(metric or "") else DIRECTIONS[1]
    direction = _word(spot, "direction", DIRECTIONS, usual)
    if "metric" not in spot.keys:
        spot.missing("metric", "what is measured.", "Such as metric: accuracy.")
    if metric is None:
        return None
    return Objective(metric, split, direction == "maximize", spot.node)


def sampler_of(spot: ConfigNode) -> Sampler:
    """Read how the keys under `random` are drawn: a word, or a mapping with `type` and `seed`."""
    if isinstance(spot.value, str):
        _known(spot, SAMPLERS)
        return Sampler(spot.value)
    if not isinstance(spot.value, dict):
        spot.wrong(f"Expected a sampler, got {describe(spot.value)}.", "Write random or tpe.")
        return Sampler()
    spot.check_keys(("type", "seed"))
    return Sampler(_word(spot, "type", SAMPLERS, "random"), whole(spot, "seed", 0, low=0))


def halving_of(spot: ConfigNode) -> Halving | None:
    """Read how bad runs are stopped early; null for not at all."""
    if spot.value is None:
        return None
    if not isinstance(spot.value, dict):
        what = f"Expected a mapping, got {describe(spot.node.plain())}."
        spot.wrong(what, "Such as {eta: 3, min_epochs: 5}.")
        return None
    spot.check_keys(("eta", "min_epochs"))
    return Halving(whole(spot, "eta", 3, low=2), whole(spot, "min_epochs", 1, low=1))


def whole(spot: ConfigNode, key: str, default: int, *, low: int) -> int:
    """Read a whole number of a mapping, which may not be less than `low`."""
    if key not in spot.keys:
        return default
    value = spot.child(key).value
    if type(value) is int and value >= low:
        return value
    spot.child(key).wrong(f"Expected a whole number, {low} or more, got {describe(value)}.")
    return default


def _word(spot: ConfigNode, key: str, words: tuple[str, ...], default: str) -> str:
    if key not in spot.keys:
        return default
    return str(spot.child(key).value) if _known(spot.child(key), words) else default


def _known(spot: ConfigNode, words: tuple[str, ...]) -> bool:
    value: Any = spot.value
    if value in words:
        return True
    near = did_you_mean(value, words) if isinstance(value, str) else None
    spot.wrong(f"Expected one of {listed(words)}, got {describe(value)}.", near)
    return False


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
