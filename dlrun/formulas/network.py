"""The way of one sample through a network, layer by layer, and what moves its output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.formulas.table import work_out
from dlrun.formulas.tape import Traced, gradient
from dlrun.formulas.working import NoFormulaError, Place, Weights, Working
from dlrun.shapes.layer import DATA, Layer
from dlrun.shapes.walk import layer_of

FIX: Final = "The story ends here; `dlrun predict` and `dlrun weights` still work."


@dataclass(frozen=True)
class Node:
    """One layer of a network."""

    name: str
    layer: Layer
    weights: Weights  # float64


@dataclass(frozen=True)
class Stage:
    """One layer, worked out for one sample."""

    node: Node
    inputs: tuple[tuple[str, NDArray[Any]], ...]  # what it read, by where that came from
    working: Working


@dataclass(frozen=True)
class Story:
    """The way of one sample through a network."""

    stages: tuple[Stage, ...]  # up to the first layer that has no formula
    ending: NoFormulaError | None = None  # why it ends early


def read_nodes(
    layers: Sequence[Mapping[str, Any]], weights: Mapping[str, Weights]
) -> tuple[Node, ...]:
    """Put the layers of a config and their weights, by layer and name, together."""
    return tuple(
        Node(
            layer["name"],
            layer_of(layer),
            {name: np.asarray(array, np.float64) for name, array in weights[layer["name"]].items()},
        )
        for layer in layers
    )


def follow(nodes: Sequence[Node], x: NDArray[Any] | Traced) -> Story:
    """Carry a sample, `input_shape`, through a network, each layer behind those it reads.

    It is computed in float64, and ends at the first layer that has no formula.
    """
    values: dict[str, Any] = {DATA: x if isinstance(x, Traced) else np.asarray(x, np.float64)}
    stages: list[Stage] = []
    for node in nodes:
        inputs = [values[name] for name in node.layer.inputs]
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                working = work_out(node.layer, node.weights, *inputs)
        except NoFormulaError as error:
            return Story(tuple(stages), NoFormulaError(error.what, where=node.name, fix=FIX))
        values[node.name] = working.output
        named = tuple(zip(node.layer.inputs, inputs, strict=True))
        stages.append(Stage(node, named, working))
    return Story(tuple(stages))


def derivative(nodes: Sequence[Node], x: NDArray[Any], place: Place) -> NDArray[Any] | None:
    """Work out the derivative of one entry of the output, at a place, by every entry of the input.

    It has the shape of `x`, in float64, exact but for rounding; None where the output does not
    depend on the input by arithmetic, such as behind an Embedding, which looks it up.
    """
    start = Traced(x)
    story = follow(nodes, start)
    if story.ending is not None:
        raise story.ending
    output = story.stages[-1].working.output
    return gradient(output[place], start) if isinstance(output, Traced) else None
