"""Windows that move over the axes of an image: which entries each one sees."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.formulas.working import Place
    from dlrun.shapes.layer import Layer


class Moves(NamedTuple):
    """How a window moves.

    Attributes:
        sizes: Of the window, along each axis.
        strides: How far it moves.
        gaps: The distance of neighbours in it; 1 without dilation.
        padding: `valid`, `same` or `causal`.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    gaps: tuple[int, ...]
    padding: str


class Windows(NamedTuple):
    """What a window sees.

    Attributes:
        seen: `(*places, *sizes, channels)`: the entries, padding included.
        origins: For each axis, `(places, size)`: the input's index of each; beyond it is padding.
        inside: `(*places, *sizes)`: whether an entry is one of the input.
    """

    seen: Any
    origins: tuple[NDArray[np.int64], ...]
    inside: NDArray[np.bool_]

    def places(self, place: Place) -> list[Place]:
        """The places in the input that a window sees, without the channel, row by row."""
        rows = (origin[at].tolist() for origin, at in zip(self.origins, place, strict=True))
        return list(itertools.product(*rows))


def channels_last(layer: Layer, x: Any) -> Any:
    """The sample with its channels behind the other axes."""
    return np.moveaxis(x, 0, -1) if layer.is_channels_first else x


def as_given(layer: Layer, y: Any) -> Any:
    """Undo `channels_last`."""
    return np.moveaxis(y, -1, 0) if layer.is_channels_first else y


def windows(x: Any, moves: Moves, fill: float = 0.0) -> Windows:
    """Move a window over a sample, as TensorFlow does it.

    Args:
        x: `(*sizes, channels)`.
        moves: How it moves.
        fill: What stands where the window reaches beyond the sample.
    """
    rank = len(moves.sizes)
    margins, origins, index = [], [], []
    inside = np.ones((1,) * (2 * rank), dtype=bool)
    for size, wide, stride, gap in zip(x.shape[:-1], *moves[:3], strict=True):
        reach = (wide - 1) * gap + 1
        before, after = _margins(size, reach, stride, moves.padding)
        count = (size + before + after - reach) // stride + 1
        margins.append((before, after))
        origins.append(np.arange(count)[:, None] * stride + np.arange(wide) * gap - before)
    padded = np.pad(x, [*margins, (0, 0)], constant_values=fill) if any(map(any, margins)) else x
    for axis, (origin, (before, _)) in enumerate(zip(origins, margins, strict=True)):
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = origin.shape
        index.append((origin + before).reshape(shape))
        is_in = (origin >= 0) & (origin < x.shape[axis])
        inside = inside & is_in.reshape(shape)
    return Windows(padded[tuple(index)], tuple(origins), inside)


def _margins(size: int, reach: int, stride: int, padding: str) -> tuple[int, int]:
    """What is added before and behind an axis."""
    if padding == "causal":
        return reach - 1, 0
    if padding == "valid":
        return 0, 0
    places = -(-size // stride)
    missing = max((places - 1) * stride + reach - size, 0)
    return missing // 2, missing - missing // 2
