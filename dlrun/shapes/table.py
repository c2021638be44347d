"""Loads every function that knows the shape of a layer."""

from dlrun.shapes import (  # noqa: F401  each registers the layers that it knows
    convolutions,
    core,
    images,
    merging,
    normalizations,
    pooling,
    recurrent,
    reshaping,
)
from dlrun.shapes.layer import ONE_INPUT, SEVERAL_INPUTS

__all__ = ["ONE_INPUT", "SEVERAL_INPUTS"]
