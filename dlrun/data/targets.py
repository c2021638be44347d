"""What is seen of targets that are no classes: labels of 0 and 1, shares, or any numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlrun.catalog.losses import Targets
from dlrun.data.pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dlrun.arrays import Samples
    from dlrun.catalog.losses import TargetLabels

ROUNDING = 1e-3
"""How far from 1 the shares of a row may sum: decimals in a file are rounded."""


def look_at(splits: Iterable[Samples]) -> Targets:
    """Tell what targets hold.

    Args:
        splits: Rows with targets `(rows, ..., targets)`; those without tell nothing.
    """
    kinds: tuple[TargetLabels, ...] = ("one_hot", "flags", "shares", "fractions")
    holds = dict.fromkeys(kinds, True)
    below_zero = zero = False
    for samples in splits:
        for y in () if samples.y is None else pieces(samples.y):
            seen = _kinds(y)
            holds = {kind: held and seen[kind] for kind, held in holds.items()}
            below_zero |= bool((y < 0).any())
            zero |= bool((y == 0).any())
    labels: TargetLabels = next((kind for kind, held in holds.items() if held), "numbers")
    return Targets(labels, below_zero, zero)


def _kinds(y: NDArray[np.float32]) -> dict[str, bool]:
    flags = bool(((y == 0) | (y == 1)).all())
    fractions = flags or bool(((y >= 0) & (y <= 1)).all())
    several = y.ndim > 1 and y.shape[-1] > 1
    sums = y.sum(axis=-1, dtype=np.float64) if several and fractions else np.zeros(1)
    one_hot = flags and bool((sums == 1).all())
    shares = one_hot or bool((np.abs(sums - 1) < ROUNDING).all())
    return {"one_hot": one_hot, "flags": flags, "shares": shares, "fractions": fractions}
