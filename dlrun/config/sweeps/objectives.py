"""The objective of a sweep, how it draws, and how it stops bad runs: three small sections."""

from __future__ import annotations

from typing import Any, Final

from dlrun.config.spots import ConfigNode
from dlrun.config.sweeps.sweep import Halving, Objective, Sampler
from dlrun.rundir.metrics import is_larger_better
from dlrun.rundir.names import SPLITS
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
