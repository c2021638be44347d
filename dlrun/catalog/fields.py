"""The keys that dlrun itself understands, read from the fields of a class and their docstrings."""

from __future__ import annotations

import ast
from functools import lru_cache
from itertools import pairwise
from typing import Any

from dlrun.absent import ABSENT
from dlrun.catalog import text
from dlrun.catalog.signatures import Parameter


@lru_cache
def fields(module: str, name: str) -> tuple[Parameter, ...]:
    '''The fields of a class, read as text.

    Args:
        module: The dotted module that defines the class.
        name: The name of the class.

    Returns:
        One for each annotated name; its `doc` is the string below it, on one line:

            epochs: int = 10
            """How often the training rows are gone through."""
    '''
    head = text.class_head(module, name)
    body: list[ast.stmt] = head.body if head else []
    return tuple(
        _field(statement, following)
        for statement, following in pairwise([*body, None])
        if isinstance(statement, ast.AnnAssign)
        and not ast.unparse(statement.target).startswith("_")
    )


def _field(statement: ast.AnnAssign, following: ast.stmt | None) -> Parameter:
    return Parameter(
        name=ast.unparse(statement.target),
        required=statement.value is None,
        default=_default(statement.value),
        annotation=ast.unparse(statement.annotation),
        doc=_docstring(following),
        keyword_only=True,
    )


def _default(value: ast.expr | None) -> Any:
    """The default of a field: what stands there, or what `Field(default=...)` says."""
    if isinstance(value, ast.Call):
        value = next((one.value for one in value.keywords if one.arg == "default"), None)
    if value is None:
        return ABSENT
    try:
        return ast.literal_eval(value)
    except ValueError:
        return ABSENT


def _docstring(statement: ast.stmt | None) -> str | None:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return " ".join(str(statement.value.value).split())
    return None
