"""The language as a JSON Schema (draft 7), for the completion and hover of editors.

It knows words, arguments and their types; the keys are the fields of `Experiment`. What depends on
several fields at once is left to `dlrun validate`.
"""

from collections.abc import Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from dlrun import catalog
from dlrun.config import extends, schema
from dlrun.config.json_schema.words import Schema, definitions, described, nested_layers, reference
from dlrun.config.sections import FieldInfo, Section

# The newest draft that yaml-language-server reads in full.
DRAFT: Final = "http://json-schema.org/draft-07/schema#"


_EXTENDS: Final[Schema] = {
    "description": "The config, or several, that this one is merged into: paths from this file.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


def json_schema() -> Schema:
    """The whole language: sections, words, arguments, with types, defaults and descriptions."""
    every_layer = _every_layer()
    layer_keys = {name: reference(f"every_layer/properties/{name}") for name in every_layer}
    shared = {"datasets": _own_keys(schema.DatasetConfig), "layers": layer_keys}
    defined: dict[str, Schema] = {"every_layer": {"properties": every_layer}}
    for kind in catalog.KINDS:
        defined |= definitions(kind, shared.get(kind, {}))
    keys = _section(schema.Experiment)
    return {
        "$schema": DRAFT,
        "title": "dlrun",
        "type": "object",
        "properties": {extends.KEY: _EXTENDS, **{name: _about(key) for name, key in keys.items()}},
        "patternProperties": {f"^{extends.PRIVATE}": {"description": "Only a place for anchors."}},
        "additionalProperties": False,
        # What is missing in a config that extends another one may stand in that one.
        "if": {"required": [extends.KEY]},
        "else": {
            "properties": keys,
            "required": ["dataset", "model"],
            **_needed_for_training(),
        },
        "definitions": defined | nested_layers(layer_keys),
    }


def _every_layer() -> dict[str, Schema]:
    keys = _own_keys(schema.LayerConfig)
    lists = keys["inputs"]["anyOf"]
    keys["inputs"]["anyOf"] = [
        *(one | {"minItems": 1} if "items" in one else one for one in lists),
        {"type": "string"},
    ]
    keys["name"] = _about(keys["name"]) | _or_null({"type": "string", "pattern": "^[^/]+$"})
    return keys


def _section(section: type[Section]) -> dict[str, Schema]:
    """The keys of a section, in the order of the language; what is empty counts as left out."""
    keys = _own_keys(section)
    for name, field in section.model_fields.items():
        values = _values(field)
        if values is not None:
            if not field.is_required():
                values = _or_null(values)
            elif "$ref" in values:  # beside which an editor would not see what is said about it
                values = {"anyOf": [values]}
            keys[name] = _about(keys[name]) | values
    return keys


def _values(field: FieldInfo) -> Schema | None:
    """The words or the section that a key holds; None for plain values."""
    kind, section = schema.kind_of(field), schema.section_of(field)
    if section is not None:
        required = [name for name, inner in section.model_fields.items() if inner.is_required()]
        closed = {"properties": _section(section), "additionalProperties": False}
        return {"type": "object", **closed, **({"required": required} if required else {})}
    if kind is None:
        return None
    if get_origin(field.annotation) is not tuple:
        return reference(kind)
    least = {"minItems": 1} if field.is_required() else {}
    return {"type": "array", "items": reference(kind), **least}


def _about(keys: Schema) -> Schema:
    return {name: text for name, text in keys.items() if name == "description"}


def _needed_for_training() -> Schema:
    """A loss and an optimizer, but where the config says `epochs: 0`."""
    nothing = {"properties": {"epochs": {"const": 0}}, "required": ["epochs"]}
    written = {"type": ["string", "object"]}
    return {
        "if": {"properties": {"training": nothing}, "required": ["training"]},
        "else": {
            "required": ["loss", "optimizer"],
            "properties": {"loss": written, "optimizer": written},
        },
    }


def _own_keys(section: type[Section]) -> dict[str, Schema]:
    """The plain keys of a section with their docstrings; other sections are written out above."""
    return {
        field.name: described(_plain(section.model_fields[field.name]), field)
        for field in catalog.fields(section.__module__, section.__name__)
        if field.name in section.own_keys()
    }


_TYPES: Final[dict[Any, str]] = {
    int: "integer",
    float: "number",
    bool: "boolean",
    str: "string",
    NoneType: "null",
    list: "array",
    tuple: "array",
    dict: "object",
    Path: "string",
}
_LIMITS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}


def _plain(field: FieldInfo) -> Schema:
    """Types and limits of a key."""
    return _typed(field.annotation, (field, *field.metadata))


def _typed(wanted: Any, said: Sequence[Any] = ()) -> Schema:
    """What a type takes, within the limits that are said of it; nothing for a section."""
    origin, parts = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        return _typed(parts[0], parts[1:])
    if origin in (Union, UnionType):
        return {"anyOf": [_typed(part, said) for part in parts]}
    if origin is Literal:
        one_of: Schema = {"const": parts[0]} if len(parts) == 1 else {"enum": list(parts)}
        return one_of | {"type": "string"}
    schema: Schema = {"type": _TYPES[origin or wanted]} if (origin or wanted) in _TYPES else {}
    if origin is dict:
        schema["additionalProperties"] = _typed(parts[1])
    elif origin in (list, tuple) and _typed(parts[0]):
        schema["items"] = _typed(parts[0])
    for limits in said if wanted in (int, float, str) else ():
        if isinstance(limits, FieldInfo):
            schema |= {
                name: getattr(limits, short)
                for short, name in _LIMITS.items()
                if getattr(limits, short) is not None
            }
            if limits.min_length is not None:
                schema["minLength"] = limits.min_length
    return schema


def _or_null(values: Schema) -> Schema:
    return {"anyOf": [values, {"type": "null"}]}
