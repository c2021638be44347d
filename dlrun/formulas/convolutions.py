"""Formulas of convolutions: plain, depthwise and separable, over one to three axes."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.formulas.activations import activate
from dlrun.formulas.tape import value_of
from dlrun.formulas.windows import Moves, Windows, as_given, channels_last, windows
from dlrun.formulas.working import Place, WeightedSum, Working, weighted_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dlrun.shapes.layer import Layer

    Weights = Mapping[str, NDArray[Any]]


def convolution(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:
    """`(*sizes, channels)` to `(*places, filters)`."""
    kernel, bias = weights["kernel"], weights.get("bias")
    seen = windows(channels_last(layer, x), _moves(layer, rank))
    groups = seen.seen.shape[-1] // kernel.shape[-2]
    read, given = kernel.shape[-2], kernel.shape[-1] // groups
    parts = [
        _slide(seen.seen[..., read * n : read * (n + 1)], kernel[..., given * n : given * (n + 1)])
        for n in range(groups)
    ]
    z = parts[0] if groups == 1 else np.concatenate(parts, -1)

    def sum_at(place: Place) -> WeightedSum:
        at = (place[1:], place[0]) if layer.is_channels_first else (place[:-1], place[-1])
        first = at[1] // given * read
        return _sum(layer, seen, kernel[..., at[1]], bias, at=at, first=first)

    line = "z[p, f] = Σ x[p · strides + k, c] · kernel[k, c, f]"
    return _finished(layer, z, bias, line, sum_at)


def depthwise(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:
    """`(*sizes, channels)` to `(*places, depth_multiplier * channels)`."""
    moves = _moves(layer, rank)
    z = _each_channel(channels_last(layer, x), weights["kernel"], moves)
    line = "z[p, c, d] = Σ x[p · strides + k, c] · kernel[k, c, d], channels side by side"
    return _finished(layer, z, weights.get("bias"), line, None)


def separable(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:
    """`(*sizes, channels)` to `(*places, filters)`: each channel by itself, then mixed."""
    moves = _moves(layer, rank)
    each = _each_channel(channels_last(layer, x), weights["depthwise_kernel"], moves)
    pointwise = weights["pointwise_kernel"]
    z = each @ pointwise.reshape(pointwise.shape[-2:])
    line = "z = (each channel convolved with depthwise_kernel) · pointwise_kernel"
    return _finished(layer, z, weights.get("bias"), line, None)


def _moves(layer: Layer, rank: int) -> Moves:
    names = ("kernel_size", "strides", "dilation_rate")
    sizes, strides, gaps = (layer.window(name, rank) for name in names)
    return Moves(sizes, strides, gaps, layer.choice("padding", "valid", "same", "causal"))


def _slide(seen: Any, kernel: NDArray[Any]) -> Any:
    """`(*places, *sizes, channels)` with `(*sizes, channels, filters)` to `(*places, filters)`."""
    flat = kernel.reshape(-1, kernel.shape[-1])
    places = seen.shape[: seen.ndim - kernel.ndim + 1]
    return seen.reshape((*places, len(flat))) @ flat


def _each_channel(x: Any, kernel: NDArray[Any], moves: Moves) -> Any:
    """Convolve every channel with kernels of its own; the result's channels stand side by side."""
    seen = windows(x, moves).seen
    rank = len(moves.sizes)
    products = seen[..., None] * kernel
    z = np.sum(products, axis=tuple(range(rank, 2 * rank)))
    return z.reshape((*z.shape[:rank], z.shape[-1] * z.shape[-2]))


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
    is_inside = np.repeat(seen.inside[place].reshape(-1), read)
    x = value_of(seen.seen)[place][..., first : first + read].reshape(-1)[is_inside]
    places = [
        (channel, *where) if layer.is_channels_first else (*where, channel)
        for where, channel in itertools.product(seen.places(place), range(first, first + read))
    ]
    kept = [one for one, is_in in zip(places, is_inside, strict=True) if is_in]
    added = None if bias is None else float(bias[filter_])
    return weighted_sum(kept, x, kernel.reshape(-1)[is_inside], added)


LAYERS: Final[dict[str, Callable[[Layer, Weights, Any], Working]]] = {
    **{f"Conv{rank}D": partial(convolution, rank=rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": partial(depthwise, rank=rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": partial(separable, rank=rank) for rank in (1, 2)},
}
