"""Splits rows into train, validation and test, and scales them by what the training rows tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Literal

from dlrun.arrays import Array, Dataset, Samples, Spec, Splits, StreamedArray
from dlrun.column import CellError
from dlrun.columns.packing import entry_names, sample_of, views, ways_to_read, width_of
from dlrun.data.classes import check_more_than_one_class, held_numbers
from dlrun.data.columns import (
    are_unscaled,
    check_missing,
    column_notes,
    fit_columns,
    pack_rows,
    wrong_cell,
)
from dlrun.data.division import Division, divide
from dlrun.data.duplicates import duplicate_notes
from dlrun.data.links import leaks
from dlrun.data.origins import origins_of
from dlrun.data.rounding import rounded_wholes
from dlrun.data.scaling import apply_scaling, fit_scaling, to_float32
from dlrun.data.series_splitting import split_series
from dlrun.errors import DataError

SHARED = {field.name for field in fields(Dataset)} & {field.name for field in fields(Spec)}
"""What a spec takes over from its dataset."""


def split_dataset(
    dataset: Dataset,
    division: Division,
    *,
    scale: Literal["standard", "minmax", "none"],
    layers: Sequence[Mapping[str, Any]] = (),
    told: Spec | None = None,
) -> Splits:
    """Split rows, see `divide`, then scale them by what the training rows tell.

    What was fitted before (`told`) is applied again, else `scale` and the kinds of the columns fit.
    Of a table, `layers` may name columns that they read themselves.
    """
    if len(dataset.train) == 0:
        raise DataError("the dataset has no rows.")
    if dataset.series is not None:
        return split_series(dataset, dataset.series, division, scale=scale, told=told)
    check_more_than_one_class(dataset)
    divided = divide(dataset, division)
    train, validation, test = divided.train, divided.validation, divided.test
    found = {"train": train, "validation": validation, "test": test}
    present = {name: rows for name, rows in found.items() if rows is not None}
    shared: dict[str, Any] = {name: getattr(dataset, name) for name in SHARED}
    spec = Spec(
        input_shape=train.x.shape[1:],
        rows={name: len(rows) for name, rows in present.items()},
        **shared,
    )
    if dataset.raw_columns is not None and (told is None or told.columns is not None):
        spec = _with_columns(spec, dataset, train.x, scale=scale, layers=layers, told=told)
    elif told is not None:
        spec = replace(spec, scaling=told.scaling)
    else:
        images = dataset.image_shape is not None
        spec = replace(spec, scaling=fit_scaling(train.x, scale, images=images))
    ready = {name: _ready(rows, dataset, spec) for name, rows in present.items()}
    read = [place for place, one in enumerate(spec.columns or ()) if one.is_read]
    notes = (
        *dataset.notes,
        *divided.notes,
        *duplicate_notes(dataset, divided, read),
        *_scaling_notes(spec),
        *_rounding_notes(dataset, spec),
    )
    if told is None and dataset.raw_columns is not None:
        notes = (
            *notes,
            *column_notes(spec.columns or (), dataset.kinds),
            *_leaks(dataset, train, read),
        )
    return Splits(
        ready["train"],
        ready.get("validation"),
        ready.get("test"),
        spec,
        dataset.streamed,
        notes=notes,
        origins=origins_of(dataset, present, divided.numbers, spec.columns or ()),
    )


def _leaks(dataset: Dataset, train: Samples, read: Collection[int]) -> list[str]:
    """Warn of columns that the network reads, by place, and that give the target away."""
    columns = enumerate(dataset.raw_columns or ())
    return leaks(  # of an image only the name is known here, which the network does not read
        [one if place in read and one.holds != "image" else None for place, one in columns],
        train,
        names=dataset.target_names,
        is_class=dataset.class_names is not None or dataset.labels,
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
    if told is not None:
        columns, laid = told.columns or (), told.views
    else:
        ways = ways_to_read(dataset.kinds, layers)
        columns = fit_columns(x, dataset.raw_columns or (), dataset.kinds, scale=scale, ways=ways)
        laid = views(columns, layers)
    check_missing(dataset, columns)
    width = width_of(columns, laid)
    if not width:
        raise DataError(
            "no column is left for the network: all are ignored, constant or ids.",
            fix="Say what they are with `dataset.columns`.",
        )
    return replace(
        spec,
        columns=columns,
        views=laid,
        feature_names=entry_names(columns, laid),
        input_shape=(width,),
        image_shape=sample_of(columns),
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
    fix = "Use 'dataset.scale', or subtract what they have in common."
    if dataset.raw_columns is not None:
        both = enumerate(zip(dataset.raw_columns, spec.columns or (), strict=True))
        plain = [place for place, (raw, column) in both if are_unscaled(raw, column)]
        called = [dataset.raw_columns[place].name for place in plain]
        rows = StreamedArray(dataset.train.x).changed(lambda rows: rows[:, plain])
        notes += rounded_wholes(rows, called, what="column", fix=fix) if plain else []
    elif spec.scaling is None:
        names = dataset.feature_names
        what = "feature" if names is None else "column"
        notes += rounded_wholes(dataset.train.x, names, what=what, fix=fix)
    y = dataset.train.y
    if y is not None and dataset.class_names is None:
        fix = "Subtract what they have in common, or use a larger unit."
        notes += rounded_wholes(y, dataset.target_names, what="target", fix=fix)
    return notes


def _ready(samples: Samples, dataset: Dataset, spec: Spec) -> Samples:
    y = samples.y
    if y is not None and spec.class_names is None:
        y = to_float32(y, "targets")
    if samples.streamed and y is not None and not isinstance(y, StreamedArray):
        y = held_numbers(y)  # Encoded for the loss they may be too large for the memory.
    if dataset.raw_columns is None or spec.columns is None:
        return Samples(apply_scaling(samples.x, spec.scaling), y, samples.sample_weight)
    try:
        x = pack_rows(samples.x, dataset.raw_columns, spec.columns or (), spec.views)
    except CellError as error:
        raise wrong_cell(error, dataset, samples.x) from error
    return Samples(x, y, samples.sample_weight)
