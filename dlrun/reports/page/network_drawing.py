"""Draws a small network node by node, each weight as a line: what a learner sees in a book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Spec
from dlrun.reports.run_data import Layer, ReportData, feature_name, is_a_plane
from dlrun.wording import cut

MOST_NODES = 12  # of a layer
MOST_LINES = 200
LABELLED_LINES = 16
"""Up to so many weights have their number beside the line."""

_QUIET: Final = (
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise",
    "Identity",
)  # fmt: skip
"""Layers that give each number of a trained network as they get it."""
_ACTIVATING: Final = ("Activation", "ELU", "LeakyReLU", "ReLU", "Softmax")
"""Layers that belong to the nodes whose numbers they turn."""

RADIUS = 17.0
_ACROSS, _DOWN = 150.0, 50.0  # between the middles of two nodes
_SIDE = 118.0  # for the names of inputs and outputs
_TOP = 26.0  # for the names of layers
_THIN, _THICK = 0.6, 5.0
_NUMBER_AT = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68)  # where on a line its number may stand
_NUMBER_SIZE = 32.0, 13.0
_ROUNDS = 4  # in which the numbers make room for each other


@dataclass(frozen=True)
class Node:
    """A number of a layer."""

    x: float
    y: float
    inside: str  # its bias; empty where it has none
    title: str


@dataclass(frozen=True)
class Line:
    """A weight."""

    x1: float
    y1: float
    x2: float
    y2: float
    thickness: float  # by its size among all weights
    is_positive: bool
    title: str
    number: str = ""  # none where there are too many lines
    number_x: float = 0.0
    number_y: float = 0.0


@dataclass(frozen=True)
class Text:
    """A name beside, or above, nodes."""

    x: float
    y: float
    anchor: str  # as in SVG: start, middle, end
    text: str


@dataclass(frozen=True)
class Network:
    """A drawing of nodes and weights."""

    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...]
    width: float
    height: float


@dataclass(frozen=True)
class _Dense:
    """A layer of nodes, all of which read all nodes of the one before."""

    name: str
    activation: str | None
    kernel: NDArray[np.float64]  # (inputs, units)
    bias: NDArray[np.float64] | None  # (units,)


def draw_network(data: ReportData) -> Network | None:
    """Draw a stack of dense layers over a few plain columns; None where it is not that small."""
    if len(data.spec.input_shape) != 1 or not is_a_plane(data.spec) or data.spec.image_shape:
        return None
    layers = _stack(data.layers, data.weights)
    if not layers or layers[0].kernel.shape[0] != data.spec.input_shape[0]:
        return None
    sizes = [layers[0].kernel.shape[0], *(layer.kernel.shape[1] for layer in layers)]
    lines = sum(layer.kernel.size for layer in layers)
    if max(sizes) > MOST_NODES or lines > MOST_LINES:
        return None
    return _drawn(layers, sizes, _names(data.spec, sizes))


def _stack(layers: Sequence[Layer], weights: Mapping[str, NDArray[Any]]) -> list[_Dense]:
    """The dense layers of a model, each of which reads the one before; empty for any other."""
    found: list[_Dense] = []
    before = "input"
    for layer in layers:
        if layer.inputs != (before,):
            return []
        before = layer.name
        if layer.type in _QUIET:
            continue
        if layer.type in _ACTIVATING and found and found[-1].activation is None:
            found[-1] = replace(found[-1], activation=layer.activation or layer.type)
            continue
        kernel, bias = (weights.get(f"{layer.name}/{name}") for name in ("kernel", "bias"))
        if layer.type != "Dense" or kernel is None or kernel.ndim != 2:  # noqa: PLR2004
            return []
        arrays = [None if one is None else np.asarray(one, np.float64) for one in (kernel, bias)]
        if not all(one is None or np.isfinite(one).all() for one in arrays):
            return []
        found.append(_Dense(layer.name, layer.activation, arrays[0], arrays[1]))  # type: ignore[arg-type]
    return found


def _names(spec: Spec, sizes: Sequence[int]) -> tuple[list[str], list[str]]:
    """What the inputs and the outputs are called."""
    inputs = [feature_name(spec, column) for column in range(sizes[0])]
    outputs: Sequence[str] = spec.class_names or spec.target_names
    if spec.class_names and sizes[-1] == 1:
        outputs = spec.class_names[1:2]  # one number speaks for the second of two classes
    return inputs, list(outputs) if len(outputs) == sizes[-1] else [""] * sizes[-1]


def _drawn(
    layers: Sequence[_Dense], sizes: Sequence[int], names: tuple[list[str], list[str]]
) -> Network:
    tallest = max(sizes)
    height = _TOP + tallest * _DOWN
    places = [
        [
            (_SIDE + number * _ACROSS, _TOP + (tallest - size) * _DOWN / 2 + (at + 0.5) * _DOWN)
            for at in range(size)
        ]
        for number, size in enumerate(sizes)
    ]
    largest = max(float(np.abs(layer.kernel).max()) for layer in layers) or 1.0
    is_labelled = sum(layer.kernel.size for layer in layers) <= LABELLED_LINES
    lines = [
        _line(start, end, float(layer.kernel[one, other]), largest)
        for layer, before, after in zip(layers, places[:-1], places[1:], strict=True)
        for one, start in enumerate(before)
        for other, end in enumerate(after)
    ]
    lines = _numbered(lines) if is_labelled else [replace(line, number="") for line in lines]
    # The thick ones lie above the others.
    lines.sort(key=lambda line: line.thickness)
    biases = [None, *(layer.bias for layer in layers)]
    called = ["input", *(layer.name for layer in layers)]
    nodes = [
        _node(place, at, bias, name)
        for column, bias, name in zip(places, biases, called, strict=True)
        for at, place in enumerate(column)
    ]
    return Network(
        tuple(nodes),
        tuple(lines),
        tuple(_texts(places, layers, names)),
        2 * _SIDE + len(layers) * _ACROSS,
        height,
    )


def _line(
    start: tuple[float, float],
    end: tuple[float, float],
    weight: float,
    largest: float,
) -> Line:
    """A weight from one node to another."""
    (x1, y1), (x2, y2) = start, end
    return Line(
        x1,
        y1,
        x2,
        y2,
        round(_THIN + (_THICK - _THIN) * abs(weight) / largest, 2),
        weight >= 0,
        f"weight {weight:.6g}",
        _number(weight),
    )


def _numbered(lines: Sequence[Line]) -> list[Line]:
    """Put the number of each weight on its line where it covers the others least."""
    spots = [
        [
            (one.x1 + at * (one.x2 - one.x1), one.y1 + at * (one.y2 - one.y1) - 4)
            for at in _NUMBER_AT
        ]
        for one in lines
    ]
    chosen = [places[0] for places in spots]
    for number in [*range(len(lines))] * _ROUNDS:
        others = [*chosen[:number], *chosen[number + 1 :]]
        chosen[number] = min(spots[number], key=lambda spot: sum(_covers(spot, o) for o in others))
    return [
        replace(line, number_x=x, number_y=y) for line, (x, y) in zip(lines, chosen, strict=True)
    ]


def _covers(one: tuple[float, float], other: tuple[float, float]) -> float:
    """On how large an area two numbers cover each other."""
    pairs = zip(one, other, _NUMBER_SIZE, strict=True)
    width, height = (max(size - abs(here - there), 0.0) for here, there, size in pairs)
    return width * height


def _node(
    place: tuple[float, float], at: int, bias: NDArray[np.float64] | None, layer: str
) -> Node:
    told = "" if bias is None else _number(float(bias[at]))
    title = f"{layer}, number {at + 1}"
    return Node(*place, told, title if bias is None else f"{title}: bias {bias[at]:.6g}")


def _texts(
    places: Sequence[Sequence[tuple[float, float]]],
    layers: Sequence[_Dense],
    names: tuple[list[str], list[str]],
) -> list[Text]:
    inputs, outputs = names
    beside = RADIUS + 7
    found = [
        Text(x - beside, y + 4, "end", cut(name)[:16])
        for (x, y), name in zip(places[0], inputs, strict=True)
    ]
    found += [
        Text(x + beside, y + 4, "start", cut(name)[:16])
        for (x, y), name in zip(places[-1], outputs, strict=True)
    ]
    above = [(places[0][0][0], "data")]
    above += [
        (column[0][0], layer.activation or layer.name)
        for column, layer in zip(places[1:], layers, strict=True)
    ]
    return [*found, *(Text(x, 13, "middle", cut(text)[:18]) for x, text in above)]


def _number(value: float) -> str:
    """Write a weight so that it fits into a node: `0.31`, `-2.4`, `150`."""
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:.3g}"  # noqa: PLR2004
    return text.replace("-0.00", "0.00")
