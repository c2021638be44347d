"""The sections of a config as a JSON Schema; their keys are the fields of `Experiment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlrun import catalog
from dlrun.config import schema
from dlrun.config.json_schema.arguments import described, reference
from dlrun.config.json_schema.words import definitions, nested_layers

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dlrun.config.json_schema.arguments import Schema

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
"""The newest draft that yaml-language-server reads in full."""
WRITTEN_APART: Final = ("type", "arguments")
"""Fields that stand in a config as the word and its own arguments."""
NULL: Final[Schema] = {"type": "null"}


def json_schema() -> Schema:
    """The whole language: sections, words, arguments, with types, defaults and descriptions.

    Returns:
        A JSON Schema of draft 7.
    """
    every_layer = _every_layer()
    layer_keys = {name: reference(f"every_layer/properties/{name}") for name in every_layer}
    shared = {"datasets": _keys(schema.DatasetConfig), "layers": layer_keys}
    defined: dict[str, Schema] = {"every_layer": {"properties": every_layer}}
    for kind in catalog.KINDS:
        defined |= definitions(kind, shared.get(kind, {}))
    return {
        "$schema": DRAFT,
        "title": "dlrun",
        "type": "object",
        "properties": _sections(),
        "required": ["dataset", "model"],
        "additionalProperties": False,
        **_needed_for_training(),
        "definitions": defined | nested_layers(layer_keys),
    }


def _every_layer() -> dict[str, Schema]:
    """The keys of dlrun's own that every layer of the model takes."""
    keys = _keys(schema.LayerConfig)
    lists = keys["inputs"]["anyOf"]
    keys["inputs"]["anyOf"] = [
        *(one | {"minItems": 1} if "items" in one else one for one in lists),
        {"type": "string"},
    ]
    keys["name"] = _about(keys["name"]) | _or_null({"type": "string", "pattern": "^[^/]+$"})
    return keys


def _sections() -> Schema:
    """The keys of a config, in the order of the language."""
    training = _keys(schema.TrainingConfig)
    training["callbacks"] = _about(training["callbacks"]) | _list_of("callbacks")
    layers = _about(_keys(schema.ModelConfig)["layers"])
    layers |= {"type": "array", "items": reference("layers"), "minItems": 1}
    sections = _keys(schema.Experiment)
    values = {
        "dataset": {"anyOf": [reference("datasets")]},
        "model": _mapping({"layers": layers}) | {"required": ["layers"]},
        "loss": _or_null(reference("losses")),
        "optimizer": _or_null(reference("optimizers")),
        "metrics": _list_of("metrics"),
        "training": _or_null(_mapping(training)),
        "exports": _list_of("exporters"),
    }
    return {
        name: _about(keys) | values[name] if name in values else keys
        for name, keys in sections.items()
    }


def _about(keys: Schema) -> Schema:
    """What is said about a key whose values are described by definitions."""
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


def _keys(section: type[BaseModel]) -> dict[str, Schema]:
    """The plain keys of a section as pydantic describes them, with their docstrings."""
    plain = section.model_json_schema()["properties"]
    return {
        field.name: described(_plain(plain[field.name]), field)
        for field in catalog.fields(section.__module__, section.__name__)
        if field.name in plain and field.name not in WRITTEN_APART
    }


def _plain(described_by_pydantic: Schema) -> Schema:
    """Types and limits; titles are names again, and other sections are written out here."""
    kept: dict[str, Any] = {}
    for key, value in described_by_pydantic.items():
        if key == "anyOf":
            kept[key] = [_plain(one) for one in value]
        elif key not in ("title", "default", "$ref", "items"):
            kept[key] = value
    if described_by_pydantic.get("items", {}).get("type"):
        kept["items"] = described_by_pydantic["items"]
    return kept


def _mapping(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _or_null(values: Schema) -> Schema:
    return {"anyOf": [values, NULL]}


def _list_of(kind: str) -> Schema:
    return _or_null({"type": "array", "items": reference(kind)})
