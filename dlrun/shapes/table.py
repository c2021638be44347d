"""Which function knows the shape of which layer: one word, one function."""

from collections.abc import Callable
from functools import partial
from typing import Final

from dlrun.shapes import core, images, merging, normalizations, recurrent, reshaping
from dlrun.shapes.convolutions import CONVOLUTIONS
from dlrun.shapes.layer import Layer
from dlrun.shapes.outputs import Output, Shape
from dlrun.shapes.pooling import POOLING

ONE_INPUT: Final[dict[str, Callable[[Layer, Shape], Output]]] = {
    **core.LAYERS,
    **CONVOLUTIONS,
    **POOLING,
    **reshaping.LAYERS,
    **normalizations.LAYERS,
    **recurrent.LAYERS,
    **images.LAYERS,
}
"""Layers that read one other."""
ONE_INPUT["TimeDistributed"] = partial(recurrent.time_distributed, table=ONE_INPUT)

SEVERAL_INPUTS: Final = merging.LAYERS
"""Layers that read two others or more."""
