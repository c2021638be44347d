"""Exclusive or: the four corners of the unit square, classes on the diagonals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.data.arguments import check_number
from dlrun.data.drawing import draw_dataset, seeded_generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.arrays import Dataset

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def load_data(*, seed: int, samples: int = 4, noise: float = 0.0, test_samples: int = 0) -> Dataset:
    """Row `i` is corner `i mod 4` of 00 01 10 11 plus noise; the class is the exclusive or.

    Args:
        seed: Where the noise comes from.
        samples: The number of training rows; 4 without noise is the truth table.
        noise: The standard deviation of the Gaussian noise of each coordinate.
        test_samples: The number of fresh test rows of the same law.

    Returns:
        `x`, `(samples, 2)`, float32; `y`, `(samples,)`, class numbers.
    """
    check_number("noise", noise, minimum=0)

    def law(generator: np.random.Generator, rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
        corners = CORNERS[np.arange(rows) % len(CORNERS)]
        x = corners + generator.normal(scale=noise, size=corners.shape)
        return x, corners.sum(axis=1).astype(np.int64) % 2

    return draw_dataset(
        law,
        seeded_generator(seed),
        samples=samples,
        test_samples=test_samples,
        class_values=(0.0, 1.0),
    )
