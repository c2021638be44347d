"""The way of a sample through the layers of a config, told without building them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dlrun.errors import Problem
from dlrun.shapes.layer import DATA, Layer
from dlrun.shapes.outputs import MisfitError, Output, UnknownShapeError, unknown
from dlrun.shapes.table import ONE_INPUT, SEVERAL_INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.shapes.outputs import Shape, Weight

OURS: Final = ("type", "name", "inputs", "weights", "trainable")
"""The keys of a layer that are no arguments of the Keras class."""


@dataclass(frozen=True)
class Step:
    """One layer on the way.

    Attributes:
        name: Its name.
        type: The Keras class.
        inputs: The names of what it reads.
        taken: The shapes of that; None where one is not known.
        shape: What it gives for one sample; None where that is not known.
        weights: What it keeps; None where that is not known.
        problem: Why it cannot take its input, if it cannot.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    taken: tuple[Shape, ...] | None = None
    shape: Shape | None = None
    weights: tuple[Weight, ...] | None = None
    problem: Problem | None = None


def walk(layers: Sequence[Mapping[str, Any]], sample: Shape | None) -> tuple[Step, ...]:
    """Carry the shape of a sample through a stack or a graph of layers.

    Args:
        layers: One mapping a layer: `type`, `name`, `inputs` (names of layers above, or `input`
            for the data), `trainable`, and the layer's own arguments, defaults filled in.
        sample: The shape of one sample, or None where it is not known.

    Returns:
        One step a layer. What comes after a layer that is not in the table, or that cannot take
        its input, has no shape: that is found when the model is built.
    """
    shapes = {DATA: sample}
    steps = []
    for index, layer in enumerate(layers):
        taken = tuple(shapes.get(name) for name in layer["inputs"] or ())
        step = _step(index, layer, taken)
        shapes[step.name] = None if step.name in shapes else step.shape  # two of one name: either
        steps.append(step)
    return tuple(steps)


def _step(index: int, mapping: Mapping[str, Any], taken: tuple[Shape | None, ...]) -> Step:
    arguments = {key: value for key, value in mapping.items() if key not in OURS}
    layer = Layer(mapping["type"], arguments, tuple(mapping["inputs"] or ()))
    shapes = tuple(shape for shape in taken if shape is not None)
    if len(shapes) < len(taken):
        return Step(mapping["name"], layer.type, layer.inputs)
    output, problem = None, None
    try:
        output = _output(layer, shapes)
    except MisfitError as error:
        argument = f".{error.argument}" if error.argument else ""
        problem = Problem(f"model.layers[{index}]{argument}", error.what, error.fix)
    except UnknownShapeError:
        pass
    if output is None:
        return Step(mapping["name"], layer.type, layer.inputs, shapes, problem=problem)
    weights = tuple(
        weight._replace(trainable=weight.trainable and bool(mapping["trainable"]))
        for weight in output.weights
    )
    return Step(mapping["name"], layer.type, layer.inputs, shapes, output.shape, weights)


def _output(layer: Layer, shapes: tuple[Shape, ...]) -> Output:
    if layer.type in SEVERAL_INPUTS and len(shapes) > 1:
        return SEVERAL_INPUTS[layer.type](layer, *shapes)
    if layer.type in ONE_INPUT and len(shapes) == 1:
        return ONE_INPUT[layer.type](layer, shapes[0])
    return unknown()
