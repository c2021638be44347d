"""Entries of a row in the units of the data, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Spec
from dlrun.columns.packing import parts


def in_units(x: NDArray[Any], spec: Spec) -> NDArray[np.float64]:
    """Give rows, `(rows, *input_shape)`, in the units of the data, as they were before scaling.

    Of a zero of the data float32 leaves what it has lost of the shift and the scale: that is 0
    again.
    """
    origin, values = (_unscaled(one, spec) for one in (np.zeros_like(x[:1]), x))
    lost = np.finfo(np.float32).eps * np.maximum(np.abs(origin), np.abs(values - origin))
    return np.where(np.abs(values) <= lost, 0.0, values)


def _unscaled(x: NDArray[Any], spec: Spec) -> NDArray[np.float64]:
    values: NDArray[np.float64] = x.astype(np.float64)
    if spec.scaling is not None:
        return np.asarray(values * np.array(spec.scaling.factor) + np.array(spec.scaling.offset))
    for part in parts(spec.columns or (), spec.views):
        if not part.ids and part.begin < part.end:
            entries = slice(part.begin, part.end)
            values[..., entries] = _by_row(part.column.in_units, values[..., entries])
    return values


def from_units(values: NDArray[np.float64], spec: Spec) -> NDArray[np.float64]:
    """Scale rows in the units of the data as the network takes them; undoes `in_units`."""
    if spec.scaling is not None:
        return np.asarray((values - np.array(spec.scaling.offset)) / np.array(spec.scaling.factor))
    scaled = values.copy()
    for part in parts(spec.columns or (), spec.views):
        if not part.ids and part.begin < part.end:
            entries = slice(part.begin, part.end)
            scaled[..., entries] = _by_row(part.column.from_units, values[..., entries])
    return scaled


def _by_row(
    turn: Callable[[NDArray[Any]], NDArray[np.float64]], entries: NDArray[Any]
) -> NDArray[np.float64]:
    """Turn the entries of one column, `(rows, ..., entries)`: in a window each step is a row."""
    return turn(entries.reshape(-1, entries.shape[-1])).reshape(entries.shape)


@dataclass(frozen=True, eq=False)
class Formula:
    """What scales the entries of a row: `(x - offset) / factor`, of some of the logarithm.

    `offset` and `factor` are one number for all entries, or one for each of the last axis, float64.
    """

    logs: NDArray[np.bool_]  # (width,) or (1,): of which entries `sign(x) ln(1 + |x|)` is taken
    offset: NDArray[np.float64]
    factor: NDArray[np.float64]


def formula(spec: Spec) -> Formula | None:
    """Tell how entries are scaled; None where they are not.

    What is scaled otherwise, by ranks, and class numbers are left as the network takes them.
    """
    if spec.scaling is not None:
        offset, factor = np.array(spec.scaling.offset), np.array(spec.scaling.factor)
        return Formula(np.zeros(1, bool), offset, factor)
    if not spec.columns or not is_scaled(spec):
        return None
    # Which formula a kind of column has, it tells by what it makes of some numbers.
    probes = np.array([0.0, 1.0, -1.0, 2.5, 40.0])
    found = from_units(probes[:, None] * np.ones(spec.input_shape[-1]), spec)  # (probes, width)
    logs, low = np.zeros(found.shape[1], bool), found[0]
    slope = found[1] - low
    straight = np.isclose(found, low + probes[:, None] * slope, rtol=1e-9, atol=1e-9).all(axis=0)
    powers = np.sign(probes) * np.log1p(np.abs(probes))
    steep = slope / powers[1]
    logs = np.isclose(found, low + powers[:, None] * steep, rtol=1e-9, atol=1e-9).all(axis=0)
    logs &= ~straight
    slope = np.where(logs, steep, slope)
    known = (straight | logs) & (slope != 0)
    factor = np.where(known, 1 / np.where(known, slope, 1), 1.0)
    return Formula(logs, np.where(known, -low * factor, 0.0), factor)


def is_scaled(spec: Spec) -> bool:
    """Say whether the network gets numbers otherwise than they stand in the data."""
    if spec.scaling is not None:
        return True
    width = spec.input_shape[-1] if spec.columns else 0
    probe = np.array([[0.0], [1.0]]) * np.ones(width)  # (2, width)
    return bool((_unscaled(probe, spec) != probe).any())
