"""Writes a spec as JSON, and reads it back as nothing else than a spec."""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from dlrun.arrays import ArrayForm, LabelForm, Scaling, Spec, TableForm
from dlrun.data.scaling import scaled_apart
from dlrun.errors import RunFolderError
from dlrun.rundir.names import SPLITS
from dlrun.shapes.files import DELIMITERS

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

WORDS: dict[str, tuple[str, ...]] = {
    "label_form": get_args(LabelForm),
    "output": ("probability", "logit", "score"),
    "kind": ("standard", "minmax"),
}
"""The words that a field may hold."""

IMAGE_AXES = 3
ADDED = {"image_shape": None, "form": None}
"""Fields that specs of older versions lack, and what that means."""


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """The spec as what JSON can hold: objects, lists, texts, numbers and null."""
    return {key: _plain(value) for key, value in asdict(spec).items()}


def spec_from_json(content: object) -> Spec:
    """Reads a spec.

    Args:
        content: What the JSON file holds.

    Returns:
        The spec, equal to the one that was written.

    Raises:
        RunFolderError: Something is missing, unknown or not what it should be.
    """
    if isinstance(content, dict):
        content = {**ADDED, **content}
    entries = _entries(content, "the spec", Spec)
    spec = Spec(
        input_shape=_all(entries, "input_shape", _whole),
        feature_names=_maybe(entries, "feature_names", _texts),
        target_names=_all(entries, "target_names", _text),
        class_names=_maybe(entries, "class_names", _texts),
        class_values=_maybe(entries, "class_values", _numbers),
        pixel_max=_maybe(entries, "pixel_max", _number),
        image_shape=_maybe(entries, "image_shape", _wholes),
        sample_weight=_maybe(entries, "sample_weight", _text),
        form=_maybe(entries, "form", _form),
        scaling=_maybe(entries, "scaling", _scaling),
        label_form=_maybe(entries, "label_form", _word),
        threshold=_maybe(entries, "threshold", _number),
        output=_maybe(entries, "output", _word),
        rows=_rows(entries["rows"]),
    )
    _check_lengths(spec)
    _check_columns(spec)
    return spec


def _check_lengths(spec: Spec) -> None:
    if spec.feature_names is not None and (len(spec.feature_names),) != spec.input_shape:
        raise _malformed("feature_names", "one name for each column")
    if not spec.target_names:
        raise _malformed("target_names", "at least one name")
    for key in ("feature_names", "target_names", "class_names", "class_values"):
        names = getattr(spec, key) or ()
        if len(set(names)) < len(names):
            raise _malformed(key, "different from each other")
    classes = spec.num_classes
    if spec.class_values is not None and len(spec.class_values) != classes:
        raise _malformed("class_values", "one number for each class")
    if spec.image_shape is not None and (
        len(spec.image_shape) != IMAGE_AXES
        or math.prod(spec.image_shape) != math.prod(spec.input_shape)
    ):
        raise _malformed("image_shape", "height, width and channels of one sample")
    apart = {scaled_apart(spec.input_shape)}
    if len(spec.input_shape) > 1:
        apart.add(1)  # Older versions scaled all features of a sequence by one number.
    if spec.scaling is not None and len(spec.scaling.offset) not in apart:
        raise _malformed("scaling", "one offset for each column")


def _check_columns(spec: Spec) -> None:
    if not isinstance(spec.form, TableForm) or spec.form.columns is None:
        return
    read = {*(spec.feature_names or ()), *spec.target_names, spec.sample_weight} - {None}
    if spec.feature_names is None or not read <= {*spec.form.columns}:
        raise _malformed("form.columns", "all columns, those that are read among them")


def _scaling(content: object, key: str) -> Scaling:
    entries = _entries(content, key, Scaling)
    offset, factor = _all(entries, "offset", _number), _all(entries, "factor", _number)
    if len(offset) != len(factor) or 0 in factor:
        raise _malformed("scaling.factor", "one number for each offset, never 0")
    return Scaling(_word(entries["kind"], "kind"), offset, factor)


def _form(content: object, key: str) -> TableForm | ArrayForm:
    """The form of a table has columns, that of arrays has not."""
    if isinstance(content, dict) and "columns" not in content:
        entries = _entries(content, key, ArrayForm)
        return ArrayForm(_text(entries["x"], "form.x"), _text(entries["y"], "form.y"))
    entries = _entries(content, key, TableForm)
    return TableForm(
        _maybe(entries, "columns", _texts),
        _flag(entries["named"], "form.named"),
        _maybe(entries, "header", _flag),
        _maybe(entries, "delimiter", _delimiter),
    )


def _rows(content: object) -> dict[str, int]:
    if not isinstance(content, dict) or not set(content) <= set(SPLITS):
        *splits, last = SPLITS
        raise _malformed("rows", f"a number for each of {', '.join(splits)} and {last}")
    return {name: _whole(number, "rows") for name, number in content.items()}


def _entries(
    content: object, name: str, kind: type[Spec | Scaling | TableForm | ArrayForm]
) -> dict[str, Any]:
    """The entries of an object that has exactly the fields of a dataclass."""
    if not isinstance(content, dict):
        raise _malformed(name, "an object")
    expected = {field.name for field in fields(kind)}
    for problem, keys in (
        ("misses", expected - set(content)),
        ("has the unknown", set(content) - expected),
    ):
        if keys:
            listed = ", ".join(sorted(map(repr, keys)))
            raise RunFolderError(f"{name} {problem} {listed}.", where="spec.json")
    return content


def _maybe(entries: dict[str, Any], key: str, read: Callable[[object, str], T]) -> T | None:
    return None if entries[key] is None else read(entries[key], key)


def _all(entries: dict[str, Any], key: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    return _items(entries[key], key, read)


def _items(content: object, key: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    if not isinstance(content, list):
        raise _malformed(key, "a list")
    return tuple(read(item, key) for item in content)


def _texts(content: object, key: str) -> tuple[str, ...]:
    return _items(content, key, _text)


def _numbers(content: object, key: str) -> tuple[float, ...]:
    return _items(content, key, _number)


def _wholes(content: object, key: str) -> tuple[int, ...]:
    return _items(content, key, _whole)


def _text(content: object, key: str) -> str:
    if not isinstance(content, str):
        raise _malformed(key, "text")
    return content


def _delimiter(content: object, _key: str) -> str:
    if not isinstance(content, str) or content not in DELIMITERS:
        raise _malformed("form.delimiter", f"one of {', '.join(DELIMITERS.values())}")
    return content


def _flag(content: object, key: str) -> bool:
    if not isinstance(content, bool):
        raise _malformed(key, "true or false")
    return content


def _whole(content: object, key: str) -> int:
    if not isinstance(content, int) or isinstance(content, bool) or content < 0:
        raise _malformed(key, "whole numbers")
    return content


def _number(content: object, key: str) -> float:
    if isinstance(content, int | float) and not isinstance(content, bool):
        number = float(content)
        if math.isfinite(number):
            return number
    raise _malformed(key, "finite numbers")


def _word(content: object, key: str) -> Any:
    """One of the words that the field of that name allows."""
    words = WORDS[key]
    if content not in words:
        raise _malformed(key, f"one of {', '.join(words)}")
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _malformed(key: str, expected: str) -> RunFolderError:
    return RunFolderError(f"{key} should be {expected}.", where="spec.json")
