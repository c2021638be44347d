"""Builds a Keras model from the stack or the graph of layers that a config declares."""

import inspect
import math
import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from dlrun.arrays import View
from dlrun.backend import keras, tf
from dlrun.backend.components import create, said_by
from dlrun.catalog.applications import is_application
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.models.applications import OF_NETWORKS, build_application
from dlrun.shapes.input_readers import view_for
from dlrun.shapes.layer import DATA, Layer, Weight, layer_of, show
from dlrun.shapes.weights import weight_misfits


def build_model(
    layers: Sequence[Mapping[str, Any]],
    *,
    input_shape: tuple[int, ...],
    seed: int,
    name: str,
    precision: str = "float32",
    keep_graphs: bool = False,
    views: Sequence[View] = (),
) -> Any:
    """Build the model; the same seed gives the same initial weights.

    Layers are mappings as `dlrun.shapes.walk` takes them, with `weights`: those that are written
    down are set, and files of them are left to whoever begins a training. `precision` is Keras's
    dtype policy of those that have none of their own. The model is a functional `keras.Model` from
    `(batch, *input_shape)` to the output of the last layer; of the input, layers read
    by name what `views` say.

    With `keep_graphs` what is compiled in this process stays ready to run. Then the caller is a
    thread of its own: Keras keeps the names that it has given by thread, and by public means
    forgets them only together with TensorFlow's kernels, which are slow to make.

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
    sources = Sources(
        keras.Input(shape=input_shape, name=DATA), views, {layer["name"] for layer in layers}
    )
    paths = [f"model.layers[{index}] ({layer['type']})" for index, layer in enumerate(layers)]
    for layer, path in zip(layers, paths, strict=True):
        sources.outputs[layer["name"]] = _connect(layer, sources, path=path)
    scope = re.sub(r"[^A-Za-z0-9._-]", "_", name)  # the form that TensorFlow takes for a scope
    scope = scope if scope[:1].isalnum() else f"model{scope}"
    model = keras.Model(sources.data, sources.outputs[layers[-1]["name"]], name=scope)
    for layer, path in zip(layers, paths, strict=True):
        if isinstance(layer["weights"], list):
            _set_weights(model.get_layer(layer["name"]), layer["weights"], path)
    return model


def operate(compute: Callable[[], Any], names: Collection[str]) -> Any:
    """Compute with one operation of Keras, by a name that no layer has.

    Keras calls it `get_item` or `multiply`, the next one `multiply_1`, whatever layers are called.
    """
    while True:
        computed = compute()
        if computed._keras_history.operation.name not in names:  # noqa: SLF001
            return computed


def output_activation(model: Any, last_layer: str) -> str | None:
    """Return the name of the last layer's activation; None where the layer does not say."""
    last = model.get_layer(last_layer)
    if isinstance(last, keras.Model):  # a whole network
        last = last.layers[-1]
    if type(last).__name__ in ("Softmax", "ReLU"):
        return str(type(last).__name__).lower()
    return getattr(getattr(last, "activation", None), "__name__", None)


class Sources:
    """What layers can read by name: layers above, the data, and parts of them."""

    def __init__(self, data: Any, views: Sequence[View], names: Collection[str]) -> None:
        self._names = names  # of the layers
        self.data = data  # (batch, *input_shape)
        self.outputs = {DATA: data}
        self._views = views
        self._parts: dict[View, Any] = {}

    def read(self, layer: Mapping[str, Any], path: str) -> list[Any]:
        """Give what a layer reads."""
        read = layer_of(layer)
        return [self._find(read, name, path) for name in read.inputs]

    def _find(self, layer: Layer, name: str, path: str) -> Any:
        view = view_for(layer, name, self._views)
        if view is None:
            is_there = name in self.outputs and not (name == DATA and self._views)
            if not is_there:
                raise ConfigError(Problem(path, f"There is nothing called '{name}' to read."))
            return self.outputs[name]
        if view not in self._parts:
            self._parts[view] = self._part(view)
        return self._parts[view]

    def _part(self, view: View) -> Any:
        """Cut a part out, `(batch, *sample)`.

        By an operation of Keras, not a layer: it has no weights, and any Keras loads it.
        """
        part = operate(lambda: self.data[:, view.begin : view.end], self._names)
        if view.shape is None or len(view.shape) == 1:
            return part
        return operate(lambda: keras.ops.reshape(part, (-1, *view.sample)), self._names)


def _connect(layer: Mapping[str, Any], sources: Sources, *, path: str) -> Any:
    """Create one layer and call it on the outputs that it names."""
    if is_application(layer["type"]):
        (image,) = sources.read(layer, path)
        said = {name: layer[name] for name in OF_NETWORKS if name in layer}
        return build_application(layer, image, path, **said)
    ours = ("inputs", "weights", "trainable")
    own = {key: value for key, value in layer.items() if key not in ours}
    built = create("layers", own, path=path)
    # Not an argument: some layers of Keras, such as SpatialDropout2D, take none of that name.
    if not layer["trainable"]:
        built.trainable = False
    tensors = sources.read(layer, path)
    try:
        if takes_one_by_one(built):
            return built(*tensors)
        return built(tensors[0] if len(tensors) == 1 else tensors)
    except tf.errors.OpError as error:
        what = f"TensorFlow cannot make this layer: {said_by(error)}"
        raise DlrunError(what, where=path) from error
    except (ValueError, TypeError, AttributeError, IndexError, NotImplementedError) as error:
        shapes = " and ".join(str(tuple(tensor.shape[1:])) for tensor in tensors)
        what = f"cannot take an input of shape {shapes}. {said_by(error)}"
        raise ConfigError(Problem(path, what)) from error


def takes_one_by_one(layer: Any) -> bool:
    """Say whether a layer takes its inputs one by one, as attention does; merging takes a list."""
    parameters = inspect.signature(layer.call).parameters.values()
    required = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return len(required) > 1


def _set_weights(layer: Any, weights: Sequence[Any], path: str) -> None:
    """Fill a layer with the weights that the config writes down."""
    wanted = [Weight(one.name, tuple(one.shape)) for one in layer.weights]
    inputs = layer.input if isinstance(layer.input, list) else [layer.input]
    fix = f"Its input has the shape {' and '.join(show(one.shape[1:]) for one in inputs)}."
    for problem in weight_misfits(type(layer).__name__, wanted, weights, path, fix=fix):
        raise ConfigError(problem)
    layer.set_weights([np.asarray(weight, dtype="float32") for weight in weights])


_HEADER = ("layer", "type", "inputs", "output shape", "parameters")


def summary_text(model: Any, layers: Sequence[Mapping[str, Any]]) -> str:
    """Return a table with one line for each of the layers that the model was built of, and sums."""
    # Keras's own summary is drawn for a terminal and cut to its width; this one is for a file.
    rows = [_HEADER] + [
        (
            layer["name"],
            layer["type"],
            ", ".join(layer["inputs"]),
            str(tuple(model.get_layer(layer["name"]).output.shape)),
            f"{model.get_layer(layer['name']).count_params():,}",
        )
        for layer in layers
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    # Words stand to the left of their columns, the last one, numbers, to the right.
    lines = [
        "  ".join([*map(str.ljust, row[:-1], widths), row[-1].rjust(widths[-1])]) for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    total = model.count_params()
    lines += ["", f"{total:,} parameters, {trainable:,} of them trainable"]
    return "\n".join(lines) + "\n"
