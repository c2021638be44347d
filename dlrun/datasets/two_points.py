"""Two points of the plane, one per class: six rows, the smallest classification there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

LABELS = (0, 1, 0, 1, 1, 1)


def sample(**_: Any) -> Sample:
    """Points of the plane in two classes."""
    return Sample((2,), ("0", "1"), rows=len(LABELS))


def load_data(*, seed: int) -> Dataset:  # noqa: ARG001  the rows are fixed
    """Six rows: [0, 0] is class 0, [1, 1] is class 1, in the order 0 1 0 1 1 1.

    Args:
        seed: Not used.
    """
    import numpy as np

    from dlrun.arrays import Dataset, Samples

    y = np.array(LABELS, dtype=np.int64)
    x = np.stack([y, y], axis=1).astype(np.float32)
    return Dataset(
        Samples(x, y),
        class_names=("0", "1"),
        class_values=(0.0, 1.0),
        feature_names=("x1", "x2"),
    )
