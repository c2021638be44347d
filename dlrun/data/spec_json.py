"""Writes a spec as JSON, and reads it back, with pydantic, as nothing else than a spec."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from itertools import accumulate, pairwise
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dlrun.arrays import (
    ArrayForm,
    ImageForm,
    Reading,
    SeriesForm,
    Spec,
    TableForm,
    TextForm,
    View,
)
from dlrun.column import FittedColumn
from dlrun.columns import columns_from_json
from dlrun.columns.packing import entry_names, numbered_input, parts, sample_of
from dlrun.data.headers import DELIMITERS
from dlrun.data.scaling import scaled_apart
from dlrun.errors import RunFolderError
from dlrun.rundir.names import SPLITS
from dlrun.shapes.layer import DATA

ADAPTERS: dict[Any, TypeAdapter[Any]] = {
    kind: TypeAdapter(kind)
    for kind in (Spec, TableForm, ArrayForm, ImageForm, TextForm, SeriesForm)
}
IMAGE_AXES = 3
MOST_STEPS = 2**31
ADDED: dict[str, Any] = {
    "image_shape": None,
    "form": None,
    "columns": None,
    "views": [],
    "labels": False,
    "target_scaling": None,
    "prior": None,
}
"""Fields that specs of older versions lack, and what that means."""


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """The spec as what JSON can hold: objects, lists, texts, numbers and null."""
    content: dict[str, Any] = json.loads(json.dumps(asdict(spec)))
    return content


def spec_from_json(content: object) -> Spec:
    """Read a spec, equal to the one that was written; a `RunFolderError` names the wrong field."""
    if not isinstance(content, dict):
        raise _malformed("the spec should be an object")
    content = {**ADDED, **content}
    form, columns = content["form"], content["columns"]
    spec: Spec = _validated(Spec, {**content, "form": None, "columns": None})
    if isinstance(form, dict) and "window" in form:
        spec = replace(spec, form=_validated(SeriesForm, form, "form"))
    elif form is not None:
        # The form of a table has columns, that of images a colour, that of texts an encoding.
        is_table = not isinstance(form, dict) or "columns" in form
        other = ArrayForm if is_table else _form_by(form)
        if is_table and isinstance(form, dict) and "reading" not in form:
            older = {key: form[key] for key in ("header", "delimiter") if key in form}
            form = {key: value for key, value in form.items() if key not in older}
            form["reading"] = asdict(Reading()) | older
        spec = replace(spec, form=_validated(TableForm if is_table else other, form, "form"))
    if columns is not None:
        if not isinstance(columns, list):
            raise _malformed("columns should be a list")
        spec = replace(spec, columns=columns_from_json(columns))
    for field, expected in _misfits(spec):
        raise _malformed(f"{field} should be {expected}")
    return spec


def _form_by(content: dict[str, Any]) -> type[Any]:
    """Tell by its fields which form is stored, where it is not that of a table."""
    known = {"color": ImageForm, "encoding": TextForm}
    return next((form for field, form in known.items() if field in content), ArrayForm)


def _validated(kind: type[Any], content: object, *path: str) -> Any:
    """The dataclass of an object that has exactly its fields, each of its type."""
    if isinstance(content, dict):
        for field in fields(kind):  # those with a default too
            if field.name not in content:
                raise _malformed(f"{'.'.join((*path, field.name))} is missing")
    try:
        return ADAPTERS[kind].validate_json(json.dumps(content))
    except ValidationError as error:
        first: Any = error.errors()[0]
        place = ".".join(map(str, (*path, *first["loc"])))
        said = {"missing": "is missing", "unexpected_keyword_argument": "is unknown"}
        reason = said.get(first["type"]) or first["msg"].removeprefix("Input ")
        raise _malformed(f"{place} {reason}") from error


def _misfits(spec: Spec) -> Iterator[tuple[str, str]]:
    """What does not fit the rest of a spec: the field, and what it should be."""
    yield from _misfits_of_names(spec)
    yield from _misfits_of_shapes(spec)
    yield from _misfits_of_table(spec)
    yield from _misfits_of_series(spec)
    yield from _misfits_of_columns(spec)
    yield from _misfits_of_targets(spec)
    if not spec.rows.keys() <= {*SPLITS} or any(number < 0 for number in spec.rows.values()):
        *others, last = SPLITS
        yield "rows", f"a number for each of {', '.join(others)} and {last}"


def _misfits_of_names(spec: Spec) -> Iterator[tuple[str, str]]:
    if spec.feature_names is not None and (len(spec.feature_names),) != spec.input_shape:
        yield "feature_names", "one name for each column"
    if not spec.target_names:
        yield "target_names", "at least one name"
    for key in ("feature_names", "target_names", "class_names", "class_values"):
        values = getattr(spec, key) or ()
        if len(set(values)) < len(values):
            yield key, "different from each other"
    if spec.class_values is not None and len(spec.class_values) != spec.num_classes:
        yield "class_values", "one number for each class"


def _misfits_of_targets(spec: Spec) -> Iterator[tuple[str, str]]:
    if spec.labels and spec.class_names is not None:
        yield "labels", "false where there are classes"
    answers = spec.num_classes or len(spec.target_names)
    are_shares = spec.class_names is not None or spec.labels
    prior = spec.prior or (0.0,) * answers
    if are_shares and not (len(prior) == answers and all(0 <= share <= 1 for share in prior)):
        yield "prior", "a share from 0 to 1 for each class or label"
    scaling = spec.target_scaling
    if scaling is None:
        return
    if spec.class_names is not None or spec.labels:
        yield "target_scaling", "null where there are classes"
    if len(scaling.offset) != len(scaling.factor) or 0 in scaling.factor:
        yield "target_scaling.factor", "one number for each offset, never 0"
    if len(scaling.offset) not in (1, answers):
        yield "target_scaling", "one offset for each target"


def _misfits_of_shapes(spec: Spec) -> Iterator[tuple[str, str]]:
    image, scaling = spec.image_shape, spec.scaling
    for key in ("input_shape", "image_shape"):
        if any(size < 0 for size in getattr(spec, key) or ()):
            yield key, "whole numbers of at least 0"
    if image is not None and (
        len(image) != IMAGE_AXES or math.prod(image) != math.prod(spec.input_shape)
    ):
        yield "image_shape", "height, width and channels of one sample"
    if scaling is None:
        return
    if len(scaling.offset) != len(scaling.factor) or 0 in scaling.factor:
        yield "scaling.factor", "one number for each offset, never 0"
    apart = {scaled_apart(spec.input_shape)}
    if len(spec.input_shape) > 1:
        apart.add(1)  # older versions scaled all features of a sequence by one number
    if len(scaling.offset) not in apart:
        yield "scaling", "one offset for each column"


def _misfits_of_table(spec: Spec) -> Iterator[tuple[str, str]]:
    form, names = spec.table, spec.feature_names
    if form is None:
        return
    if form.reading.delimiter not in (None, *DELIMITERS):
        yield "form.reading.delimiter", f"one of {', '.join(DELIMITERS.values())}"
    if form.columns is not None:
        if spec.columns is not None:
            names = tuple(column.name for column in spec.columns)
        read = {*(names or ()), *spec.target_names, spec.sample_weight} - {None}
        if names is None or not read <= {*form.columns}:
            yield "form.columns", "all columns, those that are read among them"


def _misfits_of_columns(spec: Spec) -> Iterator[tuple[str, str]]:
    if spec.columns is None:
        yield from _misfits_of_arrays(spec)
        return
    names = [column.name for column in spec.columns]
    if len(set(names)) < len(names):
        yield "columns", "different from each other"
    known, end = {DATA, *names}, 0
    if any(view.name not in known for view in spec.views):
        yield "views", "views of columns"
        return
    aside = {view.name for view in spec.views} - {DATA}
    plain = [one for one in spec.columns if one.name not in aside]
    width, shape = sum(len(one.entries) for one in plain), sample_of(plain)
    rest = [view for view in spec.views if view.name == DATA]
    alone = numbered_input(spec.columns)
    if not (alone and spec.views == alone) and (
        rest not in ([], [View(DATA, 0, width, shape=shape)]) or (shape and not rest)
    ):
        yield "views", "the columns that no layer names, first"
    samples = {one.name: one.sample for one in spec.columns}
    if any(view.shape != (None if view.ids else samples.get(view.name))
           for view in spec.views if view.name != DATA):  # fmt: skip
        yield "views", "images in their shape, and others as numbers side by side"
    for part in parts(spec.columns, spec.views):
        width = part.column.steps if part.ids else len(part.column.entries)
        if (part.begin, part.end) != (end, end + width) or (part.ids and part.column.ids is None):
            yield "views", "side by side, as wide as what they show"
            return
        end = part.end
    if (spec.feature_names, spec.input_shape) != _laid_out(spec, spec.columns, end):
        yield "feature_names", "the entries of the columns"
    if spec.image_shape != sample_of(spec.columns):
        yield "image_shape", "that of the only column, if it is an image, else null"


def _laid_out(
    spec: Spec, columns: Sequence[FittedColumn], width: int
) -> tuple[tuple[str, ...] | None, tuple[int, ...]]:
    """The names of the entries of a row, and its shape; of a window its steps have the names."""
    if spec.series is not None:
        return None, (spec.series.window, width)
    return entry_names(columns, spec.views), (width,)


def _misfits_of_series(spec: Spec) -> Iterator[tuple[str, str]]:
    form = spec.series
    if form is None:
        return
    for key in ("window", "horizon", "stride", "season"):
        number = getattr(form, key)
        if number is not None and not 1 <= number <= MOST_STEPS:
            yield f"form.{key}", f"from 1 to {MOST_STEPS}"
            return
    if not spec.columns or spec.views or spec.class_names is not None or spec.labels:
        yield "columns", "those of a series of numbers"
        return
    if not form.targets or len(spec.target_names) != form.horizon * len(form.targets):
        yield "target_names", "one for each target and step"
    clock = form.clock
    if clock is not None and not (clock.step is None or 0 < clock.step < math.inf):
        yield "form.clock.step", "more than 0"
    if clock is not None and (clock.unit == "number") != (clock.format is None):
        yield "form.clock.format", "null where times are numbers, and nowhere else"
    read = {*form.targets, *form.keys, *(one.name for one in spec.columns)}
    read |= set() if clock is None else {clock.column}
    if form.table.columns is None or not read <= {*form.table.columns}:
        yield "form.table.columns", "all columns, those that are read among them"
    if form.table.reading.delimiter not in (None, *DELIMITERS):
        yield "form.table.reading.delimiter", f"one of {', '.join(DELIMITERS.values())}"


def _misfits_of_arrays(spec: Spec) -> Iterator[tuple[str, str]]:
    """What does not fit of arrays that stand side by side in a row."""
    ends = [0, *accumulate(math.prod(view.sample) for view in spec.views)]
    places = [(view.begin, view.end) for view in spec.views]
    if spec.views and (places != [*pairwise(ends)] or spec.input_shape != (ends[-1],)):
        yield "views", "side by side, as wide as what they show"
    names = spec.form.xs if isinstance(spec.form, ArrayForm) else ()
    if spec.views and names != tuple(view.name for view in spec.views):
        yield "views", "those of the arrays of the form"
    if any(view.ids or 0 in view.sample for view in spec.views):
        yield "views", "the entries of arrays"


def _malformed(what: str) -> RunFolderError:
    return RunFolderError(f"{what}.", where="spec.json")
