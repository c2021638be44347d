"""Round clouds of points, one per class."""

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

BOX = 10.0


def sample(*, samples: int, centers: int, columns: int, test_samples: int, **_: Any) -> Sample:
    """One class per cloud."""
    check_whole("centers", centers, minimum=2)
    check_whole("columns", columns, minimum=1)
    return Sample((columns,), numbered(centers), rows=samples, test_rows=test_samples)


def load_data(
    *,
    seed: int,
    samples: int = 300,
    centers: int = 3,
    columns: int = 2,
    cluster_std: float = 1.0,
    test_samples: int = 0,
) -> Dataset:
    """Gaussian clouds as scikit-learn's `make_blobs` draws them, shuffled.

    The centers are uniform in [-10, 10) along each axis and shared by training and test rows.
    The classes have equally many rows; the first ones get what is left over.

    Args:
        seed: Where the randomness comes from.
        samples: The number of training rows.
        centers: The number of clouds, at least 2.
        columns: The number of columns.
        cluster_std: The standard deviation of the clouds along each axis.
        test_samples: The number of fresh test rows of the same law.
    """
    check_whole("centers", centers, minimum=2)
    check_whole("columns", columns, minimum=1)
    check_number("cluster_std", cluster_std, minimum=0)
    generator = seeded_generator(seed)
    middle = generator.uniform(-BOX, BOX, size=(centers, columns))

    def law(generator: Generator, rows: int) -> Drawn:
        y = generator.permutation(rows) % centers  # equally many of each class
        return generator.normal(loc=middle[y], scale=cluster_std), y

    return draw_dataset(law, generator, samples, test_samples, tuple(map(float, range(centers))))
