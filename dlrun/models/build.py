"""Builds a Keras model from the stack or the graph of layers that a config declares."""

from __future__ import annotations

import inspect
import random
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.backend import keras, tf
from dlrun.backend.components import create, said_by
from dlrun.errors import ConfigError, DlrunError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INPUT = "input"
"""The word by which a layer's `inputs` names the data."""


def build_model(
    layers: Sequence[Mapping[str, Any]],
    *,
    input_shape: tuple[int, ...],
    seed: int,
    name: str,
    precision: str = "float32",
    keep_graphs: bool = False,
) -> Any:
    """Build the model; the same seed gives the same initial weights.

    Args:
        layers: One mapping a layer: `type`, `name`, `inputs` (names of earlier layers, or `input`
            for the data), `trainable`, `weights` (or None), and the layer's own arguments.
        input_shape: The shape of one sample.
        seed: What every initializer and seeded layer draws from.
        name: The model's name.
        precision: Keras's dtype policy of every layer that has none of its own.
        keep_graphs: Whether what is compiled in this process stays ready to run. Then the caller
            is a thread of its own: Keras keeps the names that it has given by thread, and by
            public means forgets them only together with TensorFlow's kernels, which are slow to
            make.

    Returns:
        A functional `keras.Model` from `(batch, *input_shape)` to the output of the last layer.

    Raises:
        ConfigError: Keras refuses a layer; the error names it as `model.layers[2] (Conv2D)`.
    """
    if keep_graphs:
        # What Keras draws from. TensorFlow's own seed it never asks for, and to set that would
        # empty the cache of kernels too.
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
    else:
        # Without this, names and seeds would depend on the models built before in this process.
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(precision)
    outputs = {INPUT: keras.Input(shape=input_shape, name=INPUT)}
    for index, layer in enumerate(layers):
        outputs[layer["name"]] = _connect(layer, outputs, path=_path(index, layer))
    model = keras.Model(outputs[INPUT], outputs[layers[-1]["name"]], name=_scope(name))
    for index, layer in enumerate(layers):
        if layer["weights"] is not None:
            _set_weights(model.get_layer(layer["name"]), layer["weights"], _path(index, layer))
    return model


def output_activation(model: Any, last_layer: str) -> str | None:
    """Return the name of the activation that ends the model, such as `softmax`.

    Args:
        model: A model from `build_model`.
        last_layer: The name of the layer whose output is the model's.

    Returns:
        The name in lower case; `linear` where a layer that could have one has none; None where
        the last layer does not say.
    """
    last = model.get_layer(last_layer)
    if type(last).__name__ in ("Softmax", "ReLU"):
        return str(type(last).__name__).lower()
    activation = getattr(last, "activation", None)
    return getattr(activation, "__name__", None)


def _path(index: int, layer: Mapping[str, Any]) -> str:
    return f"model.layers[{index}] ({layer['type']})"


def _scope(name: str) -> str:
    """Return the name in the form that TensorFlow takes for a scope."""
    scope = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return scope if scope[:1].isalnum() else f"model{scope}"


def _connect(layer: Mapping[str, Any], outputs: Mapping[str, Any], *, path: str) -> Any:
    """Create one layer and call it on the outputs that it names."""
    ours = ("inputs", "weights", "trainable")
    own = {key: value for key, value in layer.items() if key not in ours}
    built = create("layers", own, path=path)
    # Not an argument: some layers of Keras, such as SpatialDropout2D, take none of that name.
    if not layer["trainable"]:
        built.trainable = False
    tensors = [outputs[name] for name in layer["inputs"]]
    try:
        if _takes_several(built):
            return built(*tensors)
        return built(tensors[0] if len(tensors) == 1 else tensors)
    except tf.errors.OpError as error:
        raise DlrunError(
            f"TensorFlow cannot make this layer: {said_by(error)}", where=path
        ) from error
    except (ValueError, TypeError, AttributeError, IndexError, NotImplementedError) as error:
        shapes = " and ".join(str(tuple(tensor.shape[1:])) for tensor in tensors)
        raise ConfigError(
            Problem(path, f"cannot take an input of shape {shapes}. {said_by(error)}")
        ) from error


def _takes_several(layer: Any) -> bool:
    """Return whether a layer takes its inputs one by one, as attention does, not as one list."""
    parameters = inspect.signature(layer.call).parameters.values()
    required = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return len(required) > 1


def _set_weights(layer: Any, weights: Sequence[Any], path: str) -> None:
    """Fill a layer with the weights that the config writes down."""
    expected = [tuple(variable.shape) for variable in layer.weights]
    names = [variable.name for variable in layer.weights]
    try:
        arrays = [np.asarray(weight, dtype="float32") for weight in weights]
    except (ValueError, TypeError) as error:
        raise ConfigError(
            Problem(f"{path}.weights", "A weight is a number or a nested list of equal rows.")
        ) from error
    received = [array.shape for array in arrays]
    if received != expected:
        wanted = ", ".join(f"{name} {shape}" for name, shape in zip(names, expected, strict=True))
        got = ", ".join(map(str, received)) or "nothing"
        raise ConfigError(
            Problem(f"{path}.weights", f"received shapes {got}; the layer has {wanted}.")
        )
    layer.set_weights(arrays)
