"""Holds ids against the layers that look them up, and padding against those that mask it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, Scaling
from dlrun.config import Experiment
from dlrun.config.rules.training import moved_padding
from dlrun.data.rounding import FLOAT32_EXACT
from dlrun.data.streams import chunks
from dlrun.errors import ConfigError, DataError
from dlrun.formulas.network import work_out
from dlrun.formulas.working import NoFormulaError
from dlrun.shapes.input_readers import LOOKUPS, Reader, find_lookups, find_masks, find_readers
from dlrun.shapes.layer import DATA, OURS, Layer

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


def lookups_of(experiment: Experiment, sample: tuple[int, ...]) -> tuple[Lookup, ...]:
    """Find the layers of an experiment that look the data up; `sample` is the shape of a row."""
    layers = [layer.as_dict() for layer in experiment.model.layers]
    readers = find_lookups(layers)
    if not readers:
        return ()
    reaching = _reaching(layers, sample)
    lookups = []
    for reader in readers:
        if not set(reader.inputs) <= set(reaching):
            continue
        numbers = np.concatenate([reaching[name].reshape(-1) for name in reader.inputs])
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


def _reaching(
    layers: Sequence[Mapping[str, Any]], sample: tuple[int, ...]
) -> dict[str, NDArray[np.float64]]:
    """Which entries of a sample stand in what each layer passes on: their numbers, from 1.

    The numbers themselves are sent through the layers; the zeros of padding are no entries.
    """
    size = math.prod(sample)
    reaching = {DATA: np.arange(1, size + 1, dtype=np.float64).reshape(sample)}
    for place in sorted({place for reader in find_readers(layers) for place in reader.through}):
        mapping = layers[place]
        arguments = {key: value for key, value in mapping.items() if key not in OURS}
        layer = Layer(mapping["type"], arguments, tuple(mapping["inputs"]))
        if layer.type == "Masking":
            layer = Layer("Identity", {}, layer.inputs)
        if set(layer.inputs) <= set(reaching):
            # A layer that cannot take its input is told of when the model is built.
            with suppress(NoFormulaError, ValueError):
                inputs = [reaching[name] for name in layer.inputs]
                reaching[mapping["name"]] = work_out(layer, {}, *inputs).output
    return reaching


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
            raise _refusal(lookup, float(ids[row, column]), entry, where=where, largest=largest)
        before += len(chunk)


def _largest(x: Array, lookup: Lookup) -> float:
    return max(float(chunk.reshape(len(chunk), -1)[:, lookup.entries].max()) for chunk in chunks(x))


def check_dataset_ids(experiment: Experiment, dataset: Dataset) -> None:
    """Hold all rows of a dataset, in the order of their source, against the layers."""
    x, config = dataset.train.x, experiment.dataset
    lookups = lookups_of(experiment, x.shape[1:])
    named = [str(value) for value in config.arguments.values() if isinstance(value, Path)]
    where = named[0] if named else f"dataset {config.type}"
    check_ids(x, lookups, where=where, feature_names=dataset.feature_names)
    if dataset.test is not None:
        where = f"{where}: the test rows"
        check_ids(dataset.test.x, lookups, where=where, feature_names=dataset.feature_names)


def check_padding(experiment: Experiment, scaling: Scaling | None) -> None:
    """Refuse a scaling that moves what a `Masking` layer looks for."""
    if scaling is None:
        return
    for reader, padding in find_masks([layer.as_dict() for layer in experiment.model.layers]):
        pairs = zip(scaling.offset, scaling.factor, strict=True)
        if any((padding - offset) / factor != padding for offset, factor in pairs):
            mask = f"{reader.path} (Masking)"
            raise ConfigError(moved_padding(mask, padding, scaling.kind))


def check_new_ids(x: Array, opened: OpenedRun, *, where: str, first_row: int | None = 0) -> None:
    """Hold new rows, `(rows, *input_shape)`, against the layers of a run that look them up."""
    spec = opened.spec
    if spec.scaling is not None:
        return  # Older versions scaled ids too: those of such a run are no whole numbers.
    check_ids(
        x,
        lookups_of(opened.experiment, spec.input_shape),
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
