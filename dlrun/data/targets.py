"""Targets: which rows lack one, on which scale they are learned, what they are on average."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, Spec, Splits, StreamedArray, TargetScaling
from dlrun.catalog.label_forms import Targets
from dlrun.data.classes import class_counts
from dlrun.data.scaling import fit_scaling
from dlrun.data.streams import chunks
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.wording import count, list_some, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dlrun.arrays import Array

TargetScale = Literal["standard", "minmax", "log"]
MOST_NAMED: Final = 5  # rows in a message
KEY: Final = "dataset.target_scale"


def without_missing_targets(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """Leave out the rows that lack a target, and tell how many; the dataset is not split yet.

    A missing target is NaN, in any of a row's targets, or the class number -1.
    """
    left: dict[str, Any] = {}
    notes: list[str] = []
    if dataset.series is not None:
        return dataset, ()  # a step without one parts no series; windows tell what they lack
    for name, samples in (("train", dataset.train), ("test", dataset.test)):
        kept, missing = _with_targets(samples)
        if kept is None or samples is None or not len(missing):
            continue
        if not len(kept):
            raise DataError(
                f"none of the {count(len(samples), 'row')} has a target.",
                fix="Is it the right column? Name another one with `dataset.target`.",
            )
        left[name] = kept
        of = "test rows" if name == "test" else "rows"
        what = "no target" if len(dataset.target_names) == 1 else "no value for a target"
        place = dataset.place if name == "train" else None
        notes.append(
            f"{len(missing)} of {len(samples)} {of} have {what} and are left out: "
            f"{_rows_named(missing, place)}"
        )
        if place is not None:
            left["place"] = partial(_place_among, place, missing)
    return (replace(dataset, **left) if left else dataset), tuple(notes)


def drop_missing_targets(samples: Samples) -> tuple[Samples, int]:
    """Leave out the rows that lack a target; how many these are."""
    kept, missing = _with_targets(samples)
    return (samples if kept is None else kept), len(missing)


def _with_targets(samples: Samples | None) -> tuple[Samples | None, NDArray[np.int64]]:
    """The rows that have targets, and the numbers of the others, from 0."""
    none = np.empty(0, np.int64)
    if samples is None or samples.y is None:
        return samples, none
    missing = np.concatenate([_is_missing(chunk) for chunk in chunks(samples.y)])
    if not missing.any():
        return samples, none
    return _kept(samples, ~missing), np.flatnonzero(missing)


def _kept(samples: Samples, chosen: NDArray[np.bool_]) -> Samples:
    def pick(array: Any) -> Any:
        return array.pick(chosen) if isinstance(array, StreamedArray) else array[chosen]

    arrays: dict[str, Any] = {one.name: getattr(samples, one.name) for one in fields(samples)}
    return replace(
        samples,
        **{name: pick(array) for name, array in arrays.items() if array is not None},
    )


def _is_missing(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which rows lack a target: `(rows,)`."""
    flat = y.reshape(len(y), -1)
    if y.dtype.kind == "f":
        return np.asarray(np.isnan(flat).any(axis=1))
    if y.dtype.kind == "i" and y.ndim == 1:
        return np.asarray(flat[:, 0] < 0)  # class numbers; columns of numbers are (rows, targets)
    return np.zeros(len(y), bool)


def _place_among(place: Callable[[int], str], missing: NDArray[np.int64], row: int) -> str:
    """Where a row stands of those that stay; what is missing ascends."""
    before = np.searchsorted(missing - np.arange(len(missing)), row, side="right")
    return place(row + int(before))


def _rows_named(numbers: NDArray[np.int64], place: Callable[[int], str] | None) -> str:
    """Name the first rows by their place, or counted from 1."""
    first = numbers[:MOST_NAMED].tolist()
    shown = ", ".join(str(one + 1) if place is None else place(one) for one in first)
    more = len(numbers) - MOST_NAMED
    word = "" if place is not None else "row " if len(numbers) == 1 else "rows "
    return f"{word}{shown}" + (f" and {more} more" if more > 0 else "")


def check_target_scale(dataset: Dataset, kind: TargetScale | None) -> None:
    """Refuse a scale that does not fit the targets of a dataset, which is not split yet."""
    if kind is None:
        return
    if dataset.class_names is not None or dataset.labels:
        what = f"'{kind}' scales numbers, but the targets are classes."
        raise ConfigError(Problem(KEY, what, "Remove it."))
    if kind != "log":
        return
    for name, samples in (("train", dataset.train), ("test", dataset.test)):
        if samples is not None:
            of = "test row" if name == "test" else "row"
            place = dataset.place if name == "train" else None
            check_positive(samples, dataset.target_names, row=of, place=place)


def check_positive(
    samples: Samples,
    names: tuple[str, ...],
    *,
    row: str = "row",
    place: Callable[[int], str] | None = None,
) -> None:
    """Refuse targets that have no logarithm; the first is told with its row, from 1."""
    begin, wrong, first = 0, 0, ""
    for chunk in chunks(samples.y) if samples.y is not None else ():
        flat = chunk.reshape(len(chunk), -1)
        places = np.argwhere(flat <= 0)
        if len(places) and not wrong:
            at, column = places[0]
            value = flat[at, column]
            called = quote(names[column] if len(names) == flat.shape[1] else names[0])
            at += begin
            where = f"{row} {at + 1}" if place is None else place(int(at))
            first = f"the target {called} of {where} is {value:g}"
        wrong += len(places)
        begin += len(chunk)
    if wrong:
        more = f", and {wrong - 1:,} more are not above 0" if wrong > 1 else ""
        raise DataError(
            f"{first}{more}; only positive numbers have a logarithm.",
            where=KEY,
            fix="Use 'target_scale: standard', or leave these rows out.",
        )


def fit_target_scaling(y: Array, kind: TargetScale | None) -> TargetScaling | None:
    """Fit the scale of targets `(rows, ..., targets)` to training rows; None leaves them alone.

    `standard` and `minmax` are those of features; `log` takes the natural logarithm and then what
    `standard` does. A target that is constant keeps the factor 1.
    """
    if kind is None:
        return None
    if kind == "log":
        y = y.changed(_logarithm) if isinstance(y, StreamedArray) else _logarithm(y)
    fitted = fit_scaling(y, "minmax" if kind == "minmax" else "standard", name="targets")
    assert fitted is not None  # noqa: S101  of these kinds none is 'none'
    return TargetScaling(kind, fitted.offset, fitted.factor)


def scaled(y: NDArray[Any], scaling: TargetScaling | None) -> NDArray[Any]:
    """Give targets as the loss gets them: `(y - offset) / factor`, of `log` of the logarithm."""
    if scaling is None:
        return y
    values = _logarithm(y) if scaling.kind == "log" else y.astype(np.float64)
    values = (values - np.array(scaling.offset)) / np.array(scaling.factor)
    return np.asarray(values.astype(np.float32))


def reaching(targets: Targets, splits: Iterable[Samples], scaling: TargetScaling | None) -> Targets:
    """Add how far the targets of splits reach, as the loss gets them."""
    parts = [part for samples in splits if samples.y is not None for part in chunks(samples.y)]
    ends = [end(part, axis=0) for part in parts if len(part) for end in (np.min, np.max)]
    if not ends:
        return targets
    reached = scaled(np.array(ends), scaling)
    kind = None if scaling is None else scaling.kind
    return targets._replace(low=float(reached.min()), high=float(reached.max()), scaled=kind)


def in_own_units(outputs: NDArray[Any], scaling: TargetScaling | None) -> NDArray[Any]:
    """Undo `scaled`: outputs `(rows, ..., targets)` in the units of the targets, in their dtype."""
    if scaling is None:
        return outputs
    values = outputs.astype(np.float64) * np.array(scaling.factor) + np.array(scaling.offset)
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and shows as that
        values = np.exp(values) if scaling.kind == "log" else values
        return np.asarray(values.astype(outputs.dtype))


def _logarithm(y: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(y.astype(np.float64)))


def fit_targets(splits: Splits, kind: TargetScale | None, told: Spec | None) -> Splits:
    """Complete the spec by what the targets of the training rows tell: their scale and mean.

    `told` is the spec of a run that has begun before: its numbers hold. The splits are not encoded.
    """
    y, spec = splits.train.y, splits.spec
    if told is not None:
        spec = replace(spec, target_scaling=told.target_scaling, prior=told.prior)
        return replace(splits, spec=spec)
    if y is None:
        return splits
    scaling = fit_target_scaling(y, kind)
    spec = replace(spec, target_scaling=scaling, prior=target_means(y, spec.num_classes))
    notes = tuple(_imbalance(spec, len(splits.train)))
    if scaling is not None:
        named = spec.target_names if spec.series is None else spec.series.targets
        names = list_some(named, MOST_NAMED, quote)
        of = "the logarithm of the targets" if kind == "log" else "the targets"
        said = f"target_scale: {kind}: the loss is that of {of}, scaled; "
        notes += (f"{said}metrics and predictions are in the units of {names}",)
    return replace(splits, spec=spec, notes=(*splits.notes, *notes))


def target_means(y: Array, num_classes: int | None) -> tuple[float, ...]:
    """Give the share of each class, or the mean of each target, `(rows, ..., targets)`."""
    if num_classes is not None:
        counts = class_counts(y, num_classes)
        return tuple((counts / counts.sum()).tolist())
    total: Any = sum(
        chunk.reshape(-1, chunk.shape[-1]).sum(axis=0, dtype=np.float64) for chunk in chunks(y)
    )
    rows = len(y) * int(np.prod(y.shape[1:-1]))
    return tuple((np.asarray(total) / rows).tolist())


FEW: Final = 0.2
"""A class with less than this part of an equal share of the rows is rare."""


def _imbalance(spec: Spec, rows: int) -> list[str]:
    """Tell of classes or labels that are rare among the training rows."""
    prior = spec.prior or ()
    if spec.class_names is not None:
        number = int(np.argmin(prior))
        if prior[number] >= FEW / len(prior):
            return []
        most = int(np.argmax(prior))
        few = f"{quote(spec.class_names[number])} is {_share(prior[number], rows)}"
        many = f"{quote(spec.class_names[most])} {_share(prior[most], rows)}"
        always = f"always answering the latter is right in {prior[most]:.1%}"
        return [f"class imbalance: {few}, {many}; {always}. {_WAYS_OUT}"]
    if not spec.labels:
        return []
    rare = [
        f"{quote(name)} is {answer} in {_share(min(share, 1 - share), rows)}"
        for name, share in zip(spec.target_names, prior, strict=True)
        for answer in ["yes" if share < 1 / 2 else "no"]
        if min(share, 1 - share) < FEW / 2
    ]
    told = ", ".join(rare[:MOST_NAMED])
    return [f"class imbalance: {told}. {_WAYS_OUT}"] if rare else []


_WAYS_OUT: Final = (
    "See precision and recall rather than accuracy; training.class_weight: balanced, or dlrun "
    "evaluate --threshold, weigh it otherwise"
)


def _share(share: float, rows: int) -> str:
    return f"{round(share * rows)} of {count(rows, 'training row')}"


STEADY: Final = frozenset({"Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion"})
"""Optimizers of which each step moves a weight by about the learning rate, however large the loss.
"""
UNITS: Final = 30.0
"""About how many units of a last layer pull together."""
EXPLODES: Final = 5.0
"""Steps in proportion to the loss grow without bound above about this."""


def too_large(y: Array, *, optimizer: str, rate: float, steps: int) -> str | None:
    """Say why unscaled targets, `(rows, ..., targets)`, may be too large to be learned; or None.

    The rule is a rough one: of an output `units * weight * activation`, weight and activation move
    by `rate * steps` each.
    """
    squares = [np.square(chunk.astype(np.float64)).sum() for chunk in chunks(y)]
    size = float(np.sqrt(sum(squares) / max(1, len(y) * int(np.prod(y.shape[1:])))))
    fix = "Use 'dataset.target_scale: standard'; metrics and predictions keep their units."
    about = f"the targets are about {size:,.0f} in size"
    if optimizer in STEADY:
        reach = rate * steps
        if size <= max(1.0, UNITS * reach * (1 + reach)):
            return None
        moves = f"{count(steps, 'step')} of {optimizer} with learning_rate {rate:g}"
        return f"{about}, but {moves} move a weight by about {reach:.2g} only. {fix}"
    if rate * size <= EXPLODES:
        return None
    grows = f"{optimizer} with learning_rate {rate:g} takes steps in proportion"
    return f"{about}: {grows}, so that the loss may grow without bound. {fix}"
