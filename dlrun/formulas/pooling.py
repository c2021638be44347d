"""Formulas of pooling layers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.formulas.windows import Moves, as_given, channels_last, windows
from dlrun.formulas.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dlrun.shapes.layer import Layer

    Weights = Mapping[str, NDArray[Any]]


def max_pooling(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:  # noqa: ARG001
    """The largest entry of each window."""
    seen = windows(channels_last(layer, x), _moves(layer, rank), fill=-np.inf).seen
    flat = seen.reshape((*seen.shape[:rank], -1, seen.shape[-1]))
    y = np.max(flat, axis=rank)
    return Working(
        as_given(layer, y), ("y[p, c] = max of x[p · strides + k, c] over the window k",)
    )


def average_pooling(layer: Layer, weights: Weights, x: Any, *, rank: int) -> Working:  # noqa: ARG001
    """The mean of each window; what reaches beyond the input does not count."""
    seen = windows(channels_last(layer, x), _moves(layer, rank))
    inner = tuple(range(rank, 2 * rank))
    count = seen.inside.sum(axis=inner)[..., None]
    y = np.sum(seen.seen, axis=inner) / count
    return Working(
        as_given(layer, y), ("y[p, c] = mean of x[p · strides + k, c] over the window k",)
    )


def global_pooling(layer: Layer, weights: Weights, x: Any, *, rank: int, word: str) -> Working:  # noqa: ARG001
    """One number for each channel."""
    last = channels_last(layer, x)
    flat = last.reshape((-1, last.shape[-1]))
    y = np.max(flat, axis=0) if word == "max" else np.mean(flat, axis=0)
    if layer.flag("keepdims"):
        y = as_given(layer, y.reshape(((1,) * rank) + y.shape))
    return Working(y, (f"y[c] = {word} of x[p, c] over all places p",))


def _moves(layer: Layer, rank: int) -> Moves:
    sizes = layer.window("pool_size", rank)
    strides = sizes if layer.value("strides") is None else layer.window("strides", rank)
    return Moves(sizes, strides, (1,) * rank, layer.choice("padding", "valid", "same"))


LAYERS: Final[dict[str, Callable[[Layer, Weights, Any], Working]]] = {
    **{f"MaxPooling{rank}D": partial(max_pooling, rank=rank) for rank in (1, 2, 3)},
    **{f"AveragePooling{rank}D": partial(average_pooling, rank=rank) for rank in (1, 2, 3)},
    **{
        f"Global{kind}Pooling{rank}D": partial(global_pooling, rank=rank, word=word)
        for kind, word in (("Max", "max"), ("Average", "mean"))
        for rank in (1, 2, 3)
    },
}
