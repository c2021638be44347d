"""The words of a kind as definitions: bare, or as mappings whose keys depend on their `type`.

A mapping is described by `if` and `then` rather than by alternatives, so that an editor offers
only the arguments of the word that stands there, and names the one key that is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from dlrun import catalog
from dlrun.catalog import Parameter, Word, argument_types
from dlrun.catalog.argument_types import Expected
from dlrun.shapes.input_readers import LOOKUPS


def definitions(kind: str, shared: Mapping[str, Schema]) -> dict[str, Schema]:
    """All definitions of a kind, with the keys that dlrun itself understands beside every word.

    One named like the kind for anything that names a word of it; one named like `layers.Dense`
    for the mapping of each word.
    """
    words = _words(kind)
    if kind == "activations":
        return {kind: _anything(kind, words, {}, closed=True)}
    found = {kind: _anything(kind, words, shared)}
    found |= {f"{kind}.{word.name}": _mapping(word, shared) for word in words}
    return found


def nested_layers(shared: Collection[str]) -> dict[str, Schema]:
    """The definitions of layers inside of others, which dlrun hands to Keras as they are.

    The `shared` keys mean something else in a layer of the model.
    """
    words = _words("layers")
    found = {NESTED_LAYERS: _anything(NESTED_LAYERS, words, {})}
    for word in words:
        own = {
            parameter.name: argument(word, parameter)
            if parameter.name in shared
            else reference(f"layers.{word.name}/properties/{parameter.name}")
            for parameter in word.parameters
        }
        spelt = reference(f"layers.{word.name}/properties/type")
        found[f"{NESTED_LAYERS}.{word.name}"] = _closed(word, spelt, own)
    return found


def _words(kind: str) -> list[Word]:
    return [word for name in catalog.words(kind) if (word := catalog.find(kind, name))]


def _anything(
    name: str, words: list[Word], shared: Mapping[str, Schema], *, closed: bool = False
) -> Schema:
    """A bare word that needs no arguments, or a mapping."""
    bare = [word for word in words if closed or not any(_required(word))]
    mapping: Schema = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": _spelt(words), **shared},
    }
    if closed:
        mapping["additionalProperties"] = False
    else:
        mapping["allOf"] = [
            {
                "if": {"properties": {"type": _is(word)}, "required": ["type"]},
                "then": reference(f"{name}.{word.name}"),
            }
            for word in words
        ]
    return {"anyOf": [_spelt(bare), mapping] if bare else [mapping]}


def _spelt(words: list[Word]) -> Schema:
    pairs = [(spelling, word) for word in words for spelling in _spellings(word)]
    return {
        "enum": [spelling for spelling, _ in pairs],
        "enumDescriptions": [catalog.gist(word.kind, word.name) for _, word in pairs],
    }


def _is(word: Word) -> Schema:
    """A condition, as a pattern: editors would show the values of an `enum` to the user."""
    return {"type": "string", "pattern": f"^({'|'.join(_spellings(word))})$"}


def _mapping(word: Word, shared: Mapping[str, Schema]) -> Schema:
    own = {
        parameter.name: argument(word, parameter)
        for parameter in word.parameters
        if parameter.name not in shared
    }
    prose = "\n\n".join(catalog.prose(word.kind, word.name))
    spelt = {"enum": _spellings(word), "description": prose}
    closed = _closed(word, spelt, own | dict(shared))
    count = LOOKUPS.get(word.name) if word.kind == "layers" else None
    if count in closed["required"]:  # or it comes from the column that the layer reads
        closed["required"].remove(count)
    return closed


def _closed(word: Word, spelt: Schema, properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {"type": spelt, **properties},
        "required": ["type", *_required(word)],
        "additionalProperties": False,
    }


def _spellings(word: Word) -> list[str]:
    return [word.name, *catalog.aliases(word.kind).get(word.name, ())]


def _required(word: Word) -> Iterator[str]:
    return (parameter.name for parameter in word.parameters if parameter.required)


Schema = dict[str, Any]

TYPES: Final = {  # what the types of `Expected` are called in a JSON Schema
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "str": "string",
    "path": "string",
    "list": "array",
    "mapping": "object",
    "null": "null",
}
NESTED_LAYERS: Final = "nested_layers"  # such as the one that `Bidirectional` wraps


def argument(word: Word, parameter: Parameter) -> Schema:
    """The values of an argument of a word."""
    kind = word.nests(parameter.name)
    if kind is None:
        return described(literal(argument_types.expected(parameter)), parameter)
    alternatives = [reference(NESTED_LAYERS if kind == "layers" else kind)]
    if catalog.KINDS[kind].by_name:
        alternatives = [{"type": "object", "additionalProperties": alternatives[0]}]
    if kind == "layers":
        alternatives.append({"type": "array", "items": alternatives[0]})
    if parameter.name == "learning_rate":
        alternatives.insert(0, {"type": "number", "minimum": 0})
    if not parameter.required:
        alternatives.append({"type": "null"})
    return described({"anyOf": alternatives}, parameter)


def described(values: Schema, parameter: Parameter) -> Schema:
    """The schema of an argument's values with what is said about it, and with its default."""
    about: Schema = {"description": parameter.doc} if parameter.doc else {}
    if _is_json(parameter.written_default):
        about["default"] = parameter.written_default
    return about | values


def literal(wanted: Expected) -> Schema:
    """What a literal argument takes, as `dlrun validate` knows it."""
    types = sorted({TYPES[name] for name in wanted.types})
    if not wanted.choices:
        schema: Schema = {"type": types[0] if len(types) == 1 else types} if types else {}
        found = (("minimum", wanted.low), ("maximum", wanted.high))
        limits: Schema = {name: limit for name, limit in found if math.isfinite(limit)}
        if limits and ("array" in types or not types):
            limits["items"] = dict(limits)
        return schema | limits
    alternatives: list[Schema] = [{"enum": list(wanted.choices)}]
    if wanted.folds_case:
        alternatives.append({"type": "string", "pattern": _in_any_case(wanted.choices)})
    others = [name for name in types if name != "string"]
    if others:
        alternatives.append({"type": others})
    elif not types:
        alternatives.append({"not": {"type": "string"}})
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def reference(name: str) -> Schema:
    """A definition by its name."""
    return {"$ref": f"#/definitions/{name}"}


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int | str)


def _in_any_case(choices: Iterable[str]) -> str:
    """A pattern for texts in any case; JSON Schema has no flag for it."""
    letter = re.compile("[A-Za-z]")
    spelt = [letter.sub(_in_both_cases, choice) for choice in choices]
    return f"^({'|'.join(spelt)})$"


def _in_both_cases(letter: re.Match[str]) -> str:
    return f"[{letter[0].lower()}{letter[0].upper()}]"
