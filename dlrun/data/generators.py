"""Draws toy datasets from a seed; NumPy is imported when rows are drawn."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeAlias

from dlrun.errors import ConfigError, DataError, Problem
from dlrun.memory import excess

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from dlrun.arrays import Dataset, Samples


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
    from dlrun.arrays import Dataset  # noqa: PLC0415  light commands load this module

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
    from dlrun.arrays import Samples  # noqa: PLC0415  the same

    x, y = law(generator, rows)
    return Samples(x.astype("float32"), y.astype("int64" if y.ndim == 1 else "float32"))


def check_whole(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> None:
    """Raise a `ConfigError` at `dataset.<name>` unless `value` is a whole number in range."""
    if maximum is None:
        expected = f"a whole number of at least {minimum}"
    else:
        expected = f"a whole number from {minimum} to {maximum}"
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= minimum
    if not fits or (maximum is not None and value > maximum):
        raise argument_error(name, value, expected)


def check_number(name: str, value: Any, *, minimum: float | None = None) -> None:
    """Raise a `ConfigError` at `dataset.<name>` unless `value` is a finite number in range."""
    expected = "a number" if minimum is None else f"a number of at least {minimum:g}"
    if not _is_number(value) or (minimum is not None and value < minimum):
        raise argument_error(name, value, expected)


def check_share(name: str, value: Any) -> None:
    """Raise a `ConfigError` at `dataset.<name>` unless `0 <= value < 1`."""
    if not _is_number(value) or not 0 <= value < 1:
        raise argument_error(name, value, "a number from 0 to 1, and not 1")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def argument_error(name: str, value: Any, expected: str) -> ConfigError:
    """The error for a value that an argument of a dataset cannot have."""
    return ConfigError(Problem(f"dataset.{name}", f"{value!r} was given, {expected} was expected."))
