"""Weights by variable path: the form in which they are stored, hashed and loaded."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def get_weights(model: Any) -> dict[str, NDArray[Any]]:
    """Return a copy of every weight, trainable or not, by its path such as `dense/kernel`."""
    return {variable.path: np.array(variable.numpy()) for variable in model.weights}


def weight_layout(model: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return the shape and dtype of every weight by path: what a weights file must hold."""
    return {
        variable.path: (tuple(variable.shape), str(variable.dtype)) for variable in model.weights
    }


def set_weights(model: Any, weights: Mapping[str, NDArray[Any]]) -> None:
    """Fill the model with weights, one per path, whose names and shapes have been checked."""
    for variable in model.weights:
        variable.assign(weights[variable.path])
