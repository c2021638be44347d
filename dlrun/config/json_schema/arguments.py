"""One argument of a word as a JSON Schema: its types, its limits, its default, what it does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from dlrun.absent import ABSENT
from dlrun.catalog import Parameter, Word
from dlrun.config import literals
from dlrun.config.literals import Expected

Schema = dict[str, Any]

TYPES: Final = {
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "str": "string",
    "path": "string",
    "list": "array",
    "mapping": "object",
    "null": "null",
}
"""The types of `literals.Expected` by their names in a JSON Schema."""
NESTED_LAYERS: Final = "nested_layers"
"""Layers inside of others, such as the one that `Bidirectional` wraps."""


def argument(word: Word, parameter: Parameter) -> Schema:
    """The values of an argument.

    Args:
        word: The word that takes it.
        parameter: The argument.
    """
    kind = word.nests(parameter.name)
    if kind is None:
        values = literal(literals.expected(parameter))
    else:
        values = {"anyOf": _nested(kind, parameter)}
    return described(values, parameter)


def described(values: Schema, parameter: Parameter) -> Schema:
    """A schema with what is said about an argument, and with its default.

    Args:
        values: What it takes.
        parameter: The argument.
    """
    about: Schema = {"description": parameter.doc} if parameter.doc else {}
    default = as_json(parameter.default)
    if default is not ABSENT:
        about["default"] = default
    return about | values


def literal(wanted: Expected) -> Schema:
    """What a literal argument takes.

    Args:
        wanted: As `dlrun validate` knows it.
    """
    types = sorted({TYPES[name] for name in wanted.types})
    if not wanted.choices:
        schema: Schema = {"type": types[0] if len(types) == 1 else types} if types else {}
        return schema | _limits(wanted, types)
    alternatives: list[Schema] = [{"enum": list(wanted.choices)}]
    if wanted.folds_case:
        alternatives.append({"type": "string", "pattern": _in_any_case(wanted.choices)})
    others = [name for name in types if name != "string"]
    if others:
        alternatives.append({"type": others})
    elif not types:
        alternatives.append({"not": {"type": "string"}})
    return any_of(alternatives)


def any_of(alternatives: list[Schema]) -> Schema:
    """A schema for values that fit one of several.

    Args:
        alternatives: One at least.
    """
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def reference(name: str) -> Schema:
    """A definition by its name.

    Args:
        name: Its key in `definitions`.
    """
    return {"$ref": f"#/definitions/{name}"}


def as_json(value: Any) -> Any:
    """A default as JSON has it: lists for tuples.

    Args:
        value: A literal of Python, or ABSENT.

    Returns:
        The value; ABSENT for what JSON cannot say.
    """
    if isinstance(value, tuple | list):
        items = [as_json(item) for item in value]
        return ABSENT if ABSENT in items else items
    if isinstance(value, float) and not math.isfinite(value):
        return ABSENT
    known = value is None or isinstance(value, bool | int | float | str)
    return value if known else ABSENT


def _nested(kind: str, parameter: Parameter) -> list[Schema]:
    alternatives = [reference(NESTED_LAYERS if kind == "layers" else kind)]
    if kind == "layers":
        alternatives.append({"type": "array", "items": alternatives[0]})
    if parameter.name == "learning_rate":
        alternatives.insert(0, {"type": "number", "minimum": 0})
    if not parameter.required:
        alternatives.append({"type": "null"})
    return alternatives


def _limits(wanted: Expected, types: Iterable[str]) -> Schema:
    """The smallest and the largest number, for the items of a list as well."""
    limits: Schema = {}
    if math.isfinite(wanted.low):
        limits["minimum"] = wanted.low
    if math.isfinite(wanted.high):
        limits["maximum"] = wanted.high
    if limits and ("array" in types or not wanted.types):
        limits["items"] = dict(limits)
    return limits


def _in_any_case(choices: Iterable[str]) -> str:
    """A pattern for texts in any case; JSON Schema has no flag for it."""
    spelt = ("".join(map(_in_both_cases, choice)) for choice in choices)
    return f"^({'|'.join(spelt)})$"


def _in_both_cases(letter: str) -> str:
    return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter
