"""Splits rows into train, validation and test, and scales them by what the training rows tell."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, Scaling, Spec, Splits, StreamedArray
from dlrun.data.classes import check_more_than_one_class
from dlrun.data.division import Division, divide
from dlrun.data.duplicates import duplicate_notes
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
    scaling: Scaling | None = None,
) -> Splits:
    """Split rows, see `divide`, then scale them by what the training rows tell.

    What was fitted before (`scaling`) is applied again, else `scale` fits.
    """
    if len(dataset.train) == 0:
        raise DataError("the dataset has no rows.")
    check_more_than_one_class(dataset)
    divided = divide(dataset, division)
    train, validation, test = divided.train, divided.validation, divided.test
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
        notes=(
            *divided.notes,
            *duplicate_notes(dataset, divided),
            *_scaling_notes(spec),
            *_rounding_notes(dataset, scaling),
        ),
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
