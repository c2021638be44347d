"""The files with which whole networks begin: found, or fetched as Keras does, checked and read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dlrun.config import Experiment
from dlrun.config.components import IMAGENET
from dlrun.config.schema import LayerConfig
from dlrun.data.files import open_data
from dlrun.data.keras_cache import Fetched, fetch
from dlrun.errors import DataError
from dlrun.models.hdf5 import MAGIC
from dlrun.models.weight_files import FORMS, LayerOfNetwork, read_hdf5, read_tensors
from dlrun.models.weights import set_weights

SAFETENSORS = ".safetensors"


def begins_with_files(experiment: Experiment) -> bool:
    """Say whether a network of the experiment begins with the weights of a file."""
    return any(isinstance(layer.weights, Path | str) for layer in experiment.model.layers)


def read_weight_files(
    experiment: Experiment, model: Any, say: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Fill the networks of a new model with the weights of their files.

    Returns what the record keeps of each, by its layer: the file and its hash.

    Raises:
        DataError: A file is not there, cannot be fetched, or holds something else.
    """
    from dlrun.models.applications import layers_of_network

    facts = {}
    for index, layer in enumerate(experiment.model.layers):
        if not isinstance(layer.weights, Path | str):
            continue
        network = model.get_layer(layer.name)
        path = _file_of(layer, network, f"model.layers[{index}].weights")
        found = _read(path, layers_of_network(network), layer.name)
        set_weights(network, {f"{layer.name}/{name}": one for name, one in found.items()})
        count = sum(one.size for one in found.values())
        of = "ImageNet, " if layer.weights == IMAGENET else ""
        say(f"{layer.name} begins with {count:,} weights of {of}{path}")
        facts[layer.name] = {"file": str(path), "sha256": _hash_of(path)}
    return facts


def _file_of(layer: LayerConfig, network: Any, where: str) -> Path:
    if isinstance(layer.weights, Path):
        return layer.weights
    from dlrun.models.applications import download_of

    wanted = download_of(network)
    what = Fetched("models", wanted.name, wanted.origin, wanted.file_hash)
    return fetch(what, title=f"The weights of ImageNet for {layer.type}", where=where)


def _read(path: Path, layers: list[LayerOfNetwork], name: str) -> Mapping[str, Any]:
    if path.suffix == SAFETENSORS:
        return read_tensors(path, layers, name)
    with open_data(path, seekable=True) as stream:
        begin = stream.read(len(MAGIC))
        if begin != MAGIC:
            what = "is empty." if not begin else "is no file with the weights of a network."
            raise DataError(what, where=str(path), fix=FORMS)
        stream.seek(0)
        return read_hdf5(stream, layers, str(path))


def _hash_of(path: Path) -> str:
    with open_data(path, seekable=True) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
