"""The weights that a training begins with where they are not those that the seed draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from dlrun.errors import UsageError
from dlrun.rundir.names import INITIAL_WEIGHTS
from dlrun.rundir.tensors import load_tensors, save_tensors
from dlrun.workflows.execution import ActiveRun
from dlrun.workflows.opening import OpenedRun, read_weights


def set_starting_weights(model: Any, active: ActiveRun, source: OpenedRun | None) -> None:
    """Fill a new model with the weights of another run, or with those that were taken from it.

    The run folder keeps what the model begins with, since the other run may go. Says what was taken
    and what was not; that nothing fits is an error.
    """
    from dlrun.models.weights import get_weights, set_weights, weight_layout

    kept = active.run.file(INITIAL_WEIGHTS)
    if source is None:
        if kept.exists():
            set_weights(model, load_tensors(kept, weight_layout(model)))
        return
    own = _by_layer(get_weights(model))
    # A safetensors file gives its arrays in any order.
    weights = read_weights(replace(source, listener=active.listener))
    offered = _by_layer(dict(sorted(weights.items())))
    taken = [layer for layer in own if _shapes(own[layer]) == _shapes(offered.get(layer, {}))]
    name = source.run.name
    if not taken:
        raise UsageError(
            f"none of its layers fits this model: it has {_listed(offered)}.",
            where=f"--from {name}",
            fix=f"The model has {_listed(own)}. Layers are matched by name.",
        )
    chosen = {layer: (offered if layer in taken else own)[layer] for layer in own}
    set_weights(model, {path: value for part in chosen.values() for path, value in part.items()})
    save_tensors(kept, get_weights(model))
    active.say(f"layers with the weights of {name}: {', '.join(taken)}")
    if new := {layer: part for layer, part in own.items() if layer not in taken}:
        active.say(f"layers drawn anew: {_listed(new)}")
    if left := {layer: part for layer, part in offered.items() if layer not in taken}:
        active.say(f"not taken from {name}: {_listed(left)}")


def _by_layer(weights: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, NDArray[Any]]]:
    """Group weights by the layer of the config, the first part of their paths."""
    layers: dict[str, dict[str, NDArray[Any]]] = {}
    for path, value in weights.items():
        layers.setdefault(path.partition("/")[0], {})[path] = value
    return layers


def _shapes(weights: Mapping[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    return {path: value.shape for path, value in weights.items()}


def _listed(layers: Mapping[str, Mapping[str, NDArray[Any]]]) -> str:
    """Name layers and the shapes of their weights: `dense (2, 10) (10,), head (10, 1) (1,)`."""
    return ", ".join(
        " ".join([layer, *(str(shape) for shape in _shapes(weights).values())])
        for layer, weights in layers.items()
    )
