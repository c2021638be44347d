"""Writes a spec as JSON, and reads it back, with pydantic, as nothing else than a spec."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dlrun.arrays import ArrayForm, Spec, TableForm
from dlrun.data.headers import DELIMITERS
from dlrun.data.scaling import scaled_apart
from dlrun.errors import RunFolderError
from dlrun.rundir.names import SPLITS

ADAPTERS: dict[Any, TypeAdapter[Any]] = {
    kind: TypeAdapter(kind) for kind in (Spec, TableForm, ArrayForm)
}
IMAGE_AXES = 3
ADDED = {"image_shape": None, "form": None, "views": []}
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
    form = content["form"]
    spec: Spec = _validated(Spec, {**content, "form": None})
    if form is not None:
        # The form of a table has columns, that of arrays has not.
        is_table = not isinstance(form, dict) or "columns" in form
        spec = replace(spec, form=_validated(TableForm if is_table else ArrayForm, form, "form"))
    for field, expected in _misfits(spec):
        raise _malformed(f"{field} should be {expected}")
    return spec


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
    if form.delimiter not in (None, *DELIMITERS):
        yield "form.delimiter", f"one of {', '.join(DELIMITERS.values())}"
    if form.columns is not None:
        read = {*(names or ()), *spec.target_names, spec.sample_weight} - {None}
        if names is None or not read <= {*form.columns}:
            yield "form.columns", "all columns, those that are read among them"


def _malformed(what: str) -> RunFolderError:
    return RunFolderError(f"{what}.", where="spec.json")
