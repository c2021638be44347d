"""The layers of a config: each against the catalog, then their names and what each one reads."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain, count
from typing import Any, Final

from dlrun.catalog import snake_case
from dlrun.config.components import UNKNOWN, check_component
from dlrun.config.schema import keys_beside
from dlrun.config.spots import ConfigNode
from dlrun.wording import describe

DATA: Final = "input"
"""The name of the data in `inputs`."""


def check_layers(config: ConfigNode) -> tuple[dict[str, Any], ...]:
    """Check a list of layers and fill in their names and inputs; for `LayerConfig`, one each."""
    if not isinstance(config.value, list) or not config.value:
        got = describe(config.value) if config.value != [] else "an empty list"
        config.wrong(f"Expected a list of layers, got {got}.", "Write one layer at least.")
        return ({"type": UNKNOWN, "name": UNKNOWN},)
    layers = tuple(check_component("layers", one, keys_beside("layers")) for one in config.items())
    taken = {layer["name"] for layer in layers if isinstance(layer.get("name"), str)} | {DATA}
    above = DATA
    for layer, item in zip(layers, config.items(), strict=True):
        if layer.get("name") is None:
            layer["name"] = free_name(snake_case(layer["type"]) or UNKNOWN, taken)
            taken.add(layer["name"])
        given = _check_inputs(item.child("inputs")) if "inputs" in item.keys else None
        layer["inputs"] = given or (above,)  # of the first one: the data
        above = str(layer["name"])
    return layers


def _check_inputs(config: ConfigNode) -> tuple[str, ...] | None:
    if config.value is None:
        return None
    if isinstance(config.value, str):
        return (config.value,)
    if not isinstance(config.value, list) or not config.value:
        got = describe(config.value) if config.value != [] else "an empty list"
        fix = f"Write a list such as [{DATA}]."
        config.wrong(f"Expected the names of layers, got {got}.", fix)
        return None
    for item in config.items():
        if not isinstance(item.value, str):
            item.wrong(f"Expected the name of a layer, got {describe(item.value)}.")
    return tuple(item.value for item in config.value if isinstance(item.value, str)) or None


def free_name(stem: str, taken: Collection[str]) -> str:
    """The first of `dense`, `dense_1`, `dense_2`, ... that is not taken, as Keras names layers."""
    names = chain([stem], (f"{stem}_{number}" for number in count(1)))
    return next(name for name in names if name not in taken)
