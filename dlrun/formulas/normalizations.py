"""Formulas of the layers that normalize."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.formulas.working import Working, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from dlrun.shapes.layer import Layer

    Weights = Mapping[str, NDArray[Any]]

UNIT_EPSILON: Final = 1e-12
KERAS_EPSILON: Final = 1e-7


def batch_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the mean and the variance that training has kept."""
    if layer.flag("renorm"):
        refuse(layer, "renorm: true")
    kept = {name: _along(layer, x, weight) for name, weight in weights.items()}
    epsilon = layer.value("epsilon")
    centred = (x - kept["moving_mean"]) / np.sqrt(kept["moving_variance"] + epsilon)
    line = f"z = (x - moving_mean) / sqrt(moving_variance + {epsilon:g})"
    return _scaled(kept, centred, line)


def layer_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the mean and the variance of the sample itself."""
    if layer.arguments.get("rms_scaling"):
        refuse(layer, "rms_scaling: true")
    axes = tuple(layer.axis(axis, x.shape) for axis in layer.wholes("axis"))
    epsilon = layer.value("epsilon")
    line = f"z = (x - mean(x)) / sqrt(variance(x) + {epsilon:g})"
    kept = {name: _along(layer, x, weight) for name, weight in weights.items()}
    return _scaled(kept, _standardized(x, axes, epsilon), line)


def group_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the mean and the variance of each group of channels."""
    (axis,) = (layer.axis(axis, x.shape) for axis in layer.wholes("axis"))
    channels, groups = x.shape[axis], layer.whole("groups", low=-1)
    groups = channels if groups == -1 else groups
    shape = (*x.shape[:axis], groups, channels // groups, *x.shape[axis + 1 :])
    others = tuple(number for number in range(len(shape)) if number != axis)
    epsilon = layer.value("epsilon")
    centred = _standardized(x.reshape(shape), others, epsilon).reshape(x.shape)
    line = f"z = (x - mean) / sqrt(variance + {epsilon:g}), of each of {groups} groups of channels"
    kept = {name: _along(layer, x, weight) for name, weight in weights.items()}
    return _scaled(kept, centred, line)


def rms_normalization(layer: Layer, weights: Weights, x: Any) -> Working:
    """By the root of the mean square."""
    axes = tuple(layer.axis(axis, x.shape) for axis in layer.wholes("axis"))
    epsilon = layer.value("epsilon")
    size = np.sqrt(np.mean(np.square(x), axis=axes, keepdims=True) + epsilon)
    y = x / size * _along(layer, x, weights["scale"])
    return Working(y, (f"y = scale · x / sqrt(mean(x²) + {epsilon:g})",))


def unit_normalization(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """To the length 1."""
    axes = tuple(layer.axis(axis, x.shape) for axis in layer.wholes("axis"))
    length = np.sqrt(np.maximum(np.sum(np.square(x), axis=axes, keepdims=True), UNIT_EPSILON**2))
    return Working(x / length, ("y = x / sqrt(Σ x²)",))


def given_normalization(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """By a mean and a variance that are written down."""
    axes = () if layer.value("axis") is None else layer.wholes("axis")
    if len(axes) > 1:
        refuse(layer, "several axes")
    shape = [1] * x.ndim
    for axis in axes:
        at = layer.axis(axis, x.shape)
        shape[at] = x.shape[at]
    mean, variance = (
        np.broadcast_to(np.asarray(layer.value(name), dtype=np.float64).reshape(-1), shape[at])
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
    """A weight in the shape that repeats it over the axes that it does not have."""
    axes = [layer.axis(axis, x.shape) for axis in layer.wholes("axis")]
    return weight.reshape([size if axis in axes else 1 for axis, size in enumerate(x.shape)])


def _scaled(weights: Weights, z: Any, line: str) -> Working:
    """Times gamma, plus beta, where the layer has them."""
    y, text = z, "z"
    if "gamma" in weights:
        y, text = y * weights["gamma"], "gamma · z"
    if "beta" in weights:
        y, text = y + weights["beta"], f"{text} + beta"
    return Working(y, (line, f"y = {text}"), {"z": z})


LAYERS: Final[dict[str, Callable[[Layer, Weights, Any], Working]]] = {
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "GroupNormalization": group_normalization,
    "RMSNormalization": rms_normalization,
    "UnitNormalization": unit_normalization,
    "Normalization": given_normalization,
}
