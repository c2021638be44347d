"""Formulas of pooling layers."""

from typing import Any

import numpy as np

from dlrun.formulas.windows import as_given, channels_last, windows
from dlrun.formulas.working import Weights, Working, formula_of
from dlrun.shapes.layer import Layer
from dlrun.shapes.windows import pool_window


@formula_of("MaxPooling1D", "MaxPooling2D", "MaxPooling3D")
def max_pooling(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """The largest entry of each window."""
    seen = windows(channels_last(layer, x), pool_window(layer), fill=-np.inf).seen
    flat = seen.reshape((*seen.shape[: layer.rank], -1, seen.shape[-1]))
    y = np.max(flat, axis=layer.rank)  # (*places, window, channels) to (*places, channels)
    line = "y[p, c] = max of x[p · strides + k, c] over the window k"
    return Working(as_given(layer, y), (line,))


@formula_of("AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
def average_pooling(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """The mean of each window, without padding."""
    seen = windows(channels_last(layer, x), pool_window(layer))
    inner = tuple(range(layer.rank, 2 * layer.rank))
    count = seen.inside.sum(axis=inner)[..., None]  # (*places, 1)
    y = np.sum(seen.seen, axis=inner) / count  # (*places, channels)
    line = "y[p, c] = mean of x[p · strides + k, c] over the window k"
    return Working(as_given(layer, y), (line,))


@formula_of("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
            "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")  # fmt: skip
def global_pooling(layer: Layer, weights: Weights, x: Any) -> Working:  # noqa: ARG001
    """One number for each channel: its largest or its mean."""
    last = channels_last(layer, x)
    flat = last.reshape((-1, last.shape[-1]))  # (places, channels)
    is_max = layer.type.startswith("GlobalMax")
    y = np.max(flat, axis=0) if is_max else np.mean(flat, axis=0)  # (channels,)
    if layer.flag("keepdims"):
        y = as_given(layer, y.reshape(((1,) * layer.rank) + y.shape))
    return Working(y, (f"y[c] = {'max' if is_max else 'mean'} of x[p, c] over all places p",))
