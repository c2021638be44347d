"""A small circle inside a large one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.data.generators import (
    Drawn,
    Generator,
    check_number,
    check_share,
    draw_dataset,
    seeded_generator,
)
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(*, samples: int, test_samples: int, **_: Any) -> Sample:
    """Points of the plane in two classes."""
    return Sample((2,), ("0", "1"), rows=samples, test_rows=test_samples)


def load_data(
    *,
    seed: int,
    samples: int = 500,
    noise: float = 0.05,
    factor: float = 0.5,
    test_samples: int = 0,
) -> Dataset:
    """Circles as scikit-learn's `make_circles` draws them, shuffled.

    Class 0 is `(cos t, sin t)`, class 1 is `factor * (cos t, sin t)`, with `t` evenly spaced in
    [0, 2 pi); half of the rows, rounded down, are of class 0.

    Args:
        seed: Where the order and the noise come from.
        samples: The number of training rows.
        noise: The standard deviation of the Gaussian noise of each coordinate.
        factor: The radius of the inner circle; the outer one has 1.
        test_samples: The number of fresh test rows of the same law.
    """
    import numpy as np

    check_number("noise", noise, minimum=0)
    check_share("factor", factor)

    def circle(rows: int) -> Any:  # (rows, 2), evenly spaced, radius 1
        angles = np.linspace(0, 2 * np.pi, rows, endpoint=False)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def law(generator: Generator, rows: int) -> Drawn:
        y = (np.arange(rows) >= rows // 2).astype(np.int64)
        x = np.concatenate([circle(rows // 2), factor * circle(rows - rows // 2)])
        order = generator.permutation(rows)
        return x[order] + generator.normal(scale=noise, size=x.shape), y[order]

    return draw_dataset(law, seeded_generator(seed), samples, test_samples, (0.0, 1.0))
