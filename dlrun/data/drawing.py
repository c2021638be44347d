"""Draws toy datasets from a seed; NumPy is imported when rows are drawn."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeAlias

from dlrun.arrays import Dataset, Samples
from dlrun.data.arguments import check_whole
from dlrun.errors import DataError
from dlrun.memory import excess

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


Generator: TypeAlias = "np.random.Generator"
Drawn: TypeAlias = "tuple[NDArray[Any], NDArray[Any]]"
Law: TypeAlias = "Callable[[Generator, int], Drawn]"


def seeded_generator(seed: int) -> Generator:
    """The generator of a dataset: PCG64, whose stream is the same on every machine."""
    import numpy as np  # noqa: PLC0415  light commands load this module

    return np.random.Generator(np.random.PCG64(seed))


def draw_dataset(
    law: Law,
    generator: Generator,
    samples: int,
    test_samples: int,
    class_values: tuple[float, ...] | None = None,
) -> Dataset:
    """Draw training rows, and then test rows of the same law; columns are `x1`, `x2`, ...

    The test rows are drawn last, so that their number does not change the training rows. The law,
    given a number of rows, returns `x`, `(rows, columns)`, and `y`: class numbers `(rows,)`, or
    values `(rows, targets)` for a regression, which has no `class_values`.
    """
    check_whole("samples", samples, minimum=1)
    check_whole("test_samples", test_samples, minimum=0)
    # A single row, drawn from a copy, tells what all of them would take.
    row_bytes = sum(array.nbytes for array in law(deepcopy(generator), 1))
    too_large = excess((samples + test_samples) * row_bytes)
    if too_large is not None:
        what = f"{samples + test_samples:,} rows take {too_large}."
        raise DataError(what, where="dataset.samples", fix="Ask for fewer rows.")
    train = _draw(law, generator, samples)
    return Dataset(
        train,
        _draw(law, generator, test_samples) if test_samples else None,
        class_names=None if class_values is None else tuple(f"{v:g}" for v in class_values),
        class_values=class_values,
        feature_names=numbered_names(train.x.shape[1]),
    )


def numbered_names(columns: int) -> tuple[str, ...]:
    """`x1`, `x2`, ...: the names of columns that have none of their own."""
    return tuple(f"x{number + 1}" for number in range(columns))


def _draw(law: Law, generator: Generator, rows: int) -> Samples:
    x, y = law(generator, rows)
    return Samples(x.astype("float32"), y.astype("int64" if y.ndim == 1 else "float32"))
