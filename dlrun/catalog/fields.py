"""The keys that dlrun itself understands, read from the fields of a class and their docstrings."""

from __future__ import annotations

import ast
from functools import lru_cache
from itertools import pairwise

from dlrun.absent import ABSENT
from dlrun.catalog import text
from dlrun.catalog.signatures import Parameter, literal


@lru_cache
def fields(module: str, name: str) -> tuple[Parameter, ...]:
    '''The fields of a class, read as text; the `doc` of each is the string below it, on one line.

    Such as:

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
    default = statement.value
    if isinstance(default, ast.Call):  # Field(default=...)
        default = next((one.value for one in default.keywords if one.arg == "default"), None)
    doc = None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        doc = " ".join(str(following.value.value).split())
    return Parameter(
        name=ast.unparse(statement.target),
        required=statement.value is None,
        default=ABSENT if default is None else literal(default),
        annotation=ast.unparse(statement.annotation),
        doc=doc,
        keyword_only=True,
    )
