"""Windows that move over the axes of an image: which entries each one sees."""

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlrun.formulas.working import Place
from dlrun.shapes.layer import Layer
from dlrun.shapes.outputs import known
from dlrun.shapes.windows import Window


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
