"""Which function knows the formula of which layer: one word, one function."""

from typing import Any

import numpy as np

from dlrun.formulas import (  # noqa: F401  each registers the layers that it knows
    convolutions,
    core,
    merging,
    normalizations,
    pooling,
    recurrent,
    reshaping,
)
from dlrun.formulas.working import LAYERS, NoFormulaError, Weights, Working, formula_of, refuse
from dlrun.shapes.layer import NO_NUMBERS, Layer
from dlrun.shapes.outputs import MisfitError, UnknownShapeError


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
