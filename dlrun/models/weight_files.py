"""Files with the weights of a network, read as data: what they hold is checked before it is read.

Three forms are known: `.weights.h5` of Keras 3, which counts the layers of each class; `.h5` of
Keras 1 to 3, which lists the layers in their order; and `weights.safetensors` of a run, where every
weight bears the name of its layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

from dlrun.errors import DataError
from dlrun.models import hdf5
from dlrun.shapes.layer import show
from dlrun.wording import count, listed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FORMS: Final = "Known are .weights.h5 and .h5 of Keras, and weights.safetensors of a run of dlrun."
OTHER_NETWORK: Final = (
    "Is it of another network, or of one with another 'include_top', 'alpha' or number of classes?"
)
MOST_SHOWN: Final = 3


@dataclass(frozen=True)
class Stored:
    """A weight that a file must hold."""

    path: str  # within its network: `conv/kernel`
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class LayerOfNetwork:
    """A layer of a network, in the order of the network."""

    name: str
    class_name: str
    weights: tuple[Stored, ...]  # in the order in which Keras stores them; none: it keeps nothing


def read_hdf5(
    stream: IO[bytes], layers: Sequence[LayerOfNetwork], where: str
) -> dict[str, NDArray[Any]]:
    """Read the weights of a network from a file of Keras, by their paths in the network.

    Raises:
        DataError: It is damaged, holds more than numbers, or the weights of something else.
    """
    with hdf5.opened(stream, where) as file:
        root = hdf5.find(file, "model_weights") or file  # below it in a file of a whole model
        names = hdf5.texts_of(root, "layer_names")
        if names is None:
            found, strange = _by_class(file, layers)
        else:
            found, strange = _in_order(root, names, layers, where)
        _check(found, strange, layers, where)
        return {
            one.path: hdf5.read_array(found[one.path], one.shape, one.dtype)
            for layer in layers
            for one in layer.weights
        }


def _by_class(file: Any, layers: Sequence[LayerOfNetwork]) -> tuple[dict[str, Any], list[str]]:
    """Find the arrays in a file of Keras 3, and the groups with arrays that no layer has."""
    groups = list(hdf5.group_names(layer.class_name for layer in layers))
    found, known = {}, set[str]()
    for group, layer in zip(groups, layers, strict=True):
        if layer.weights:
            known.add(group)
        for number, one in enumerate(layer.weights):
            array = hdf5.find_array(file, f"layers/{group}/vars/{number}")
            if array is not None:
                found[one.path] = array
    strange = [
        group
        for group in hdf5.names_in(file, "layers")
        if group not in known and hdf5.names_in(file, f"layers/{group}/vars")
    ]
    counted = {group: len(layer.weights) for group, layer in zip(groups, layers, strict=True)}
    strange += [
        f"{group}, array {name}"
        for group in known
        for name in hdf5.names_in(file, f"layers/{group}/vars")
        if not name.isdecimal() or int(name) >= counted[group]
    ]
    return found, strange


def _in_order(
    root: Any, names: Sequence[str], layers: Sequence[LayerOfNetwork], where: str
) -> tuple[dict[str, Any], list[str]]:
    """Find the arrays in a file that lists layers; names are those of whoever has written it."""
    stored = [(name, hdf5.find(root, name)) for name in names]
    held = [
        (name, hdf5.texts_of(group, "weight_names") or [])
        for name, group in stored
        if group is not None
    ]
    held = [(name, weights) for name, weights in held if weights]
    wanted = [layer for layer in layers if layer.weights]
    if len(held) != len(wanted):
        of = count(len(held), "layer")
        what = f"holds the weights of {of}; the network has {len(wanted)} with some."
        raise DataError(what, where=where, fix=OTHER_NETWORK)
    found, strange = {}, []
    for (name, weights), layer in zip(held, wanted, strict=True):
        for path, one in zip(weights, layer.weights, strict=False):
            array = hdf5.find_array(root, f"{name}/{path}")
            called, expected = _called(path), _called(one.path)
            if array is not None and called in _ALIKE and expected in _ALIKE and called != expected:
                strange.append(f"{name}/{path} in the place of {one.path}")
            elif array is not None:
                found[one.path] = array
        strange += [f"{name}/{path}" for path in weights[len(layer.weights) :]]
    return found, strange


_ALIKE: Final = frozenset({"beta", "gamma", "moving_mean", "moving_variance"})
"""Weights of one shape, which only their names tell apart."""


def _called(path: str) -> str:
    """The name of a weight, without what TensorFlow 1 wrote behind it: `bn/gamma:0`."""
    return PurePosixPath(path).name.partition(":")[0]


def _check(
    found: Mapping[str, Any], strange: Sequence[str], layers: Sequence[LayerOfNetwork], where: str
) -> None:
    """Refuse a file that lacks a weight, has another one, or one of another shape."""
    wrong = [f"{one} is not expected" for one in strange]
    for layer in layers:
        for one in layer.weights:
            array = found.get(one.path)
            if array is None:
                wrong.append(f"'{one.path}' is missing")
            elif tuple(array.shape) != one.shape:
                has = f"has the shape {show(array.shape)}, expected {show(one.shape)}"
                wrong.append(f"'{one.path}' {has}")
    if wrong:
        more = len(wrong) - MOST_SHOWN
        told = "; ".join(wrong[:MOST_SHOWN]) + (f"; {more} more" if more > 0 else "")
        raise DataError(f"does not fit the network: {told}.", where=where, fix=OTHER_NETWORK)


def read_tensors(
    path: Path, layers: Sequence[LayerOfNetwork], name: str
) -> dict[str, NDArray[Any]]:
    """Read the weights of a network from those of a run, by their paths in the network.

    They are those of the layer of that `name` in the run, or of the only one that has such weights.

    Raises:
        DataError: No layer of the run has them, or several have.
    """
    from dlrun.errors import RunFolderError  # noqa: PLC0415
    from dlrun.rundir.tensors import load_tensors, tensor_layout  # noqa: PLC0415

    wanted = {one.path: (one.shape, one.dtype) for layer in layers for one in layer.weights}
    try:
        by_layer: dict[str, dict[str, tuple[tuple[int, ...], str]]] = {}
        held = tensor_layout(path)
        for full, about in held.items():
            layer, _, rest = full.partition("/")
            by_layer.setdefault(layer, {})[rest] = about
        fitting = [layer for layer, own in by_layer.items() if own == wanted]
        chosen = name if name in fitting else fitting[0] if len(fitting) == 1 else None
        if chosen is None:
            several = f"has several layers with its weights: {listed(fitting)}"
            what = several if fitting else _why_not(by_layer, wanted, name)
            fix = "Call this layer like one of them." if fitting else OTHER_NETWORK
            raise DataError(f"{what}.", where=str(path), fix=fix)
        tensors = load_tensors(path, held)
    except RunFolderError as error:
        raise DataError(error.what, where=error.where, fix=error.fix) from error
    return {rest: tensors[f"{chosen}/{rest}"] for rest in wanted}


def _why_not(
    by_layer: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Any], name: str
) -> str:
    """Say what is otherwise in the layer of a run that comes nearest."""
    if not by_layer:
        return "holds no weights"
    near = max(by_layer, key=lambda one: (one == name, len(by_layer[one].keys() & wanted.keys())))
    own = by_layer[near]
    for path, (shape, _) in wanted.items():
        if path not in own:
            return f"has no layer with these weights: '{near}' has no '{path}'"
        if own[path][0] != shape:
            has = f"has the shape {show(own[path][0])}, expected {show(shape)}"
            return f"has no layer with these weights: '{near}/{path}' {has}"
    more = listed(list(own.keys() - wanted.keys())[:MOST_SHOWN])
    return f"has no layer with these weights: '{near}' has {more} besides"
