"""A `.keras` file read as data, and never loaded: its layers as a config has them, its weights."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.errors import DataError
from dlrun.models import hdf5
from dlrun.shapes import walk
from dlrun.shapes.layer import DATA

MOST_JSON: Final = 2**24
MOST_WEIGHTS: Final = 2**31
MOST_NUMBERS: Final = 50_000
"""So many weights are written into a config, which holds 100,000 values."""
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_UNSAID: Final = ("name", "trainable", "dtype", "build_config")
_PARTS: Final = ("cell", "layer", "forward_layer", "backward_layer")
"""In which order nested layers have their weights; others that nest are not known."""


@dataclass(frozen=True)
class ReadModel:
    """What a `.keras` file says."""

    name: str
    input_shape: tuple[int | None, ...]
    layers: tuple[dict[str, Any], ...]  # as a config has them, without defaults
    loss: Any = None  # a word or a component; None where it was not compiled
    optimizer: Any = None
    remarks: tuple[str, ...] = field(default=())  # what was left out, and why


def read_model(path: Path) -> ReadModel:
    """Read the layers of a Keras model, and its weights where a config can hold them.

    Raises:
        DataError: It is no such file, or no config can say what it is: all reasons at once.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            described = json.loads(_part(archive, _CONFIG, MOST_JSON, path))
            stored = _part(archive, _WEIGHTS, MOST_WEIGHTS, path)
    except (zipfile.BadZipFile, ValueError, RecursionError, NotImplementedError) as error:
        raise DataError(f"is no .keras file of Keras 3: {error}.", where=str(path)) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}.", where=str(path)) from error
    try:
        return _Reader(described, path).model(stored)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        what = f"{_CONFIG} is not as Keras 3 writes it: {type(error).__name__} {error}."
        raise DataError(what, where=str(path)) from error


def _part(archive: zipfile.ZipFile, name: str, most: int, path: Path) -> bytes:
    """Read a file of the archive, if it is there and of a size that makes sense."""
    if name not in archive.namelist():
        fix = "Older models (.h5, SavedModel) are saved anew by Keras: model.save('model.keras')."
        raise DataError(
            f"holds no {name}: it is no .keras file of Keras 3.", where=str(path), fix=fix
        )
    if archive.getinfo(name).file_size > most:
        raise DataError(f"its {name} is too large.", where=str(path))
    return archive.read(name)


class _Reader:
    """Turns what Keras writes of a model into the words of a config."""

    def __init__(self, described: Mapping[str, Any], path: Path) -> None:
        self._described = described
        self._path = path
        self._problems: list[str] = []

    def model(self, stored: bytes) -> ReadModel:
        """Read all of it."""
        kind, config = self._described["class_name"], self._described["config"]
        if kind not in ("Sequential", "Functional", "Model"):
            raise self._refused([f"it is a {kind}, which is code, not a stack or graph of layers"])
        every = config["layers"]
        inputs = [one for one in every if one["class_name"] == "InputLayer"]
        if len(inputs) != 1:
            raise self._refused([f"it has {len(inputs)} inputs; a config has one"])
        shape = tuple(inputs[0]["config"]["batch_shape"][1:])
        data = inputs[0]["config"]["name"]
        read = [one for one in every if one is not inputs[0]]
        layers = [self._layer(one, data, is_stack=kind == "Sequential") for one in read]
        layers = self._ordered(layers, config.get("output_layers"))
        if self._problems:
            raise self._refused(self._problems)
        remarks = self._weigh(layers, read, shape, stored)
        compiled = self._described.get("compile_config") or {}
        return ReadModel(
            str(config.get("name") or "model"),
            shape,
            tuple(layers),
            self._word("losses", compiled.get("loss")),
            self._word("optimizers", compiled.get("optimizer")),
            tuple(remarks),
        )

    def _refused(self, problems: Sequence[str]) -> DataError:
        told = "; ".join(problems)
        return DataError(f"no config can say this model: {told}.", where=str(self._path))

    def _layer(self, one: Mapping[str, Any], data: str, *, is_stack: bool) -> dict[str, Any]:
        config = one["config"]
        name = config["name"]
        layer = {**self._component("layers", one), "name": name}
        if not config.get("trainable", True):
            layer["trainable"] = False
        policy = config.get("dtype")
        policy = policy["config"].get("name") if isinstance(policy, Mapping) else policy
        if policy not in (None, "float32"):
            layer["dtype"] = policy
        if not is_stack:
            nodes = one.get("inbound_nodes") or []
            if len(nodes) != 1:
                self._problems.append(f"'{name}' is called {len(nodes)} times")
            read = [*_tensors(nodes[0]["args"]), *_tensors(nodes[0].get("kwargs"))] if nodes else []
            if any(place != 0 for _, _, place in read):
                self._problems.append(f"'{name}' reads a second output of a layer")
            layer["inputs"] = [DATA if source == data else source for source, _, _ in read]
        return layer

    def _component(self, kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
        """Write an object of Keras as a word and the arguments that are no defaults."""
        class_name, config = one["class_name"], one.get("config") or {}
        word = catalog.find(kind, class_name)
        is_own = str(one.get("module") or "keras").partition(".")[0] != "keras"
        if (
            word is None
            or catalog.refusal(kind, class_name)
            or is_own
            or one.get("registered_name") not in (None, class_name)
        ):
            self._problems.append(f"{class_name} is not among the {kind} of a config")
            return {"type": class_name}
        given = {"type": word.name}
        for key, value in config.items():
            parameter = word.parameter(key)
            if key in _UNSAID or parameter is None:
                continue
            plain = self._value(value, catalog.nested_kind(key))
            default = parameter.written_default
            if plain is None or (default is not ABSENT and plain == default):
                continue
            if (
                isinstance(default, str)
                and _is_bare(plain)
                and _spelt(default) == _spelt(plain["type"])
            ):
                continue
            given[key] = plain["type"] if _is_bare(plain) else plain
        return given

    def _value(self, value: Any, kind: str | None) -> Any:
        if isinstance(value, Mapping) and "class_name" in value:
            if kind is None or kind == "activations":
                self._problems.append(f"{value['class_name']} cannot be written down")
                return None
            return self._component(kind, value)
        if isinstance(value, list):
            return [self._value(one, kind) for one in value]
        return value

    def _ordered(self, layers: list[dict[str, Any]], outputs: Any) -> list[dict[str, Any]]:
        """Put the output last, as a config has it."""
        if outputs is None:
            return layers
        named = outputs if outputs and isinstance(outputs[0], list) else [outputs]
        if len(named) != 1:
            self._problems.append(f"it has {len(named)} outputs; a config has one")
            return layers
        return sorted(layers, key=lambda layer: layer["name"] == named[0][0])

    def _word(self, kind: str, given: Any) -> Any:
        if isinstance(given, str):
            return given if catalog.find(kind, given) else None
        if not isinstance(given, Mapping):
            return None
        before = len(self._problems)
        component = self._component(kind, given)
        component.pop("name", None)
        return component if len(self._problems) == before else None

    def _weigh(
        self,
        layers: list[dict[str, Any]],
        read: Sequence[Mapping[str, Any]],
        shape: tuple[int | None, ...],
        stored: bytes,
    ) -> list[str]:
        """Write the weights into the layers; gives what was left out, and why."""
        by_name = {layer["name"]: layer for layer in layers}
        with hdf5.opened(io.BytesIO(stored), f"{self._path}: {_WEIGHTS}") as file:
            names = [one["config"]["name"] for one in read]
            numbered = hdf5.group_names(one["class_name"] for one in read)
            groups = dict(zip(names, numbered, strict=True))
            found = {name: [*_datasets(file, f"layers/{group}")] for name, group in groups.items()}
            total = sum(math.prod(one.shape) for several in found.values() for one in several)
            if total > MOST_NUMBERS:
                most = f"a config holds no more than {MOST_NUMBERS:,}"
                return [f"its {total:,} weights are left out, the layers begin anew: {most}"]
            arrays = {name: [np.asarray(one) for one in several] for name, several in found.items()}
            stored_in = {name: _count(file, f"layers/{group}") for name, group in groups.items()}
        expected = {
            step.name: None if step.weights is None else [tuple(one.shape) for one in step.weights]
            for step in walk([_completed(layer, layers) for layer in layers], shape)
        }
        left = []
        for name, several in arrays.items():
            if not stored_in[name] and not expected.get(name):
                continue
            shapes = [one.shape for one in several]
            # Where the shapes are not known here, they are checked when the model is built.
            if stored_in[name] != len(several) or expected.get(name) not in (None, shapes):
                left.append(name)
                continue
            by_name[name]["weights"] = [_listed(one) for one in several]
        told = ", ".join(left)
        return [f"the weights of {told} are left out: their order is not known"] if left else []


def _completed(layer: Mapping[str, Any], layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say what a layer reads, where it is the one above."""
    names = [DATA, *(one["name"] for one in layers)]
    above = names[names.index(layer["name"]) - 1]
    return {"trainable": True, "inputs": [above], **_with_defaults(layer)}


def _with_defaults(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the defaults of a layer, and of those in it."""
    word = catalog.find("layers", layer["type"])
    known = word.parameters if word else ()
    defaults = {one.name: one.written_default for one in known if one.default is not ABSENT}
    nested = {
        key: _with_defaults(value)
        for key, value in layer.items()
        if isinstance(value, Mapping) and catalog.nested_kind(key) == "layers"
    }
    return {**defaults, **layer, **nested}


def _listed(array: NDArray[Any]) -> Any:
    """Give the shortest decimals that read back as the same float32."""
    if array.ndim == 0:
        return float(str(np.float32(array)))
    return [_listed(one) for one in array]


def _is_bare(value: Any) -> bool:
    return isinstance(value, dict) and [*value] == ["type"]


def _spelt(word: str) -> str:
    return catalog.snake_case(word) if word[:1].isupper() else word


def _tensors(value: Any) -> Iterator[tuple[str, int, int]]:
    """Find what a call reads: the layer, its node, and the place among its outputs."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            source, node, place = value["config"]["keras_history"]
            yield source, node, place
            return
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _tensors(one)


def _count(file: Any, name: str) -> int:
    """Count the arrays that are stored of a layer, but for the states of random generators."""
    found: list[str] = []
    stored = hdf5.find(file, name)
    if stored is not None:
        stored.visititems(lambda place, one: found.append(place) if hasattr(one, "shape") else None)
    return sum("seed_generator" not in place for place in found)


def _datasets(file: Any, name: str) -> Iterator[Any]:
    """Give the arrays of a layer in the order of `get_weights`; nothing outside of the file."""
    numbered = [key for key in hdf5.names_in(file, f"{name}/vars") if key.isdecimal()]
    for key in sorted(numbered, key=int):
        one = hdf5.find_array(file, f"{name}/vars/{key}")
        if one is not None:
            yield one
    for part in _PARTS:
        if hdf5.find(file, f"{name}/{part}") is not None:
            yield from _datasets(file, f"{name}/{part}")
