"""Exclusive or: the four corners of the unit square, classes on the diagonals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.data.generators import Drawn, Generator, check_number, draw_dataset, seeded_generator
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))


def sample(*, samples: int, test_samples: int, **_: Any) -> Sample:
    """Points of the plane in two classes."""
    return Sample((2,), ("0", "1"), rows=samples, test_rows=test_samples)


def load_data(*, seed: int, samples: int = 4, noise: float = 0.0, test_samples: int = 0) -> Dataset:
    """Row `i` is corner `i mod 4` of 00 01 10 11 plus noise; the class is the exclusive or.

    Args:
        seed: Where the noise comes from.
        samples: The number of training rows; 4 without noise is the truth table.
        noise: The standard deviation of the Gaussian noise of each coordinate.
        test_samples: The number of fresh test rows of the same law.
    """
    import numpy as np

    check_number("noise", noise, minimum=0)

    def law(generator: Generator, rows: int) -> Drawn:
        corners = np.array(CORNERS)[np.arange(rows) % len(CORNERS)]  # (rows, 2)
        x = corners + generator.normal(scale=noise, size=corners.shape)
        return x, corners.sum(axis=1).astype(np.int64) % 2

    return draw_dataset(law, seeded_generator(seed), samples, test_samples, (0.0, 1.0))
