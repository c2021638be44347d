"""Splits rows into train, validation and test, and scales them by what the training rows tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

<<<<<<< HEAD
from dlrun.arrays import Array, Dataset, Samples, Spec, Splits, StreamedArray
from dlrun.columns.column import CellError
from dlrun.columns.packing import entry_names, views
from dlrun.data.classes import check_more_than_one_class
from dlrun.data.columns import (
    check_missing,
    column_notes,
    fit_columns,
    pack_rows,
    wrong_cell,
)
=======
from dlrun.arrays import Dataset, Samples, Scaling, Spec, Splits, StreamedArray
from dlrun.data.classes import check_more_than_one_class
from dlrun.data.division import Division, divide
from dlrun.data.duplicates import duplicate_notes
>>>>>>> splits
from dlrun.data.rounding import rounded_wholes
from dlrun.data.scaling import apply_scaling, fit_scaling, to_float32
from dlrun.errors import DataError

SHARED = {field.name for field in fields(Dataset)} & {field.name for field in fields(Spec)}
"""What a spec takes over from its dataset."""


def split_dataset(
    dataset: Dataset,
    division: Division,
    *,
    scale: Literal["standard", "minmax", "none"],
<<<<<<< HEAD
    seed: int,
    layers: Sequence[Mapping[str, Any]] = (),
    told: Spec | None = None,
=======
    scaling: Scaling | None = None,
>>>>>>> splits
) -> Splits:
    """Split rows, see `divide`, then scale them by what the training rows tell.

    What was fitted before (`scaling`) is applied again, else `scale` fits.
    """
    if len(dataset.train) == 0:
        raise DataError("the dataset has no rows.")
    check_more_than_one_class(dataset)
<<<<<<< HEAD
    train, validation, test = dataset.train, None, dataset.test
    if test_split:
        if test is not None:
            what = "The dataset brings test rows of its own."
            raise _split_error("test_split", what, "Leave test_split out.")
        train, test = _split(dataset, train, test_split, "test_split", seed)
    if validation_split:
        train, validation = _split(dataset, train, validation_split, "validation_split", seed)
=======
    divided = divide(dataset, division)
    train, validation, test = divided.train, divided.validation, divided.test
    if scaling is None:
        scaling = fit_scaling(train.x, scale, images=dataset.image_shape is not None)
    classes = dataset.class_names is not None
>>>>>>> splits
    found = {"train": train, "validation": validation, "test": test}
    present = {name: rows for name, rows in found.items() if rows is not None}
    shared: dict[str, Any] = {name: getattr(dataset, name) for name in SHARED}
    spec = Spec(
        input_shape=train.x.shape[1:],
        rows={name: len(rows) for name, rows in present.items()},
        **shared,
    )
    if dataset.raw_columns is not None:
        spec = _with_columns(spec, dataset, train.x, scale=scale, layers=layers, told=told)
    elif told is not None:
        spec = replace(spec, scaling=told.scaling)
    else:
        images = dataset.image_shape is not None
        spec = replace(spec, scaling=fit_scaling(train.x, scale, images=images))
    ready = {name: _ready(rows, dataset, spec) for name, rows in present.items()}
    notes = (*dataset.notes, *_scaling_notes(spec), *_rounding_notes(dataset, spec))
    if told is None and dataset.raw_columns is not None:
        notes = (*notes, *column_notes(spec.columns or (), dataset.kinds))
    return Splits(
        ready["train"],
        ready.get("validation"),
        ready.get("test"),
        spec,
        dataset.streamed,
<<<<<<< HEAD
        notes=notes,
    )


def _with_columns(
    spec: Spec,
    dataset: Dataset,
    x: Array,
    *,
    scale: str,
    layers: Sequence[Mapping[str, Any]],
    told: Spec | None,
) -> Spec:
    """Complete a spec by the columns of a table, fitted to the training rows `x`."""
    if told is not None and told.columns is not None:
        columns, laid = told.columns, told.views
    else:
        columns = fit_columns(x, dataset.raw_columns or (), dataset.kinds, scale=scale)
        laid = views(columns, layers)
    check_missing(dataset, columns)
    names = entry_names(columns, laid)
    if not names:
        raise DataError(
            "no column is left for the network: all are ignored, constant or ids.",
            fix="Say what they are with `dataset.columns`.",
        )
    return replace(
        spec, columns=columns, views=laid, feature_names=names, input_shape=(len(names),)
=======
        notes=(
            *divided.notes,
            *duplicate_notes(dataset, divided),
            *_scaling_notes(spec),
            *_rounding_notes(dataset, scaling),
        ),
>>>>>>> splits
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


def _rounding_notes(dataset: Dataset, spec: Spec) -> list[str]:
    """Which columns lose digits that somebody may have meant; scaling in float64 keeps them."""
    notes = []
    if dataset.raw_columns is None and spec.scaling is None:
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


<<<<<<< HEAD
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


def _ready(samples: Samples, dataset: Dataset, spec: Spec) -> Samples:
=======
def _ready(samples: Samples, scaling: Scaling | None, *, classes: bool) -> Samples:
>>>>>>> splits
    y = samples.y
    if y is not None and spec.class_names is None:
        y = to_float32(y, "targets")
    if samples.streamed and y is not None and not isinstance(y, StreamedArray):
        # Class numbers are kept in memory; encoded for the loss they may be too large for it.
        y = StreamedArray(y.astype(np.uint16), changes=(_widened,))
    if dataset.raw_columns is None:
        return Samples(apply_scaling(samples.x, spec.scaling), y, samples.sample_weight)
    try:
        x = pack_rows(samples.x, dataset.raw_columns, spec.columns or (), spec.views)
    except CellError as error:
        raise wrong_cell(error, dataset, samples.x) from error
    return Samples(x, y, samples.sample_weight)


def _widened(numbers: NDArray[np.uint16]) -> NDArray[np.int64]:
    return numbers.astype(np.int64)
