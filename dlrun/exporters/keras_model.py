"""Exports `model.keras`: the whole model, for every other Keras tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.backend import keras
from dlrun.backend.components import zip_dates
from dlrun.data.scaling import entry_units
from dlrun.rundir.files import replace_with
from dlrun.rundir.names import MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Spec, Splits
    from dlrun.rundir.folder import Run
    from dlrun.training.evaluation import Predictor


def export(*, model: Any, splits: Splits, predictor: Predictor, folder: Run) -> list[Path]:
    """Write architecture, weights, loss and optimizer state in Keras's own format.

    Its input is in the units of the data: numbers are scaled, and whole pixels made fractions,
    inside of it. dlrun never reads this file: a run is rebuilt from its config and its weights.
    """
    del predictor
    path = folder.file(MODEL)
    with zip_dates():
        replace_with(path, with_units(model, splits.spec).save)
    return [path]


def with_units(model: Any, spec: Spec) -> Any:
    """Make a model of the same layers and weights that is given what the data hold.

    The names and the order of the entries of a table are `feature_names` of `spec.json`; a class
    of a category is an entry of its own, 0 or 1. Where nothing is scaled it is the model itself.
    """
    changes = _input_changes(spec)
    if not changes:
        return model
    dtype = "float64" if spec.pixel_max is None else "float32"
    given = keras.Input(shape=spec.input_shape, name=model.inputs[0].name, dtype=dtype)
    taken = {layer.name for layer in model.layers}
    x = given
    for number, (scale, offset) in enumerate(changes, start=1):
        name = f"scaling_{number}"
        while name in taken:
            name += "_"
        x = keras.layers.Rescaling(scale, offset, name=name, dtype=dtype)(x)
    made: dict[str, Any] = {}

    def call(layer: Any, *tensors: Any, **arguments: Any) -> Any:
        made[layer.name] = layer(*tensors, **arguments)
        return made[layer.name]

    # Not what this gives, but what it does on its way: it calls every layer on what is scaled.
    keras.models.clone_model(
        model, input_tensors=x, clone_function=lambda layer: layer, call_function=call
    )
    wrapped = keras.Model(given, made[model.output_names[0]], name=model.name)
    _compile_alike(wrapped, model)
    return wrapped


def _input_changes(spec: Spec) -> list[tuple[Any, Any]]:
    """Say what is done to an input, `x * scale + offset` each; in float64, rounded once."""
    changes: list[tuple[Any, Any]] = []
    if spec.pixel_max is not None:
        changes.append((1 / spec.pixel_max, 0.0))
    units = entry_units(spec)
    if units is not None:
        offset, factor = units
        # Two steps, as the difference of large numbers comes first. Lists would become float32.
        changes += [(1.0, -offset), (1 / factor, 0.0)]
    return changes


def _compile_alike(wrapped: Any, model: Any) -> None:
    """Give a model the loss, the metrics and the state of the optimizer of another one."""
    if not model.compiled:
        return
    wrapped.compile_from_config(model.get_compile_config())
    if wrapped.optimizer is None or model.optimizer is None:
        return
    if not wrapped.optimizer.built:
        wrapped.optimizer.build(wrapped.trainable_variables)
    for own, other in zip(wrapped.optimizer.variables, model.optimizer.variables, strict=True):
        own.assign(np.asarray(other))
