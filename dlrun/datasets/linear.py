"""A linear regression whose weights are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlrun.data.generators import (
    Drawn,
    Generator,
    argument_error,
    check_number,
    draw_dataset,
    seeded_generator,
)
from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset


def sample(*, samples: int, weights: Sequence[float], test_samples: int, **_: Any) -> Sample:
    """One column per weight, and one number."""
    _check_weights(weights)
    return Sample(
        (len(weights),), target=(1,), rows=samples, test_rows=test_samples, is_regression=True
    )


def load_data(
    *,
    seed: int,
    samples: int = 200,
    weights: Sequence[float] = (2.0, -3.0),
    bias: float = 1.0,
    noise: float = 0.1,
    test_samples: int = 0,
) -> Dataset:
    """`y = x @ weights + bias + noise`, with standard normal `x`.

    This is scikit-learn's `make_regression` with weights of one's own.

    Args:
        seed: Where the randomness comes from.
        samples: The number of training rows.
        weights: One weight per column; what the network should find.
        bias: The value at the origin.
        noise: The standard deviation of the Gaussian noise of `y`.
        test_samples: The number of fresh test rows of the same law.
    """
    import numpy as np

    _check_weights(weights)
    check_number("bias", bias)
    check_number("noise", noise, minimum=0)

    def law(generator: Generator, rows: int) -> Drawn:
        x = generator.normal(size=(rows, len(weights)))
        y = (x * np.array(weights, dtype=np.float64)).sum(axis=1, keepdims=True) + bias
        return x, y + generator.normal(scale=noise, size=y.shape)

    return draw_dataset(law, seeded_generator(seed), samples, test_samples)


def _check_weights(weights: Sequence[float]) -> None:
    if not isinstance(weights, list | tuple) or len(weights) == 0:
        raise argument_error("weights", weights, "a list of numbers")
    for number, weight in enumerate(weights):
        check_number(f"weights[{number}]", weight)
