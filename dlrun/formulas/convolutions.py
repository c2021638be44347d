"""Formulas of convolutions: plain, depthwise and separable, over one to three axes."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.formulas.activations import activate
from dlrun.formulas.tape import value_of
from dlrun.formulas.windows import Windows, as_given, channels_last, windows
from dlrun.formulas.working import Place, WeightedSum, Weights, Working, formula_of, weighted_sum
from dlrun.shapes.layer import Layer
from dlrun.shapes.windows import Window, kernel_window


@formula_of("Conv1D", "Conv2D", "Conv3D")
def convolution(layer: Layer, weights: Weights, x: Any) -> Working:
    """`(*sizes, channels)` to `(*places, filters)`.

    Each filter sums what its window sees, times its kernel. With groups, the channels are dealt
    out, and every group of filters reads channels of its own.
    """
    kernel, bias = weights["kernel"], weights.get("bias")  # (*window, read, filters), (filters,)
    seen = windows(channels_last(layer, x), kernel_window(layer))
    groups = seen.seen.shape[-1] // kernel.shape[-2]
    read, given = kernel.shape[-2], kernel.shape[-1] // groups  # channels and filters of a group
    parts = [
        _slide(seen.seen[..., read * n : read * (n + 1)], kernel[..., given * n : given * (n + 1)])
        for n in range(groups)
    ]
    z = parts[0] if groups == 1 else np.concatenate(parts, -1)  # (*places, filters)

    def sum_at(place: Place) -> WeightedSum:
        at = (place[1:], place[0]) if layer.is_channels_first else (place[:-1], place[-1])
        first = at[1] // given * read
        return _sum(layer, seen, kernel[..., at[1]], bias, at=at, first=first)

    line = "z[p, f] = Σ x[p · strides + k, c] · kernel[k, c, f]"
    return _finished(layer, z, bias, line, sum_at)


@formula_of("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise(layer: Layer, weights: Weights, x: Any) -> Working:
    """`(*sizes, channels)` to `(*places, depth_multiplier * channels)`, each by itself."""
    z = _each_channel(channels_last(layer, x), weights["kernel"], kernel_window(layer))
    line = "z[p, c, d] = Σ x[p · strides + k, c] · kernel[k, c, d], channels side by side"
    return _finished(layer, z, weights.get("bias"), line, None)


@formula_of("SeparableConv1D", "SeparableConv2D")
def separable(layer: Layer, weights: Weights, x: Any) -> Working:
    """`(*sizes, channels)` to `(*places, filters)` (Chollet, 2017).

    Each channel is convolved by itself; then a product at every place mixes the channels.
    """
    window = kernel_window(layer)
    each = _each_channel(channels_last(layer, x), weights["depthwise_kernel"], window)
    pointwise = weights["pointwise_kernel"]  # (1, ..., depth_multiplier * channels, filters)
    z = each @ pointwise.reshape(pointwise.shape[-2:])  # (*places, filters)
    line = "z = (each channel convolved with depthwise_kernel) · pointwise_kernel"
    return _finished(layer, z, weights.get("bias"), line, None)


def _slide(seen: Any, kernel: NDArray[Any]) -> Any:
    """Multiply `(*places, *sizes, channels)` with `(*sizes, channels, filters)`."""
    flat = kernel.reshape(-1, kernel.shape[-1])  # (sizes * channels, filters)
    places = seen.shape[: seen.ndim - kernel.ndim + 1]
    return seen.reshape((*places, len(flat))) @ flat  # (*places, filters)


def _each_channel(x: Any, kernel: NDArray[Any], window: Window) -> Any:
    """Convolve every channel with kernels of its own, `(*sizes, channels, depth)`."""
    seen = windows(x, window).seen  # (*places, *sizes, channels)
    rank = len(window.sizes)
    products = seen[..., None] * kernel  # (*places, *sizes, channels, depth)
    z = np.sum(products, axis=tuple(range(rank, 2 * rank)))  # (*places, channels, depth)
    return z.reshape((*z.shape[:rank], z.shape[-1] * z.shape[-2]))  # channels side by side


def _finished(
    layer: Layer,
    z: Any,
    bias: NDArray[Any] | None,
    line: str,
    sum_at: Callable[[Place], WeightedSum] | None,
) -> Working:
    """Add the bias and apply the activation."""
    if bias is not None:
        z, line = z + bias, f"{line} + bias"
    y, lines = activate(layer, as_given(layer, z))
    return Working(y, (line, *lines), {"z": as_given(layer, z)}, sum_at)


def _sum(
    layer: Layer,
    seen: Windows,
    kernel: NDArray[Any],
    bias: NDArray[Any] | None,
    *,
    at: tuple[Place, int],
    first: int,
) -> WeightedSum:
    """Work out one entry; what stands in the padding is left out, for it is 0."""
    place, filter_ = at
    read = kernel.shape[-1]
    is_inside = np.repeat(seen.inside[place].reshape(-1), read)  # (terms,)
    x = value_of(seen.seen)[place][..., first : first + read].reshape(-1)[is_inside]
    places = [
        (channel, *where) if layer.is_channels_first else (*where, channel)
        for where, channel in itertools.product(seen.places(place), range(first, first + read))
    ]
    kept = list(itertools.compress(places, is_inside))
    added = None if bias is None else float(bias[filter_])
    return weighted_sum(kept, x, kernel.reshape(-1)[is_inside], added)
