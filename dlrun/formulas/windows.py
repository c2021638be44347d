"""Windows that move over the axes of an image: which entries each one sees."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlrun.formulas.activations import activate
from dlrun.formulas.tape import value_of
from dlrun.formulas.working import Place, WeightedSum, Weights, Working, formula_of, weighted_sum
from dlrun.shapes.layer import Layer, known
from dlrun.shapes.windows import Window, kernel_window, pool_window


class Windows(NamedTuple):
    """What a window sees at each of its places."""

    seen: Any  # (*places, *sizes, channels): the entries, padding included
    # For each axis, (places, size): the input's index of each; beyond it is padding.
    origins: tuple[NDArray[np.int64], ...]
    inside: NDArray[np.bool_]  # (*places, *sizes): whether an entry is one of the input

    def places(self, place: Place) -> list[Place]:
        """Name the places in the input that a window sees, without the channel, row by row."""
        rows = (origin[at].tolist() for origin, at in zip(self.origins, place, strict=True))
        return list(itertools.product(*rows))


def channels_last(layer: Layer, x: Any) -> Any:
    """Turn a sample so that its channels stand behind the other axes: `(*sizes, channels)`."""
    return np.moveaxis(x, 0, -1) if layer.is_channels_first else x


def as_given(layer: Layer, y: Any) -> Any:
    """Undo `channels_last`."""
    return np.moveaxis(y, -1, 0) if layer.is_channels_first else y


def windows(x: Any, window: Window, fill: float = 0.0) -> Windows:
    """Move a window over a sample `(*sizes, channels)`, as TensorFlow does it.

    Beyond the sample stands `fill`.
    """
    rank = len(window.sizes)
    margins, origins, index = [], [], []
    inside = np.ones((1,) * (2 * rank), dtype=bool)
    sizes = x.shape[:-1]
    for size, wide, stride, gap, reach, count in zip(
        sizes, *window[:3], window.reach, known(window.places(sizes)), strict=True
    ):
        missing = max((count - 1) * stride + reach - size, 0)  # an odd rest goes behind
        before, after = missing // 2, missing - missing // 2
        if window.padding == "causal":
            before, after = reach - 1, 0
        margins.append((before, after))
        # At place p the k-th entry of the window is the input's p · stride + k · gap - before.
        origins.append(np.arange(count)[:, None] * stride + np.arange(wide) * gap - before)
    padded = np.pad(x, [*margins, (0, 0)], constant_values=fill) if any(map(any, margins)) else x
    for axis, (origin, (before, _)) in enumerate(zip(origins, margins, strict=True)):
        shape = [1] * (2 * rank)  # (*places, *sizes) with 1 for every other axis
        shape[axis], shape[rank + axis] = origin.shape
        index.append((origin + before).reshape(shape))
        is_in = (origin >= 0) & (origin < x.shape[axis])
        inside = inside & is_in.reshape(shape)
    return Windows(padded[tuple(index)], tuple(origins), inside)


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
