"""The way of one sample through a network, layer by layer, and what moves its output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.formulas.table import work_out
from dlrun.formulas.tape import Traced, gradient
from dlrun.formulas.working import NoFormulaError
from dlrun.shapes.layer import DATA, Layer
from dlrun.shapes.walk import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dlrun.formulas.working import Place, Working

FIX: Final = "The story ends here; `dlrun predict` and `dlrun weights` still work."


@dataclass(frozen=True)
class Node:
    """One layer of a network.

    Attributes:
        name: Its name.
        layer: Its class, arguments and inputs.
        weights: Its weights by name, float64.
    """

    name: str
    layer: Layer
    weights: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Stage:
    """One layer, worked out for one sample.

    Attributes:
        node: The layer.
        inputs: What it read, by the name of where that came from.
        working: What it computed.
    """

    node: Node
    inputs: tuple[tuple[str, NDArray[Any]], ...]
    working: Working


@dataclass(frozen=True)
class Story:
    """The way of one sample through a network.

    Attributes:
        stages: The layers up to the end, or up to the first one that has no formula.
        ending: Why it ends early, or None.
    """

    stages: tuple[Stage, ...]
    ending: NoFormulaError | None = None


def read_nodes(
    layers: Sequence[Mapping[str, Any]], weights: Mapping[str, Mapping[str, NDArray[Any]]]
) -> tuple[Node, ...]:
    """Put the layers of a config and their weights together.

    Args:
        layers: One mapping a layer, as `build_model` takes it.
        weights: The weights of each layer by name.
    """
    return tuple(
        Node(
            layer["name"],
            Layer(
                layer["type"],
                {key: value for key, value in layer.items() if key not in OURS},
                tuple(layer["inputs"]),
            ),
            {name: np.asarray(array, np.float64) for name, array in weights[layer["name"]].items()},
        )
        for layer in layers
    )


def follow(nodes: Sequence[Node], x: NDArray[Any]) -> Story:
    """Carry a sample through a network, in float64.

    Args:
        nodes: The layers, each behind those that it reads.
        x: The sample, `input_shape`.

    Returns:
        What every layer computed; it ends at the first layer that has no formula.
    """
    return _follow(nodes, np.asarray(x, np.float64))


def derivative(nodes: Sequence[Node], x: NDArray[Any], place: Place) -> NDArray[Any] | None:
    """Work out the derivative of one entry of the output by every entry of the input.

    Args:
        nodes: The layers; each has a formula.
        x: The sample, `input_shape`.
        place: Which entry of the output.

    Returns:
        The shape of `x`, float64, exact but for rounding; None where the output does not depend on
        the input by arithmetic, such as behind an Embedding, which looks it up.
    """
    start = Traced(x)
    story = _follow(nodes, start)
    if story.ending is not None:
        raise story.ending
    output = story.stages[-1].working.output
    return gradient(output[place], start) if isinstance(output, Traced) else None


def _follow(nodes: Sequence[Node], x: Any) -> Story:
    values: dict[str, Any] = {DATA: x}
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
