"""Rules about the graph of layers: what each layer reads exists, stands above it, and is used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dlrun.config.layers import DATA
from dlrun.errors import Problem
from dlrun.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlrun.config.schema import Experiment, LayerConfig

MERGING: Final = {
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract",
}  # fmt: skip
ATTENDING: Final = {"AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"}
PAIRING: Final = {"Dot", "Subtract"}
"""Merging layers that take exactly two."""
ONE_INPUT: Final = re.compile(
    r"(Depthwise|Separable)?Conv\dD(Transpose)?"
    r"|(Global|Adaptive)?(Average|Max)Pooling\dD"
    r"|(UpSampling|ZeroPadding|Cropping)\dD"
    r"|(Alpha|Gaussian|Spatial)?Dropout(\dD)?|GaussianNoise"
    r"|\w+Normalization"
    r"|Dense|EinsumDense|Embedding|Flatten|Reshape|Permute|RepeatVector"
    r"|Random\w+|Resizing|CenterCrop|AutoContrast|Solarization|CutMix|MixUp|RandAugment"
    r"|Activation|ReLU|LeakyReLU|PReLU|ELU|Softmax|Rescaling"
)


def inputs_exist(experiment: Experiment) -> Iterator[Problem]:
    """Every name in `inputs` is that of a layer or of the data."""
    names = dict.fromkeys([DATA, *(layer.name for layer in experiment.model.layers)])
    for index, layer in enumerate(experiment.model.layers):
        for position, name in enumerate(layer.inputs or ()):
            if name not in names:
                path = f"model.layers[{index}].inputs[{position}]"
                others = [other for other in names if other != layer.name]
                fix = did_you_mean(name, others) or f"The names here: {listed(others)}."
                yield Problem(path, f"There is no layer '{name}'.", fix)


def inputs_stand_above(experiment: Experiment) -> Iterator[Problem]:
    """A layer reads only layers above it, so there is no circle."""
    layers = experiment.model.layers
    number = {layer.name: index for index, layer in reversed(list(enumerate(layers)))}
    for index, layer in enumerate(layers):
        for position, name in enumerate(layer.inputs or ()):
            if number.get(name, -1) < index:
                continue
            path = f"model.layers[{index}].inputs[{position}]"
            circle = _way_back(layers, number, name, layer.name)
            if circle:
                shown = " -> ".join([*circle, circle[0]])
                what = f"The layers read each other in a circle: {shown}."
                yield Problem(path, what, "Cut it: a layer reads only layers above it.")
            else:
                what = f"The layer '{name}' stands below this one."
                yield Problem(path, what, "Move it up: a layer reads only layers above it.")


def outputs_are_read(experiment: Experiment) -> Iterator[Problem]:
    """Every layer but the last one feeds another."""
    *others, last = experiment.model.layers
    read = {name for layer in experiment.model.layers for name in layer.inputs or ()}
    for index, layer in enumerate(others):
        if layer.name not in read:
            what = f"No layer reads '{layer.name}', and the output is that of '{last.name}'."
            fix = "Name it in 'inputs' of a layer below, or remove it."
            yield Problem(f"model.layers[{index}]", what, fix)


def number_of_inputs_fits(experiment: Experiment) -> Iterator[Problem]:
    """Merging layers take several inputs, ordinary layers take one."""
    for index, layer in enumerate(experiment.model.layers):
        count = len(layer.inputs or ())
        path = f"model.layers[{index}].inputs"
        wanted = "exactly two" if layer.type in PAIRING else "two or more"
        too_many = layer.type in PAIRING and count != len("ab")
        if layer.type in MERGING and (count == 1 or too_many):
            what = f"{layer.type} takes {wanted} inputs, got {count}."
            yield Problem(path, what, "Name them, such as 'inputs: [a, b]'.")
        elif layer.type in ATTENDING and count not in (2, 3):
            what = f"{layer.type} takes two or three inputs (query, value, key), got {count}."
            yield Problem(path, what, "A layer attends to itself by 'inputs: [a, a]'.")
        elif count > 1 and ONE_INPUT.fullmatch(layer.type):
            what = f"{layer.type} takes one input, got {count}."
            yield Problem(path, what, "Put a layer such as Concatenate before it.")


def _way_back(
    layers: Sequence[LayerConfig], number: dict[str, int], start: str, goal: str
) -> list[str]:
    """The names on a way from a layer through its inputs to another; empty where there is none."""
    way = {start: [start]}
    for name in (queue := [start]):
        if name == goal:
            return way[name]
        for read in layers[number[name]].inputs or ():
            if read in number and read not in way:
                way[read] = [*way[name], read]
                queue.append(read)
    return []
