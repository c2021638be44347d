"""Which function knows the shape of which layer: one word, one function."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dlrun.shapes import (
    convolutions,
    core,
    images,
    merging,
    normalizations,
    pooling,
    recurrent,
    reshaping,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlrun.shapes.layer import Layer
    from dlrun.shapes.outputs import Output, Shape

UNCHANGED: Final = (
    "Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "ELU", "GaussianDropout",
    "GaussianNoise", "Identity", "LeakyReLU", "Masking", "ReLU", "Rescaling", "Softmax",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
)  # fmt: skip

ONE_INPUT: Final[dict[str, Callable[[Layer, Shape], Output]]] = {
    **dict.fromkeys(UNCHANGED, core.unchanged),
    "Dense": core.dense,
    "Embedding": core.embedding,
    "PReLU": core.prelu,
    **convolutions.LAYERS,
    **pooling.LAYERS,
    **reshaping.LAYERS,
    **normalizations.LAYERS,
    **recurrent.LAYERS,
    **images.LAYERS,
}
"""Layers that read one other."""
ONE_INPUT["TimeDistributed"] = partial(recurrent.time_distributed, table=ONE_INPUT)

SEVERAL_INPUTS: Final = merging.LAYERS
"""Layers that read two others or more."""
