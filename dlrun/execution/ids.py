"""Holds ids against the layers that look them up, and padding against those that mask it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, Spec, Splits, StreamedArray
from dlrun.columns.packing import parts
from dlrun.config import Experiment
from dlrun.config.rules.training import moved_padding
from dlrun.data.columns import pack_rows
from dlrun.data.rounding import FLOAT32_EXACT
from dlrun.data.streams import chunks
from dlrun.data.units import from_units, is_scaled
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.execution.layers import layers_of
from dlrun.formulas.network import work_out
from dlrun.formulas.working import NoFormulaError
from dlrun.shapes.input_readers import (
    LOOKUPS,
    PASSING,
    Reader,
    find_lookups,
    find_masks,
    find_readers,
    view_for,
)
from dlrun.shapes.layer import DATA, Layer, layer_of

if TYPE_CHECKING:
    from dlrun.execution.opening import OpenedRun

EXACT: Final = {"float32": FLOAT32_EXACT, "mixed_float16": 2**11, "mixed_bfloat16": 2**8}
"""Up to which whole number none is rounded to another one, by the precision of the layers."""


@dataclass(frozen=True)
class Lookup:
    """A layer that looks entries of a sample up."""

    reader: Reader
    entries: NDArray[np.int64]  # which of a sample reach it, counted through its axes
    limit: int  # the least number that is no id
    argument: str | None  # of the layer, that says so; None where the precision does


def lookups_of(experiment: Experiment, spec: Spec) -> tuple[Lookup, ...]:
    """Find the layers of an experiment that look up entries of rows as a spec tells of them."""
    layers = layers_of(experiment, spec)
    readers = find_lookups(layers)
    if not readers:
        return ()
    passed = _reaching(layers, spec)
    lookups = []
    for reader in readers:
        reaching = _read(layer_of(layers[reader.place]), passed, spec)
        if reaching is None:
            continue
        numbers = np.concatenate([entries.reshape(-1) for entries in reaching])
        # A lookup takes the data in float32 whatever the precision; layers before it and a wrapper
        # around it round them first.
        is_wrapped = layers[reader.place]["type"] != reader.layer.type
        before = reader.through | ({reader.place} if is_wrapped else set())
        rounded = any(layers[place].get("dtype") != "float32" for place in before)
        exact = EXACT[experiment.training.precision if rounded else "float32"]
        argument = LOOKUPS[reader.layer.type]
        count = reader.layer.arguments.get(argument) if argument else None
        if not isinstance(count, int) or count > exact:
            argument, count = None, exact
        entries = np.unique(numbers[numbers > 0]).astype(np.int64) - 1
        lookups.append(Lookup(reader, entries, count, argument))
    return tuple(lookups)


def _reaching(layers: Sequence[Mapping[str, Any]], spec: Spec) -> dict[str, NDArray[np.float64]]:
    """Which entries of a sample stand in what each layer passes on: their numbers, from 1.

    The numbers themselves are sent through the layers; the zeros of padding are no entries.
    """
    size = math.prod(spec.input_shape)
    reaching = {DATA: np.arange(1, size + 1, dtype=np.float64).reshape(spec.input_shape)}
    for place in sorted({place for reader in find_readers(layers) for place in reader.through}):
        mapping = layers[place]
        layer = layer_of(mapping)
        if layer.type == "Masking":
            layer = Layer("Identity", {}, layer.inputs)
        inputs = _read(layer, reaching, spec)
        if inputs is not None:
            # A layer that cannot take its input is told of when the model is built.
            with suppress(NoFormulaError, ValueError):
                reaching[mapping["name"]] = work_out(layer, {}, *inputs).output
    return reaching


def _read(
    layer: Layer, reaching: Mapping[str, NDArray[np.float64]], spec: Spec
) -> list[NDArray[np.float64]] | None:
    """Which entries stand in what a layer reads; None where that is not known."""
    read = []
    for name in layer.inputs:
        view = view_for(layer, name, spec.views)
        if view is None and (name not in reaching or (name == DATA and spec.views)):
            return None
        if view is None:
            read.append(reaching[name])
        else:
            read.append(reaching[DATA][view.begin : view.end].reshape(view.sample))
    return read


def check_ids(
    x: Array,
    lookups: Sequence[Lookup],
    *,
    where: str,
    feature_names: Sequence[str] | None,
    first_row: int | None = 0,
    table_grows: bool = True,
) -> None:
    """Refuse what is no id of the layers that look it up: `x`, `(rows, ...)`, is not scaled.

    `first_row` is the number of the first row, None for a single row that has no number;
    `table_grows` says whether the layer may still be made larger, for no run has trained it yet.
    """
    before = 0
    for chunk in chunks(x) if lookups else ():
        rows = chunk.reshape(len(chunk), -1)  # (rows, entries of a sample)
        for lookup in lookups:
            ids = rows[:, lookup.entries]
            wrong = (ids < 0) | (ids >= lookup.limit) | (ids != np.floor(ids))
            if not wrong.any():
                continue
            row, column = np.argwhere(wrong)[0].tolist()
            entry = _entry_name(int(lookup.entries[column]), x.shape[1:], feature_names)
            if first_row is not None:
                entry = f"row {first_row + before + row} (the first is 0), {entry}"
            largest = _largest(x, lookup) if table_grows else None
            value = float(str(ids[row, column]))  # the shortest number that is read as it
            raise _refusal(lookup, value, entry, where=where, largest=largest)
        before += len(chunk)


def _largest(x: Array, lookup: Lookup) -> float:
    return max(float(chunk.reshape(len(chunk), -1)[:, lookup.entries].max()) for chunk in chunks(x))


def check_dataset_ids(experiment: Experiment, dataset: Dataset, spec: Spec | None = None) -> None:
    """Hold all rows of a dataset, in the order of their source, against the layers.

    Of a table, `spec` knows the columns.
    """
    config, names = experiment.dataset, dataset.feature_names
    lookups = lookups_of(experiment, spec or Spec(dataset.train.x.shape[1:]))
    if spec is not None:
        lookups = tuple(one for one in lookups if not _are_numbered(one, spec))
    if not lookups:
        return
    if spec is not None:
        names = spec.feature_names
        _check_not_scaled(lookups, spec)
    where = str(config.paths[0]) if config.paths else f"dataset {config.type}"
    check_ids(_network_rows(dataset.train.x, dataset, spec), lookups, where=where,
              feature_names=names)  # fmt: skip
    if dataset.test is not None:
        where = f"{where}: the test rows"
        x = _network_rows(dataset.test.x, dataset, spec)
        check_ids(x, lookups, where=where, feature_names=names)


def check_window_ids(experiment: Experiment, splits: Splits) -> None:
    """Hold the windows of series, scaled as they are, against the layers that look them up."""
    lookups = lookups_of(experiment, splits.spec)
    for split, samples in splits.present().items() if lookups else ():
        where = f"{experiment.dataset.paths[0]}: the {split} windows"
        check_ids(samples.x, lookups, where=where, feature_names=None)


def _are_numbered(lookup: Lookup, spec: Spec) -> bool:
    """Whether all that a layer looks up was numbered by its column, within what the layer takes."""
    numbered = [
        part for part in parts(spec.columns or (), spec.views)
        if part.ids and (part.column.ids or 0) <= lookup.limit
    ]  # fmt: skip
    return all(
        any(part.begin <= entry < part.end for part in numbered)
        for entry in lookup.entries.tolist()
    )


def _network_rows(x: Array, dataset: Dataset, spec: Spec | None) -> Array:
    """Rows as layers get them; those of a table are turned when they are taken."""
    if spec is None or dataset.raw_columns is None:
        return x
    rows = x if isinstance(x, StreamedArray) else StreamedArray(x)
    packed: Array = pack_rows(rows, dataset.raw_columns, spec.columns or (), spec.views)
    return packed


def _check_not_scaled(lookups: Sequence[Lookup], spec: Spec) -> None:
    """Refuse a column that is scaled, or otherwise changed, before a layer looks it up."""
    probe = np.zeros((1, spec.input_shape[0])), np.ones((1, spec.input_shape[0]))
    kept = np.all([from_units(one, spec) == one for one in probe], axis=(0, 1))  # (width,)
    for part in parts(spec.columns or (), spec.views):
        for lookup in lookups:
            entries = lookup.entries
            inside = entries[(entries >= part.begin) & (entries < part.end)]
            if not part.ids and not kept[inside].all():
                name, reader = part.column.name, lookup.reader
                what = f"Scaling changes the ids that {reader.path} ({reader.layer.type}) looks up."
                fix = f"Write '{name}: category' and 'inputs: [{name}]', or '{{scale: none}}'."
                raise ConfigError(Problem(f"dataset.columns.{name}", what, fix))


def check_padding(experiment: Experiment, spec: Spec) -> None:
    """Refuse a scaling that moves what a `Masking` layer looks for."""
    masks = find_masks(experiment.model.mappings)
    if not masks or not is_scaled(spec):
        return
    passed = _reaching(layers_of(experiment, spec), spec)
    for reader, padding in masks:
        rows = np.full((1, *spec.input_shape), padding)
        moved = (from_units(rows, spec) != rows).reshape(-1)
        read = _read(replace(reader.layer, inputs=reader.inputs), passed, spec) or ()
        numbers = np.concatenate([entries.reshape(-1) for entries in read]).astype(np.int64)
        if moved[numbers[numbers > 0] - 1].any():
            kind = experiment.dataset.scale if spec.scaling is None else spec.scaling.kind
            raise ConfigError(moved_padding(f"{reader.path} (Masking)", padding, kind))


def looked_up(experiment: Experiment, spec: Spec) -> NDArray[np.bool_]:
    """Which entries of a row, `(entries,)`, are looked up by layers and computed with by none."""
    layers = layers_of(experiment, spec)
    passed = _reaching(layers, spec)
    found = {True: np.zeros(math.prod(spec.input_shape), np.bool_)}
    found[False] = found[True].copy()
    for reader in find_readers(layers):
        if reader.layer.type in PASSING:
            continue
        for entries in _read(layer_of(layers[reader.place]), passed, spec) or ():
            numbers = entries[entries > 0].astype(np.int64) - 1
            found[reader.layer.type in LOOKUPS][numbers] = True
    return np.asarray(found[True] & ~found[False])


def check_new_ids(x: Array, opened: OpenedRun, *, where: str, first_row: int | None = 0) -> None:
    """Hold new rows, `(rows, *input_shape)`, against the layers of a run that look them up."""
    spec = opened.spec
    if spec.scaling is not None:
        return  # Older versions scaled ids too: those of such a run are no whole numbers.
    check_ids(
        x,
        lookups_of(opened.experiment, spec),
        where=where,
        feature_names=spec.feature_names,
        first_row=first_row,
        table_grows=False,
    )


def _entry_name(place: int, sample: tuple[int, ...], feature_names: Sequence[str] | None) -> str:
    """`column 'movie'`, or `entry [3, 0]` of an array."""
    if feature_names is not None:
        return f"column {feature_names[place]!r}"
    indices = ", ".join(str(int(index)) for index in np.unravel_index(place, sample))
    return f"entry [{indices}]"


def _refusal(
    lookup: Lookup, value: float, place: str, *, where: str, largest: float | None
) -> DataError:
    layer = lookup.reader.layer
    named = f"{lookup.reader.path} ({layer.type} {lookup.reader.name!r})"
    takes = f"whole numbers from 0 to {lookup.limit - 1}"
    fix = "Number what is looked up from 0, in the file."
    if lookup.argument is None:
        takes += ": a larger one may be rounded to another."
    else:
        takes += f" ({lookup.argument}: {lookup.limit})."
        if largest is None:
            fix = "The run has learned nothing of others."
        elif value >= 0 and value == math.floor(value):
            fix = f"Set '{lookup.argument}: {int(largest) + 1}', or number from 0, in the file."
    what = f"{place}: {value:.15g} is no id for {named}, which takes {takes}"
    return DataError(what, where=where, fix=fix)
