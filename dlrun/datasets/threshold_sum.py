"""Uniform rows whose class tells whether their sum exceeds a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlrun.data.generators import (
    Drawn,
    Generator,
    argument_error,
    check_number,
    check_whole,
    draw_dataset,
    seeded_generator,
)
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(
    *, samples: int, columns: int, labels: Sequence[int], test_samples: int, **_: Any
) -> Sample:
    """Two classes; the threshold decides whether any row is of the second."""
    check_whole("columns", columns, minimum=1)
    _check_labels(labels)
    names = tuple(f"{label:g}" for label in labels)
    return Sample((columns,), names, rows=samples, test_rows=test_samples, enough_rows=None)


def load_data(
    *,
    seed: int,
    samples: int = 250,
    columns: int = 2,
    threshold: float = 0.5,
    labels: Sequence[int] = (-1, 1),
    test_samples: int = 0,
) -> Dataset:
    """Rows uniform in [0, 1); the second class where `x.sum() > threshold`, else the first.

    Args:
        seed: Where the randomness comes from.
        samples: The number of training rows.
        columns: The number of columns.
        threshold: What the sum is compared with.
        labels: The numbers of the two classes, [-1, 1] or [0, 1].
        test_samples: The number of fresh test rows of the same law.
    """
    check_whole("columns", columns, minimum=1)
    check_number("threshold", threshold)
    _check_labels(labels)

    def law(generator: Generator, rows: int) -> Drawn:
        x = generator.random((rows, columns), dtype="float32")
        return x, (x.sum(axis=1, dtype="float64") > threshold).astype("int64")

    return draw_dataset(
        law, seeded_generator(seed), samples, test_samples, (float(labels[0]), float(labels[1]))
    )


def _check_labels(labels: Sequence[int]) -> None:
    given = list(labels) if isinstance(labels, list | tuple) else labels
    if given not in ([-1, 1], [0, 1]):
        raise argument_error("labels", given, "[-1, 1] or [0, 1]")
