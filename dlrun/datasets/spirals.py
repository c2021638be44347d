"""Spiral arms that wind around each other."""

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
from dlrun.datasets.samples import Sample, numbered

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(*, samples: int, arms: int, test_samples: int, **_: Any) -> Sample:
    """Points of the plane, one class per arm."""
    check_whole("arms", arms, minimum=2)
    return Sample((2,), numbered(arms), rows=samples, test_rows=test_samples)


def load_data(
    *,
    seed: int,
    samples: int = 500,
    arms: int = 2,
    turns: float = 1.5,
    noise: float = 0.02,
    test_samples: int = 0,
) -> Dataset:
    """Archimedean spirals, one arm per class: radius `r`, angle `2 pi (turns r + class / arms)`.

    The radii are uniform in [0, 1). The classes have equally many rows; the first ones get what
    is left over.

    Args:
        seed: Where the randomness comes from.
        samples: The number of training rows.
        arms: The number of arms, at least 2.
        turns: How often an arm winds around the middle.
        noise: The standard deviation of the Gaussian noise of each coordinate.
        test_samples: The number of fresh test rows of the same law.
    """
    import numpy as np

    check_whole("arms", arms, minimum=2)
    check_number("turns", turns)
    check_number("noise", noise, minimum=0)

    def law(generator: Generator, rows: int) -> Drawn:
        y = generator.permutation(np.arange(rows) % arms)
        radius = generator.random(rows)
        angle = 2 * np.pi * (turns * radius + y / arms)
        x = radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return x + generator.normal(scale=noise, size=x.shape), y

    return draw_dataset(
        law, seeded_generator(seed), samples, test_samples, tuple(map(float, range(arms)))
    )
