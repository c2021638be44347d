"""Weights of rows: classes that count more than others."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Samples
from dlrun.errors import ConfigError, Problem
from dlrun.wording import list_classes, quote

BALANCED = "balanced"
_PATH = "training.class_weight"


def weigh_classes(
    samples: Samples,
    numbers: NDArray[np.int64],
    class_names: tuple[str, ...] | None,
    class_weight: Mapping[str, float] | str | None,
) -> Samples:
    """Gives every training row the weight of its class, times the weight that it has already.

    Rows have class numbers, `(rows,)`. A class weighs what `class_weight` says by its name, else 1;
    `balanced` is the number of rows over (the number of classes times the rows of the class), as
    scikit-learn has it.
    """
    if class_weight is None:
        return samples
    if class_names is None:
        raise ConfigError(Problem(_PATH, "there are no classes: the target is a number."))
    if isinstance(class_weight, str):  # `balanced`
        counts = np.bincount(numbers, minlength=len(class_names))
        weights = len(numbers) / (len(class_names) * np.maximum(counts, 1))  # (classes,)
    else:
        unknown = [name for name in class_weight if name not in class_names]
        if unknown:
            what, fix = f"{quote(unknown[0])} is not a class.", list_classes(class_names)
            raise ConfigError(Problem(f"{_PATH}.{unknown[0]}", what, f"The classes are {fix}."))
        weights = np.array([class_weight.get(name, 1.0) for name in class_names])
    by_class, by_row = weights[numbers], samples.sample_weight  # (rows,)
    with np.errstate(over="ignore", under="ignore"):
        rows = by_class.astype(np.float32)
        if by_row is not None:
            rows = rows * by_row
    # Refuse weights that are infinite, or 0, only because float32 holds no others.
    meant = (by_class > 0) & (True if by_row is None else by_row > 0)
    lost = np.flatnonzero(~np.isfinite(rows) | ((rows < np.finfo(np.float32).tiny) & meant))
    if len(lost):
        row = int(lost[0])
        times = "" if by_row is None else f", times the row's own {by_row[row]:g},"
        what = f"the weight of a class, {by_class[row]:g}{times} is beyond the range of float32."
        fix = "Multiply all weights by one number: only their ratios count."
        raise ConfigError(Problem(_PATH, what, fix))
    return replace(samples, sample_weight=rows)
