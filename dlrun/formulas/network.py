"""The way of one sample through a network, layer by layer, and what moves its output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import View
from dlrun.formulas import (  # noqa: F401  each registers the layers that it knows
    core,
    merging,
    normalizations,
    recurrent,
    reshaping,
    windows,
)
from dlrun.formulas.tape import Traced, gradient
from dlrun.formulas.working import (
    LAYERS,
    NoFormulaError,
    Place,
    Weights,
    Working,
    formula_of,
    refuse,
)
from dlrun.shapes.input_readers import view_for
from dlrun.shapes.layer import (
    DATA,
    NO_NUMBERS,
    Layer,
    MisfitError,
    UnknownShapeError,
    layer_of,
)

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
class ForwardPass:
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


def follow(
    nodes: Sequence[Node], x: NDArray[Any] | Traced, views: Sequence[View] = ()
) -> ForwardPass:
    """Carry a sample, `input_shape`, through a network, each layer behind those it reads.

    It is computed in float64, and ends at the first layer that has no formula. `views` say what of
    the sample layers read by name.
    """
    values: dict[str, Any] = {DATA: x if isinstance(x, Traced) else np.asarray(x, np.float64)}
    row = values[DATA]
    stages: list[Stage] = []
    for node in nodes:
        found = [view_for(node.layer, name, views) for name in node.layer.inputs]
        inputs = [
            values[name] if view is None else row[view.begin : view.end].reshape(view.sample)
            for name, view in zip(node.layer.inputs, found, strict=True)
        ]
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                working = work_out(node.layer, node.weights, *inputs)
        except NoFormulaError as error:
            return ForwardPass(tuple(stages), NoFormulaError(error.what, where=node.name, fix=FIX))
        values[node.name] = working.output
        named = tuple(zip(node.layer.inputs, inputs, strict=True))
        stages.append(Stage(node, named, working))
    return ForwardPass(tuple(stages))


def derivative(
    nodes: Sequence[Node], x: NDArray[Any], place: Place, views: Sequence[View] = ()
) -> NDArray[Any] | None:
    """Work out the derivative of one entry of the output, at a place, by every entry of the input.

    It has the shape of `x`, in float64, exact but for rounding; None where the output does not
    depend on the input by arithmetic, such as behind an Embedding, which looks it up.
    """
    start = Traced(x)
    forward_pass = follow(nodes, start, views)
    if forward_pass.ending is not None:
        raise forward_pass.ending
    output = forward_pass.stages[-1].working.output
    return gradient(output[place], start) if isinstance(output, Traced) else None


def work_out(layer: Layer, weights: Weights, *xs: Any) -> Working:
    """Compute what a layer makes of one sample of each of its inputs, if it has a formula."""
    if layer.type not in LAYERS:
        raise NoFormulaError(f"dlrun has no formula for {layer.type}.")
    if layer.arguments.get("dtype") not in (None, "float32"):
        refuse(layer, f"dtype: {layer.arguments['dtype']}")
    for name in NO_NUMBERS:
        if layer.arguments.get(name) is not None:
            refuse(layer, name)
    try:
        return LAYERS[layer.type](layer, weights, *xs)
    except (UnknownShapeError, MisfitError, KeyError) as error:
        what = f"dlrun cannot read the arguments or the weights of {layer.type}."
        raise NoFormulaError(what) from error


@formula_of("TimeDistributed")
def time_distributed(layer: Layer, weights: Weights, x: Any) -> Working:
    """The same layer at every step."""
    inner = layer.inner("layer")
    steps = [work_out(inner, weights, x[step]) for step in range(x.shape[0])]
    between = {
        symbol: np.stack([step.between[symbol] for step in steps]) for symbol in steps[0].between
    }
    lines = (f"at every step t: {inner.type} of x[t]", *steps[0].formula)
    return Working(np.stack([step.output for step in steps]), lines, between)
