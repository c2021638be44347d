"""The majority function: are there more ones than zeros among the bits?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.data.generators import check_whole, numbered_names
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

MOST_BITS = 16


def sample(*, bits: int, **_: Any) -> Sample:
    """One column per bit."""
    check_whole("bits", bits, minimum=1, maximum=MOST_BITS)
    return Sample((bits,), ("0", "1"), rows=2**bits)


def load_data(*, seed: int, bits: int = 3) -> Dataset:  # noqa: ARG001  the rows are fixed
    """All numbers of some bits, in counting order; class 1 where ones outnumber zeros.

    With three bits: 000 001 010 011 100 101 110 111, labels 0 0 0 1 0 1 1 1. As many ones as
    zeros is class 0.

    Args:
        seed: Not used.
        bits: The number of bits, from 1 to 16.
    """
    import numpy as np

    from dlrun.arrays import Dataset, Samples

    check_whole("bits", bits, minimum=1, maximum=MOST_BITS)
    numbers = np.arange(2**bits)[:, np.newaxis]
    # (rows, bits), the highest bit first
    x = (numbers >> np.arange(bits)[::-1]) & 1
    y = (2 * x.sum(axis=1) > bits).astype(np.int64)
    return Dataset(
        Samples(x.astype(np.float32), y),
        class_names=("0", "1"),
        class_values=(0.0, 1.0),
        feature_names=numbered_names(bits),
    )
