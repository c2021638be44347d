"""Two interleaving half circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.data.generators import Drawn, Generator, check_number, draw_dataset, seeded_generator
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(*, samples: int, test_samples: int, **_: Any) -> Sample:
    """Points of the plane in two classes."""
    return Sample((2,), ("0", "1"), rows=samples, test_rows=test_samples)


def load_data(
    *, seed: int, samples: int = 500, noise: float = 0.1, test_samples: int = 0
) -> Dataset:
    """Half circles as scikit-learn's `make_moons` draws them, shuffled.

    Class 0 is `(cos t, sin t)`, class 1 is `(1 - cos t, 1/2 - sin t)`, with `t` evenly spaced in
    [0, pi]; half of the rows, rounded down, are of class 0.

    Args:
        seed: Where the order and the noise come from.
        samples: The number of training rows.
        noise: The standard deviation of the Gaussian noise of each coordinate.
        test_samples: The number of fresh test rows of the same law.
    """
    import numpy as np

    check_number("noise", noise, minimum=0)

    def law(generator: Generator, rows: int) -> Drawn:
        y = (np.arange(rows) >= rows // 2).astype(np.int64)
        outer, inner = np.linspace(0, np.pi, rows // 2), np.linspace(0, np.pi, rows - rows // 2)
        x = np.concatenate(
            [
                np.stack([np.cos(outer), np.sin(outer)], axis=1),
                np.stack([1 - np.cos(inner), 0.5 - np.sin(inner)], axis=1),
            ]
        )
        order = generator.permutation(rows)
        return x[order] + generator.normal(scale=noise, size=x.shape), y[order]

    return draw_dataset(law, seeded_generator(seed), samples, test_samples, (0.0, 1.0))
