"""One argument of a word as a JSON Schema: its types, its limits, its default, what it does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Final

from dlrun.catalog import Parameter, Word
from dlrun.config import literals
from dlrun.config.prose import Expected

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
        return described(literal(literals.expected(parameter)), parameter)
    alternatives = [reference(NESTED_LAYERS if kind == "layers" else kind)]
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
