"""What is seen of targets that are no classes: labels of 0 and 1, shares, or any numbers."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Samples
from dlrun.catalog.losses import TargetLabels, Targets
from dlrun.data.pieces import pieces

if TYPE_CHECKING:
    from dlrun.arrays import Array

ROUNDING = 1e-3
"""How far from 1 the shares of a row may sum: decimals in a file are rounded."""


def look_at(splits: Iterable[Samples]) -> Targets:
    """Sees what the targets of splits hold; those without any tell nothing."""
    return see(*(samples.y for samples in splits if samples.y is not None))


def see(*targets: "Array") -> Targets:
    """Sees what targets `(rows, ..., targets)` are, all of them together."""
    kinds: tuple[TargetLabels, ...] = ("one_hot", "flags", "shares", "fractions")
    below_zero = zero = False
    for y in (piece for array in targets for piece in pieces(array)):
        flags = bool(((y == 0) | (y == 1)).all())
        fractions = flags or bool(((y >= 0) & (y <= 1)).all())
        several = y.ndim > 1 and y.shape[-1] > 1
        one_hot = flags and several and bool(is_single_one(y).all())
        shares = one_hot or (fractions and several and _sum_to_one(y))
        held = {"one_hot": one_hot, "flags": flags, "shares": shares, "fractions": fractions}
        kinds = tuple(kind for kind in kinds if held[kind])
        below_zero |= bool((y < 0).any())
        zero |= bool((y == 0).any())
    return Targets(kinds[0] if kinds else "numbers", below_zero, zero)


def _sum_to_one(y: NDArray[Any]) -> bool:
    sums = y.sum(axis=-1, dtype=np.float64)  # (rows, ...)
    return bool((np.abs(sums - 1) < ROUNDING).all())


def is_single_one(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Tells which rows `(rows, columns)` are a single 1 among zeros: `(rows,)`."""
    zero_or_one = ((y == 0) | (y == 1)).all(axis=-1)
    return np.asarray(zero_or_one & (y.sum(axis=-1) == 1))
