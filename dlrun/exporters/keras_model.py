"""Exports `model.keras`: the whole model, for every other Keras tool."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.backend import keras
from dlrun.backend.components import zip_dates
from dlrun.data.units import formula
from dlrun.exporters.network_inputs import dtype_of, free_name, inputs_of
from dlrun.models.build import operate
from dlrun.rundir.files import replace_with
from dlrun.rundir.names import MODEL
from dlrun.shapes.layer import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

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
    of a category is an entry of its own, 0 or 1. Columns that layers name are inputs of their own,
    see `inputs_of`; one that is called like a layer has a number behind its name. It answers in
    the units of the targets. Where nothing is scaled, and all is one input, it is the model itself.
    """
    scaling, targets = formula(spec), spec.target_scaling
    if scaling is None and targets is None and spec.pixel_max is None and not spec.views:
        return model
    dtype = dtype_of(spec)
    layers = {one.name for one in model.operations} - {DATA}
    given = [
        keras.Input(one.shape, name=free_name(one.name, layers), dtype=dtype)
        for one in inputs_of(spec)
    ]
    taken = layers | {one.name for one in given}
    names = _free_names(taken)
    x = given[0]
    if len(given) > 1:
        x = operate(lambda: keras.ops.concatenate(given, axis=-1), taken)
    # With a dtype each: what has none shares a policy with other layers, or not, as it happens.
    if spec.pixel_max is not None:
        x = keras.layers.Rescaling(1 / spec.pixel_max, name=next(names), dtype=dtype)(x)
    if scaling is not None:
        if scaling.logs.any():
            x = _with_logarithms(x, scaling.logs, taken)
        # Two layers, as the difference of large numbers comes first. Lists would become float32.
        for scale, offset in ((1.0, -scaling.offset), (1 / scaling.factor, 0.0)):
            x = keras.layers.Rescaling(scale, offset, name=next(names), dtype=dtype)(x)
    y = _called(model, x)
    if targets is not None:
        factor, offset = np.array(targets.factor), np.array(targets.offset)
        y = keras.layers.Rescaling(factor, offset, name=next(names), dtype="float32")(y)
        if targets.kind == "log":
            y = keras.layers.Activation("exponential", name=next(names), dtype="float32")(y)
    wrapped = keras.Model(given[0] if len(given) == 1 else given, y, name=model.name)
    _compile_alike(wrapped, model)
    return wrapped


def _free_names(taken: set[str]) -> Iterator[str]:
    """Name layers `scaling_1`, `scaling_2`, ..., none of them taken."""
    return (name for name in map("scaling_{}".format, count(1)) if name not in taken)


def _with_logarithms(x: Any, chosen: NDArray[np.bool_], taken: set[str]) -> Any:
    """Take `sign(x) ln(1 + |x|)` of some entries of the last axis."""

    def of(operation: Callable[..., Any], *tensors: Any) -> Any:
        return operate(lambda: operation(*tensors), taken)

    ops, mask = keras.ops, chosen.astype("float64")
    size = of(ops.log1p, of(ops.absolute, x))
    logs = of(ops.multiply, of(ops.sign, x), size)
    return of(ops.add, of(ops.multiply, x, 1 - mask), of(ops.multiply, logs, mask))


def _called(model: Any, x: Any) -> Any:
    """Call every layer of a model on another input, and give what the last one gives."""
    made: dict[str, Any] = {}

    def call(layer: Any, *tensors: Any, **arguments: Any) -> Any:
        made[layer.name] = layer(*tensors, **arguments)
        return made[layer.name]

    # Not for the model that this gives, but for what it does on its way.
    keras.models.clone_model(
        model, input_tensors=x, clone_function=lambda layer: layer, call_function=call
    )
    return made[model.output_names[0]]


def _compile_alike(wrapped: Any, model: Any) -> None:
    """Give a model the loss, the metrics and the state of the optimizer of another one."""
    if not model.compiled:
        return
    wrapped.compile_from_config(model.get_compile_config())
    if wrapped.optimizer is None or model.optimizer is None or not model.optimizer.built:
        return
    if not wrapped.optimizer.built:
        wrapped.optimizer.build(wrapped.trainable_variables)
    for own, other in zip(wrapped.optimizer.variables, model.optimizer.variables, strict=True):
        own.assign(np.asarray(other))
