"""Formulas of the layers that normalize."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.formulas.working import Weights, Working, formula_of, refuse
from dlrun.shapes.layer import Layer

UNIT_EPSILON: Final = 1e-12
KERAS_EPSILON: Final = 1e-7


@formula_of("BatchNormalization")
def batch_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the mean and the variance that training has kept (Ioffe and Szegedy, 2015)."""
    if layer.flag("renorm"):
        refuse(layer, "renorm: true")
    epsilon = layer.value("epsilon")
    mean, variance = (_along(layer, x, weights[f"moving_{name}"]) for name in ("mean", "variance"))
    line = f"z = (x - moving_mean) / sqrt(moving_variance + {epsilon:g})"
    return _scaled(layer, weights, x, (x - mean) / np.sqrt(variance + epsilon), line)


@formula_of("LayerNormalization")
def layer_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the mean and the variance of the sample itself, along the axes (Ba et al., 2016)."""
    if layer.arguments.get("rms_scaling"):
        refuse(layer, "rms_scaling: true")
    epsilon = layer.value("epsilon")
    line = f"z = (x - mean(x)) / sqrt(variance(x) + {epsilon:g})"
    return _scaled(layer, weights, x, _standardized(x, layer.axes(x.shape), epsilon), line)


@formula_of("GroupNormalization")
def group_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the mean and the variance of each group of channels (Wu and He, 2018)."""
    (axis,) = layer.axes(x.shape)
    channels, groups = x.shape[axis], layer.whole("groups", low=-1)
    groups = channels if groups == -1 else groups
    # The channels of a group stand side by side: (..., channels, ...) to (..., groups, each, ...).
    shape = (*x.shape[:axis], groups, channels // groups, *x.shape[axis + 1 :])
    others = tuple(number for number in range(len(shape)) if number != axis)
    epsilon = layer.value("epsilon")
    z = _standardized(x.reshape(shape), others, epsilon).reshape(x.shape)
    line = f"z = (x - mean) / sqrt(variance + {epsilon:g}), of each of {groups} groups of channels"
    return _scaled(layer, weights, x, z, line)


@formula_of("RMSNormalization")
def rms_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the root of the mean square (Zhang and Sennrich, 2019)."""
    epsilon = layer.value("epsilon")
    size = np.sqrt(np.mean(np.square(x), axis=layer.axes(x.shape), keepdims=True) + epsilon)
    y = x / size * _along(layer, x, weights["scale"])
    return Working(y, (f"y = scale · x / sqrt(mean(x²) + {epsilon:g})",))


@formula_of("UnitNormalization")
def unit_normalization(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """To the length 1 along the axes."""
    squares = np.sum(np.square(x), axis=layer.axes(x.shape), keepdims=True)
    length = np.sqrt(np.maximum(squares, UNIT_EPSILON**2))
    return Working(x / length, ("y = x / sqrt(Σ x²)",))


@formula_of("Normalization")
def given_normalization(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """By a mean and a variance that are written down."""
    axes = () if layer.value("axis") is None else layer.axes(x.shape)
    if len(axes) > 1:
        refuse(layer, "several axes")
    shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
    mean, variance = (
        np.broadcast_to(np.asarray(layer.value(name), dtype=np.float64).reshape(-1), shape[axes[0]])
        .reshape(shape) if axes else float(layer.value(name))
        for name in ("mean", "variance")
    )  # fmt: skip
    deviation = np.maximum(np.sqrt(variance), KERAS_EPSILON)
    if layer.flag("invert"):
        return Working(x * deviation + mean, ("y = x · sqrt(variance) + mean",))
    return Working((x - mean) / deviation, ("y = (x - mean) / sqrt(variance)",))


def _standardized(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    centred = x - np.mean(x, axis=tuple(axes), keepdims=True)
    variance = np.mean(np.square(centred), axis=tuple(axes), keepdims=True)
    return centred / np.sqrt(variance + epsilon)


def _along(layer: Layer, x: Any, weight: NDArray[Any]) -> NDArray[Any]:
    """Shape a weight so that it repeats over the axes that it does not have: 1 for each."""
    axes = layer.axes(x.shape)
    return weight.reshape([size if axis in axes else 1 for axis, size in enumerate(x.shape)])


def _scaled(layer: Layer, weights: Weights, x: Any, z: Any, line: str) -> Working:
    """Take z times gamma, plus beta, where the layer has them."""
    y, text = z, "z"
    if "gamma" in weights:
        y, text = y * _along(layer, x, weights["gamma"]), "gamma · z"
    if "beta" in weights:
        y, text = y + _along(layer, x, weights["beta"]), f"{text} + beta"
    return Working(y, (line, f"y = {text}"), {"z": z})
