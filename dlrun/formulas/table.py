"""Which function knows the formula of which layer: one word, one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.formulas import (
    convolutions,
    core,
    merging,
    normalizations,
    pooling,
    recurrent,
    reshaping,
)
from dlrun.formulas.working import NoFormulaError, Working, refuse
from dlrun.shapes.layer import NO_NUMBERS
from dlrun.shapes.outputs import MisfitError, UnknownShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dlrun.shapes.layer import Layer

LAYERS: Final[dict[str, Callable[..., Working]]] = {
    **core.LAYERS,
    **convolutions.LAYERS,
    **pooling.LAYERS,
    **normalizations.LAYERS,
    **recurrent.LAYERS,
    **merging.LAYERS,
    **reshaping.LAYERS,
}


def work_out(layer: Layer, weights: Mapping[str, NDArray[Any]], *xs: Any) -> Working:
    """Compute what a layer gives.

    Args:
        layer: The layer with its arguments.
        weights: Its weights by name.
        *xs: What it reads, one sample each.

    Raises:
        NoFormulaError: There is no formula for the layer, or for one of its arguments.
    """
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


def _time_distributed(layer: Layer, weights: Mapping[str, NDArray[Any]], x: Any) -> Working:
    """The same layer at every step."""
    inner = layer.inner("layer")
    steps = [work_out(inner, weights, x[step]) for step in range(x.shape[0])]
    between = {
        symbol: np.stack([step.between[symbol] for step in steps]) for symbol in steps[0].between
    }
    lines = (f"at every step t: {inner.type} of x[t]", *steps[0].formula)
    return Working(np.stack([step.output for step in steps]), lines, between)


LAYERS["TimeDistributed"] = _time_distributed
