"""The layers of a config: each against the catalog, then their names and what each one reads."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any, Final

from dlrun.catalog import snake_case
from dlrun.config.components import UNKNOWN, check_component
from dlrun.wording import describe

if TYPE_CHECKING:
    from collections.abc import Collection

    from dlrun.config.spots import Spot

DATA: Final = "input"
"""The name of the data in `inputs`."""
LAYER_KEYS: Final = ("name", "inputs", "weights", "trainable")
"""The keys of a layer that dlrun itself understands."""


def check_layers(spot: Spot) -> tuple[dict[str, Any], ...]:
    """Check a list of layers and fill in their names and inputs.

    Returns:
        What `LayerConfig` takes, one for each layer.
    """
    if not isinstance(spot.value, list) or not spot.value:
        got = describe(spot.value) if spot.value != [] else "an empty list"
        spot.wrong(f"Expected a list of layers, got {got}.", "Write one layer at least.")
        return ({"type": UNKNOWN, "name": UNKNOWN},)
    layers = tuple(_check_layer(item) for item in spot.items())
    _fill_names(layers)
    _fill_inputs(layers)
    return layers


def _check_layer(spot: Spot) -> dict[str, Any]:
    checked = check_component("layers", spot, reserved=LAYER_KEYS)
    layer = spot.plain(("name", "weights", "trainable"))
    if "inputs" in spot.keys:
        layer["inputs"] = _check_inputs(spot.child("inputs"))
    return {"type": checked.type, **layer, "arguments": checked.arguments}


def _check_inputs(spot: Spot) -> tuple[str, ...] | None:
    if spot.value is None:
        return None
    if isinstance(spot.value, str):
        return (spot.value,)
    if not isinstance(spot.value, list) or not spot.value:
        got = describe(spot.value) if spot.value != [] else "an empty list"
        spot.wrong(f"Expected the names of layers, got {got}.", f"Write a list such as [{DATA}].")
        return None
    for item in spot.items():
        if not isinstance(item.value, str):
            item.wrong(f"Expected the name of a layer, got {describe(item.value)}.")
    return tuple(item.value for item in spot.value if isinstance(item.value, str)) or None


def _fill_names(layers: tuple[dict[str, Any], ...]) -> None:
    """Name the unnamed layers as Keras names them: dense, dense_1, ..."""
    taken = {layer["name"] for layer in layers if isinstance(layer.get("name"), str)} | {DATA}
    for layer in layers:
        if layer.get("name") is None:
            layer["name"] = free_name(snake_case(layer["type"]) or UNKNOWN, taken)
            taken.add(layer["name"])


def free_name(stem: str, taken: Collection[str]) -> str:
    """The first of `dense`, `dense_1`, `dense_2`, ... that is not taken."""
    names = chain([stem], (f"{stem}_{number}" for number in count(1)))
    return next(name for name in names if name not in taken)


def _fill_inputs(layers: tuple[dict[str, Any], ...]) -> None:
    """A layer without inputs reads the one above it; the first one reads the data."""
    above = DATA
    for layer in layers:
        layer["inputs"] = layer.get("inputs") or (above,)
        above = str(layer["name"])
