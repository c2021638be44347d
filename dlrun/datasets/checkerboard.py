"""A checkerboard on the unit square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.data.generators import (
    Drawn,
    Generator,
    check_number,
    check_whole,
    draw_dataset,
    seeded_generator,
)
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

ENOUGH_ROWS = 100  # so many rows are surely not all of one class


def sample(*, samples: int, test_samples: int, **_: Any) -> Sample:
    """Points of the plane in two classes, of which chance decides how many there are of each."""
    return Sample((2,), ("0", "1"), rows=samples, test_rows=test_samples, enough_rows=ENOUGH_ROWS)


def load_data(
    *,
    seed: int,
    samples: int = 1000,
    cells: int = 4,
    noise: float = 0.0,
    test_samples: int = 0,
) -> Dataset:
    """Points uniform in [0, 1)^2; the class is the colour of their cell.

    `y = (floor(cells * x1) + floor(cells * x2)) mod 2`, before the noise.

    Args:
        seed: Where the randomness comes from.
        samples: The number of training rows.
        cells: The number of cells along each side, at least 2.
        noise: The standard deviation of the Gaussian noise of each coordinate.
        test_samples: The number of fresh test rows of the same law.
    """
    import numpy as np

    check_whole("cells", cells, minimum=2)
    check_number("noise", noise, minimum=0)

    def law(generator: Generator, rows: int) -> Drawn:
        points = generator.random((rows, 2), dtype=np.float32)
        cell = np.floor(cells * points.astype(np.float64)).astype(np.int64)
        x = points + generator.normal(scale=noise, size=points.shape)
        return x, cell.sum(axis=1) % 2

    return draw_dataset(law, seeded_generator(seed), samples, test_samples, (0.0, 1.0))
