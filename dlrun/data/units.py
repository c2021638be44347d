"""Entries of a row in the units of the data, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Spec
from dlrun.columns.packing import parts


def in_units(x: NDArray[Any], spec: Spec) -> NDArray[np.float64]:
    """Give rows, `(rows, *input_shape)`, in the units of the data, as they were before scaling."""
    values: NDArray[np.float64] = x.astype(np.float64)
    if spec.scaling is not None:
        return np.asarray(values * np.array(spec.scaling.factor) + np.array(spec.scaling.offset))
    for part in parts(spec.columns or (), spec.views):
        if not part.ids and part.begin < part.end:
            entries = slice(part.begin, part.end)
            values[:, entries] = part.column.in_units(values[:, entries])
    return values


def from_units(values: NDArray[np.float64], spec: Spec) -> NDArray[np.float64]:
    """Scale rows in the units of the data as the network takes them; undoes `in_units`."""
    if spec.scaling is not None:
        return (values - np.array(spec.scaling.offset)) / np.array(spec.scaling.factor)
    scaled = values.copy()
    for part in parts(spec.columns or (), spec.views):
        if not part.ids and part.begin < part.end:
            entries = slice(part.begin, part.end)
            scaled[:, entries] = part.column.from_units(values[:, entries])
    return scaled


def is_scaled(spec: Spec) -> bool:
    """Say whether the network gets numbers otherwise than they stand in the data."""
    if spec.scaling is not None:
        return True
    width = spec.input_shape[0] if spec.columns else 0
    probe = np.array([[0.0], [1.0]]) * np.ones(width)  # (2, width)
    return bool((in_units(probe, spec) != probe).any())
