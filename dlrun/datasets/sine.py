"""A sine wave: the smallest regression that a line cannot fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.data.generators import Drawn, Generator, check_number, draw_dataset, seeded_generator
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(*, samples: int, test_samples: int, **_: Any) -> Sample:
    """One column and one number."""
    return Sample((1,), target=(1,), rows=samples, test_rows=test_samples, is_regression=True)


def load_data(
    *,
    seed: int,
    samples: int = 200,
    frequency: float = 1.0,
    noise: float = 0.1,
    test_samples: int = 0,
) -> Dataset:
    """`y = sin(frequency * x) + noise`, with `x` uniform in [-pi, pi).

    Args:
        seed: Where the randomness comes from.
        samples: The number of training rows.
        frequency: The number of full waves in the interval.
        noise: The standard deviation of the Gaussian noise of `y`.
        test_samples: The number of fresh test rows of the same law.
    """
    import numpy as np

    check_number("frequency", frequency)
    check_number("noise", noise, minimum=0)

    def law(generator: Generator, rows: int) -> Drawn:
        x = generator.uniform(-np.pi, np.pi, size=(rows, 1))
        return x, np.sin(frequency * x) + generator.normal(scale=noise, size=x.shape)

    return draw_dataset(law, seeded_generator(seed), samples, test_samples)
