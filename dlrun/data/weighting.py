"""Weights of rows: classes that count more than others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dlrun.errors import ConfigError, Problem
from dlrun.wording import list_classes, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dlrun.arrays import Samples

BALANCED = "balanced"

_PATH = "training.class_weight"


def weigh_classes(
    samples: Samples,
    numbers: NDArray[np.int64],
    class_names: tuple[str, ...] | None,
    class_weight: Mapping[str, float] | str | None,
) -> Samples:
    """Give every row the weight of its class, times the weight that it has already.

    Args:
        samples: The training rows.
        numbers: The class number of each, `(rows,)`.
        class_names: The classes, in the order of their numbers.
        class_weight: A weight per class name (1 where a name is missing); or `balanced`: the
            number of rows over (the number of classes times the rows of the class), as
            scikit-learn has it; or None.

    Returns:
        The rows with `sample_weight` set, or as they were.

    Raises:
        ConfigError: There are no classes, or a name is none of theirs.
    """
    if class_weight is None:
        return samples
    if class_names is None:
        raise ConfigError(Problem(_PATH, "there are no classes: the target is a number."))
    if class_weight == BALANCED:
        counts = np.bincount(numbers, minlength=len(class_names))
        weights = len(numbers) / (len(class_names) * np.maximum(counts, 1))
    else:
        weights = _named_weights(dict(class_weight), class_names)  # type: ignore[arg-type]
    with np.errstate(over="ignore", under="ignore"):
        rows = weights[numbers].astype(np.float32)
        if samples.sample_weight is not None:
            rows = rows * samples.sample_weight
    _check_range(rows, weights[numbers], samples.sample_weight)
    return replace(samples, sample_weight=rows)


def _check_range(
    rows: NDArray[np.float32],
    by_class: NDArray[np.float64],
    by_row: NDArray[np.float32] | None,
) -> None:
    """Refuse weights that are infinite, or 0, only because float32 holds no others."""
    meant = (by_class > 0) & (True if by_row is None else by_row > 0)
    lost = np.flatnonzero(~np.isfinite(rows) | ((rows < np.finfo(np.float32).tiny) & meant))
    if len(lost):
        row = int(lost[0])
        times = "" if by_row is None else f", times the row's own {by_row[row]:g},"
        raise ConfigError(
            Problem(
                _PATH,
                f"the weight of a class, {by_class[row]:g}{times} is beyond the range of float32.",
                "Multiply all weights by one number: only their ratios count.",
            )
        )


def _named_weights(
    class_weight: dict[str, float], class_names: tuple[str, ...]
) -> NDArray[np.float64]:
    unknown = [name for name in class_weight if name not in class_names]
    if unknown:
        raise ConfigError(
            Problem(
                f"{_PATH}.{unknown[0]}",
                f"{quote(unknown[0])} is not a class.",
                f"The classes are {list_classes(class_names)}.",
            )
        )
    return np.array([class_weight.get(name, 1.0) for name in class_names])
