"""Builds networks of `keras.applications` as layers, and tells which weights they need."""

from __future__ import annotations

import contextlib
import inspect
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from dlrun.backend import keras, tf
from dlrun.backend.components import said_by
from dlrun.catalog.applications import module_of, of_keras
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.models.weight_files import LayerOfNetwork, Stored
from dlrun.wording import did_you_mean

IMAGENET: Final = "imagenet"
"""The weights that Keras itself knows where to get."""
FETCHING: Final = "keras.src.utils.file_utils"
"""The module in which all networks look for `get_file`."""
BRIGHTEST: Final = 255.0
"""What the networks were trained with: pixels from 0 to this."""


class Download(NamedTuple):
    """A file that Keras would fetch."""

    name: str  # below the folder `models` of the cache
    origin: str  # its address
    file_hash: str | None  # None where Keras has none for it


_downloads: WeakKeyDictionary[Any, Download] = WeakKeyDictionary()


def build_application(
    layer: Mapping[str, Any],
    image: Any,
    path: str,
    *,
    value_range: Sequence[float] | None = (0.0, 1.0),
    fine_tune_at: str | None = None,
    freeze_batch_normalization: bool = False,
) -> Any:
    """Build a network and call it on an image; gives what comes out.

    Its weights are drawn, and read later. Before it the pixels are prepared as those were that it
    was trained with, by Keras's own `preprocess_input`; that is part of the network.

    Args:
        layer: The layer of a config, without the arguments below.
        image: What it reads, a `KerasTensor` of `(batch, height, width, channels)`.
        path: Where it stands in the config.
        value_range: What the pixels go from and to, such as [0, 1] or [0, 255]; null where they are
            prepared already: then the network gets them as they are.
        fine_tune_at: The layer of the network from which on it is trained; those before it keep
            their weights. Null: all are trained, or with `trainable: false` none.
        freeze_batch_normalization: Whether layers of BatchNormalization keep their weights, and
            compute by their stored means, where others are trained: few rows would spoil these.
    """
    word, name, shape = layer["type"], layer["name"], tuple(image.shape[1:])
    taken = {one.name: layer[one.name] for one in of_keras(word) if one.name in layer}
    try:
        # Keras calls a weight by the way to it, and a network is none: without this, two networks
        # of one kind had weights of the same names.
        quiet = warnings.catch_warnings(action="ignore")  # of sizes: they speak to programmers
        with quiet, keras.name_scope(name), asking_for_weights() as asked:
            pixels = keras.Input(shape, name=f"{name}_pixels")
            network = getattr(keras.applications, word)(
                input_tensor=_prepared(word, pixels, value_range),
                input_shape=shape,
                weights=IMAGENET if layer["weights"] == IMAGENET else None,
                **taken,
            )
        # Not an argument: some functions of Keras tell by it which file they want, or which blocks.
        network.name = name
        if asked:
            _downloads[network] = asked[-1]
        network.trainable = layer["trainable"]
        if fine_tune_at is not None:
            _freeze_before(network, fine_tune_at, path)
        if freeze_batch_normalization:
            # `network(image, training=False)` does not do it: a model hands its own `training` on.
            for one in network.layers:
                if isinstance(one, keras.layers.BatchNormalization):
                    one.trainable = False
        return network(image)
    except tf.errors.OpError as error:
        raise DlrunError(
            f"TensorFlow cannot make this network: {said_by(error)}", where=path
        ) from (error)
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
        raise ConfigError(Problem(path, f"({word}) {said_by(error)}")) from error


def _prepared(word: str, pixels: Any, value_range: Sequence[float] | None) -> Any:
    """Bring pixels, `(batch, height, width, 3)`, to what a network was trained with."""
    if value_range is None:
        return pixels
    low, high = map(float, value_range)
    if (low, high) != (0.0, BRIGHTEST):
        # Bytes that were divided by 255 are the same bytes again.
        scale = BRIGHTEST / (high - low)
        pixels = keras.layers.Rescaling(scale, offset=-low * scale)(pixels)
    return getattr(keras.applications, module_of(word)).preprocess_input(pixels)


def _freeze_before(network: Any, name: str, path: str) -> None:
    names = [layer.name for layer in network.layers]
    if name not in names:
        what = f"{network.name} has no layer '{name}'."
        some = [layer.name for layer in network.layers if layer.weights][-10:]
        fix = did_you_mean(name, names) or f"The last ones with weights: {', '.join(some)}."
        raise ConfigError(Problem(f"{path}.fine_tune_at", what, fix))
    for layer in network.layers[: names.index(name)]:
        layer.trainable = False


OF_NETWORKS: Final = tuple(
    name
    for name, one in inspect.signature(build_application).parameters.items()
    if one.kind is one.KEYWORD_ONLY
)
"""The keys that networks have besides those that Keras's functions take."""


def download_of(network: Any) -> Download:
    """Name the file with the weights of ImageNet of a network that was built for them."""
    return _downloads[network]


def layers_of_network(network: Any) -> list[LayerOfNetwork]:
    """List the layers of a network and what each keeps, in the order in which Keras stores it."""
    begin = f"{network.name}/"
    return [
        LayerOfNetwork(
            layer.name,
            type(layer).__name__,
            tuple(
                Stored(one.path.removeprefix(begin), tuple(one.shape), str(one.dtype))
                for one in layer.weights
            ),
        )
        for layer in network.layers
    ]


@contextlib.contextmanager
def asking_for_weights() -> Iterator[list[Download]]:
    """Let Keras build networks with `weights="imagenet"` without fetching or reading these.

    Which file it would take, only the code of each network says; the block learns it, and may look
    at what the file holds before it reads it.
    """
    file_utils = sys.modules[FETCHING]
    asked: list[Download] = []

    def get_file(fname: str, origin: str, file_hash: str | None = None, **_: Any) -> str:
        asked.append(Download(fname, origin, file_hash))
        return fname

    before = vars(file_utils)["get_file"], keras.Model.load_weights
    vars(file_utils)["get_file"] = get_file
    keras.Model.load_weights = lambda *_, **__: None
    try:
        yield asked
    finally:
        vars(file_utils)["get_file"], keras.Model.load_weights = before
