"""Splits rows into train, validation and test by seed, keeping the shares of the classes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, Samples, Scaling, Spec, Splits, StreamedArray
from dlrun.data.classes import check_more_than_one_class
from dlrun.data.rounding import rounded_wholes
from dlrun.data.scaling import apply_scaling, fit_scaling, to_float32
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.wording import count

STREAMS = {"test_split": 1, "validation_split": 2}
"""The `spawn_key` of each split's own random stream.

Datasets are drawn from the seed itself, so no split shares numbers with the data or with the
other split: asking for a test split does not change which random numbers choose the validation
rows.
"""


SHARED = {field.name for field in fields(Dataset)} & {field.name for field in fields(Spec)}
"""What a spec takes over from its dataset."""


def split_dataset(
    dataset: Dataset,
    *,
    validation_split: float | None,
    test_split: float | None,
    scale: Literal["standard", "minmax", "none"],
    seed: int,
    scaling: Scaling | None = None,
) -> Splits:
    """Split rows, then scale them by what the training rows tell.

    Test rows are taken first, validation rows from what is left; both keep the order that they
    had. Where there are classes each gives its share (largest remainder), and every class keeps a
    training row. A share is in (0, 1); without one, validation rows are none and test rows those
    that the dataset brings. What was fitted before (`scaling`) is applied again, else `scale` fits.
    """
    if len(dataset.train) == 0:
        raise DataError("the dataset has no rows.")
    check_more_than_one_class(dataset)
    train, validation, test = dataset.train, None, dataset.test
    if test_split:
        if test is not None:
            what = "The dataset brings test rows of its own."
            raise _split_error("test_split", what, "Leave test_split out.")
        train, test = _split(dataset, train, test_split, "test_split", seed)
    if validation_split:
        train, validation = _split(dataset, train, validation_split, "validation_split", seed)
    if scaling is None:
        scaling = fit_scaling(train.x, scale, images=dataset.image_shape is not None)
    classes = dataset.class_names is not None
    found = {"train": train, "validation": validation, "test": test}
    ready = {name: _ready(rows, scaling, classes=classes)
             for name, rows in found.items() if rows is not None}  # fmt: skip
    shared: dict[str, Any] = {name: getattr(dataset, name) for name in SHARED}
    rows = {name: len(samples) for name, samples in ready.items()}
    spec = Spec(input_shape=train.x.shape[1:], scaling=scaling, rows=rows, **shared)
    return Splits(
        ready["train"],
        ready.get("validation"),
        ready.get("test"),
        spec,
        dataset.streamed,
        notes=(*_scaling_notes(spec), *_rounding_notes(dataset, scaling)),
    )


def _scaling_notes(spec: Spec) -> list[str]:
    """What was scaled together; columns are scaled one by one, which nobody needs to be told."""
    shape, scaling = spec.input_shape, spec.scaling
    if scaling is None or len(shape) == 1:
        return []
    together = f"one number for all entries of {shape}"
    if len(scaling.offset) > 1:
        together = f"by feature, the last axis of {shape}; an image is {(*shape, 1)}"
    return [f"scale: {scaling.kind}, {together}"]


def _rounding_notes(dataset: Dataset, scaling: Scaling | None) -> list[str]:
    """Which columns lose digits that somebody may have meant; scaling in float64 keeps them."""
    notes = []
    if scaling is None:
        notes += rounded_wholes(
            dataset.train.x,
            dataset.feature_names,
            what="feature" if dataset.feature_names is None else "column",
            fix="Use 'dataset.scale', or subtract what they have in common.",
        )
    y = dataset.train.y
    if y is not None and dataset.class_names is None:
        fix = "Subtract what they have in common, or use a larger unit."
        notes += rounded_wholes(y, dataset.target_names, what="target", fix=fix)
    return notes


def allocate(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Share `total` rows out among classes of `counts` rows, by the largest remainder.

    Every class keeps at least one of its rows. Equal remainders are served in class order.
    """
    quotas = counts * (total / counts.sum())
    limits = np.maximum(counts - 1, 0)
    taken = np.minimum(np.floor(quotas), limits).astype(np.int64)
    while taken.sum() < total and (taken < limits).any():
        remainders = np.where(taken < limits, quotas - taken, -np.inf)
        taken[int(np.argmax(remainders))] += 1
    return np.asarray(taken)


def _split(
    dataset: Dataset, rows: Samples, share: float, key: str, seed: int
) -> tuple[Samples, Samples]:
    """The rows that stay, and those that are taken."""
    total = _rows_to_take(len(rows), share, key)
    stream = np.random.SeedSequence(seed, spawn_key=(STREAMS[key],))
    generator = np.random.Generator(np.random.PCG64(stream))
    taken = np.zeros(len(rows), dtype=bool)
    if dataset.class_names is None or rows.y is None:
        taken[generator.permutation(len(rows))[:total]] = True
    else:
        numbers = rows.y[:]
        counts = np.bincount(numbers, minlength=len(dataset.class_names))
        shares = allocate(counts, total)
        possible = shares.sum()
        if possible < total:
            what = (
                f"{share:g} of {count(len(rows), 'row')} is {total}, but only {possible} can be "
                "taken when every class keeps a training row."
            )
            raise _split_error(key, what, "Choose a smaller share.")
        for number, class_share in enumerate(shares):
            members = np.flatnonzero(numbers == number)
            taken[members[generator.permutation(len(members))[:class_share]]] = True
    return _pick(rows, ~taken), _pick(rows, taken)


def _rows_to_take(rows: int, share: float, key: str) -> int:
    if not 0 < share < 1:
        raise _split_error(key, f"{share:g} was given, a share between 0 and 1 was expected.", None)
    total = int(share * rows + 0.5)
    taken = f"{share:g} of {count(rows, 'row')}"
    if total == 0:
        raise _split_error(key, f"{taken} is no row at all.", "Choose a larger share.")
    if total >= rows:
        raise _split_error(key, f"{taken} leaves no training row.", "Choose a smaller share.")
    return total


def _ready(samples: Samples, scaling: Scaling | None, *, classes: bool) -> Samples:
    y = samples.y
    if y is not None and not classes:
        y = to_float32(y, "targets")
    if samples.streamed and y is not None and not isinstance(y, StreamedArray):
        # Class numbers are kept in memory; encoded for the loss they may be too large for it.
        y = StreamedArray(y.astype(np.uint16), changes=(_widened,))
    return Samples(apply_scaling(samples.x, scaling), y, samples.sample_weight)


def _widened(numbers: NDArray[np.uint16]) -> NDArray[np.int64]:
    return numbers.astype(np.int64)


def _pick(samples: Samples, chosen: NDArray[np.bool_]) -> Samples:
    arrays = (samples.x, samples.y, samples.sample_weight)
    picked: list[Any] = [None if array is None else _pick_rows(array, chosen) for array in arrays]
    return Samples(*picked)


def _pick_rows(array: Array, chosen: NDArray[np.bool_]) -> Any:
    return array.pick(chosen) if isinstance(array, StreamedArray) else array[chosen]


def _split_error(key: str, what: str, fix: str | None) -> ConfigError:
    return ConfigError(Problem(f"dataset.{key}", what, fix))
