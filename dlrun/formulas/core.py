"""Formulas of the layers that multiply or look up, and of those that change every entry alone."""

from typing import Any

import numpy as np

from dlrun.formulas.activations import activate, elu, relu, softmax
from dlrun.formulas.tape import value_of
from dlrun.formulas.working import (
    Place,
    WeightedSum,
    Weights,
    Working,
    formula_of,
    refuse,
    weighted_sum,
)
from dlrun.shapes.images import BY_CHANCE
from dlrun.shapes.layer import Layer


@formula_of("Dense")
def dense(layer: Layer, weights: Weights, x: Any) -> Working:
    """`y = activation(x · kernel + bias)`, `(..., features)` to `(..., units)`."""
    kernel, bias = weights["kernel"], weights.get("bias")  # (features, units), (units,)
    z = x @ kernel  # (..., units)
    if bias is not None:
        z = z + bias
    y, lines = activate(layer, z)

    def sum_at(place: Place) -> WeightedSum:
        *before, unit = place
        places = [(*before, index) for index in range(len(kernel))]
        added = None if bias is None else float(bias[unit])
        return weighted_sum(places, value_of(x)[tuple(before)], kernel[:, unit], added)

    line = "z[j] = Σ x[i] · kernel[i, j]" + ("" if bias is None else " + bias[j]")
    return Working(y, (line, *lines), {"z": z}, sum_at)


@formula_of("Embedding")
def embedding(layer: Layer, weights: Weights, x: Any) -> Working:
    """Look up the row of every number, `(...)` to `(..., output_dim)`."""
    if layer.value("mask_zero"):
        refuse(layer, "mask_zero: true")
    table = weights["embeddings"]  # (input_dim, output_dim)
    # In float32, as in training: 255 · (7 / 255) is 7 there, and less than 7 in float64.
    numbers = value_of(x).astype(np.float32).astype(int)  # (...)
    if ((numbers < 0) | (numbers >= len(table))).any():
        refuse(layer, f"an input beyond 0 to {len(table) - 1}")
    return Working(table[numbers], ("y[i] = embeddings[x[i]], the row of that number",))


@formula_of("Activation")
def activation(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """An activation by itself."""
    y, lines = activate(layer, x)
    return Working(y, tuple(line.replace("z", "x") for line in lines))


@formula_of("ReLU")
def rectified(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`x` from the threshold up, a slope below, no more than the maximum."""
    top, slope = layer.value("max_value"), layer.value("negative_slope") or 0.0
    low = layer.value("threshold") or 0.0
    below = f"{slope:g} · (x - {low:g})" if slope else "0"
    text = "max(x, 0)" if not slope and not low else f"x if x >= {low:g} else {below}"
    line = f"y = {text}" if top is None else f"y = min({text}, {top:g})"
    return Working(relu(x, slope, top, low), (line,))


@formula_of("LeakyReLU")
def leaky(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """A smaller slope below zero."""
    slope = layer.value("negative_slope")
    return Working(relu(x, slope), (f"y = x if x > 0 else {slope:g} x",))


@formula_of("ELU")
def exponential_linear(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """An exponential below zero (Clevert et al., 2015)."""
    alpha = layer.value("alpha")
    return Working(elu(x, alpha), (f"y = x if x > 0 else {alpha:g} (exp(x) - 1)",))


@formula_of("PReLU")
def prelu(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """A learned slope below zero (He et al., 2015)."""
    alpha = weights["alpha"]  # the shape of x, or 1 along the shared axes
    return Working(np.where(x > 0, x, alpha * x), ("y = x if x > 0 else alpha · x",))


@formula_of("Softmax")
def shares(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """Powers of e that sum to 1 along one axis or several."""
    return Working(softmax(x, layer.axes(x.shape)), ("y = exp(x) / Σ exp(x)",))


@formula_of("Rescaling")
def rescaling(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """`y = x · scale + offset`."""
    scale, offset = np.asarray(layer.value("scale")), np.asarray(layer.value("offset"))
    if scale.dtype.kind not in "if" or offset.dtype.kind not in "if":
        refuse(layer, "a scale or an offset that is not a number")
    words = f"{scale:g}" if scale.ndim == 0 else "scale"
    more = f"{offset:g}" if offset.ndim == 0 else "offset"
    return Working(x * scale + offset, (f"y = x · {words} + {more}",))


@formula_of("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout",
            "GaussianNoise", "Identity", "SpatialDropout1D", "SpatialDropout2D",
            "SpatialDropout3D", *BY_CHANCE)  # fmt: skip
def same(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """Layers that do something in training only."""
    acts = layer.type not in ("Identity", "ActivityRegularization")
    return Working(x, ("y = x: only training uses it" if acts else "y = x",))
