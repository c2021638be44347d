"""Annotations as written, taken apart: `int | None` is an integer or null."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

# What the names of annotations are called in `SHOWN`.
TYPES_IN_ANNOTATIONS: Final = {
    **{name: name for name in ("int", "float", "bool", "str")},
    "Path": "path",
    **dict.fromkeys(("list", "tuple", "Sequence"), "list"),
    **dict.fromkeys(("dict", "Mapping"), "mapping"),
}


def read_annotation(annotation: str) -> tuple[frozenset[str], tuple[Any, ...]]:
    """The types and the choices that an annotation allows; both empty where it says neither."""
    types: set[str] = set()
    choices: list[Any] = []
    for part in _alternatives(ast.parse(annotation, mode="eval").body):
        name = part.value if isinstance(part, ast.Subscript) else part
        word = name.id if isinstance(name, ast.Name) else None
        if isinstance(part, ast.Constant) and part.value is None:
            types.add("null")
        elif isinstance(part, ast.Subscript) and word == "Literal":
            inside = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
            choices += [one.value for one in inside if isinstance(one, ast.Constant)]
            types.add("str")
        elif word in TYPES_IN_ANNOTATIONS:
            types.add(TYPES_IN_ANNOTATIONS[word])
        else:
            return frozenset(), ()
    if not all(isinstance(choice, str) for choice in choices):
        return frozenset(), ()
    return frozenset(types), tuple(choices)


def _alternatives(annotation: ast.expr) -> Iterator[ast.expr]:
    if isinstance(annotation, ast.BinOp):
        yield from _alternatives(annotation.left)
        yield from _alternatives(annotation.right)
    else:
        yield annotation
