"""Annotations as written, taken apart: `int | None` is an integer or null."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

TYPES: Final = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "Path": "path",
    "list": "list",
    "tuple": "list",
    "Sequence": "list",
    "dict": "mapping",
    "Mapping": "mapping",
}
"""What the names of annotations are called in `literals.SHOWN`."""
UNKNOWN: Final[tuple[frozenset[str], tuple[Any, ...]]] = (frozenset(), ())


def read(annotation: str) -> tuple[frozenset[str], tuple[Any, ...]]:
    """The types and the choices that an annotation allows; both empty where it says neither."""
    types: set[str] = set()
    choices: list[Any] = []
    for part in _alternatives(ast.parse(annotation, mode="eval").body):
        name = part.value if isinstance(part, ast.Subscript) else part
        if isinstance(part, ast.Constant) and part.value is None:
            types.add("null")
        elif isinstance(part, ast.Subscript) and _is_literal(part):
            choices += _values(part)
            types.add("str")
        elif isinstance(name, ast.Name) and name.id in TYPES:
            types.add(TYPES[name.id])
        else:
            return UNKNOWN
    if not all(isinstance(choice, str) for choice in choices):
        return UNKNOWN
    return frozenset(types), tuple(choices)


def _alternatives(annotation: ast.expr) -> Iterator[ast.expr]:
    if isinstance(annotation, ast.BinOp):
        yield from _alternatives(annotation.left)
        yield from _alternatives(annotation.right)
    else:
        yield annotation


def _is_literal(part: ast.Subscript) -> bool:
    return isinstance(part.value, ast.Name) and part.value.id == "Literal"


def _values(part: ast.Subscript) -> list[Any]:
    parts = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
    return [value.value for value in parts if isinstance(value, ast.Constant)]
