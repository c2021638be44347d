"""What kind of literal an argument takes, as far as its annotation, docstring or default tells.

Keras annotates almost nothing, but its docstrings begin with the type: `Positive integer, ...`,
`Float between 0 and 1. ...`, `int or tuple of 2 integers`. Where neither tells it, anything goes:
what is refused here is certain to be wrong.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from dlrun.catalog import NOT_LITERAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.catalog import Parameter

ARTICLE: Final = re.compile(
    r"^(?:\(optional\)|optional|an?|python|positive|`)[\s,.:;]*", re.IGNORECASE
)
CLAUSE: Final = re.compile(r"\.(?:\s|$)|;|:\s")
WORD: Final = re.compile(r"`?\b([A-Za-z]+)\b")
NAMED: Final = {
    "int": "int",
    "ints": "int",
    "integer": "int",
    "integers": "int",
    "float": "float",
    "floats": "float",
    "bool": "bool",
    "boolean": "bool",
    "string": "str",
    "str": "str",
    "strings": "str",
    "list": "list",
    "lists": "list",
    "tuple": "list",
    "tuples": "list",
    "none": "null",
    "dict": "mapping",
    "dictionary": "mapping",
}
"""The words of annotations and docstrings that tell a type."""
OPEN_WORDS: Final = {"callable", "instance", "function", "tensor", "array", "scalar"}
"""Words that leave the type open."""
POSITIVE: Final = re.compile(r"^(?:\w+ )?positive int|^int(?:eger)? > 0", re.IGNORECASE)
SHARE: Final = re.compile(
    r"^(?:\W*a )?(?:python )?float (?:between 0 and 1|in (?:the )?range `?\[0, 1)", re.IGNORECASE
)
SHOWN: Final = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "mapping": "a mapping",
    "null": "null",
}


@dataclass(frozen=True)
class Expected:
    """What an argument takes.

    Attributes:
        types: Keys of `SHOWN`; empty where nothing is known.
        choices: The only values, from an annotation `Literal[...]`.
        low: The smallest number.
        high: The largest number.
        is_path: It is the path of a file or folder.
    """

    types: frozenset[str] = frozenset()
    choices: tuple[Any, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    is_path: bool = False

    def __str__(self) -> str:
        """`an integer`, `a number or null`, `'relu' or 'tanh'`."""
        names = [SHOWN[name] for name in SHOWN if name in self.types]
        if self.is_path:
            names = ["a path" if name == SHOWN["str"] else name for name in names]
        if self.choices:
            names = [f"'{choice}'" for choice in self.choices]
            names += ["null"] if "null" in self.types else []
        *others, last = names
        return f"{', '.join(others)} or {last}" if others else last


@lru_cache
def expected(parameter: Parameter) -> Expected:
    """What an argument takes, from its annotation, else its docstring, else its default."""
    if parameter.annotation is not None:
        return _from_annotation(parameter.annotation)
    doc = parameter.doc or ""
    types = _with_default(_from_doc(doc), parameter.default)
    if "int" in types and POSITIVE.match(doc):
        return Expected(types, low=1)
    if "float" in types and SHARE.match(doc):
        return Expected(types, low=0, high=1)
    return Expected(types)


def complaint(value: Any, wanted: Expected) -> str | None:
    """What is wrong with a value, told as what was expected; None where nothing is."""
    if wanted.choices and value not in wanted.choices and value is not None:
        return f"expected {wanted}"
    if wanted.types and not wanted.types & _types_of(value):
        return f"expected {wanted}"
    if _is_number(value):
        if value < wanted.low:
            return f"expected {wanted.low:g} or more"
        if value > wanted.high:
            return f"expected {wanted.low:g} to {wanted.high:g}"
    return None


def repair(value: Any, wanted: Expected) -> str | None:
    """What was probably meant by a value of the wrong type, or None."""
    if "int" in wanted.types and isinstance(value, float) and value.is_integer():
        return f"Write {int(value)}."
    if isinstance(value, str) and wanted.types & {"int", "float"} and "str" not in wanted.types:
        number = value.replace("_", "").strip()
        if re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", number, re.IGNORECASE):
            return f"Write {number}."
    if wanted.types & {"bool"} and value in ("yes", "on", "no", "off"):
        return f"Write {'true' if value in ('yes', 'on') else 'false'}."
    if isinstance(value, str) and wanted.choices:
        near = get_close_matches(value, [str(choice) for choice in wanted.choices], n=1)
        return f"Did you mean '{near[0]}'?" if near else None
    return None


def _types_of(value: Any) -> set[str]:
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"bool"}
    if isinstance(value, int):
        return {"int", "float"}
    names = {float: "float", str: "str", list: "list", tuple: "list", dict: "mapping"}
    return {names[type(value)]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from_annotation(annotation: str) -> Expected:
    types: set[str] = set()
    choices: list[Any] = []
    path = False
    for part in _alternatives(ast.parse(annotation, mode="eval").body):
        if isinstance(part, ast.Constant) and part.value is None:
            types.add("null")
        elif isinstance(part, ast.Name) and part.id == "Path":
            types.add("str")
            path = True
        elif isinstance(part, ast.Name) and part.id in NAMED:
            types.add(NAMED[part.id])
        elif isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name):
            if part.value.id == "Literal":
                values = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
                choices += [value.value for value in values if isinstance(value, ast.Constant)]
            elif part.value.id in ("Sequence", *NAMED):
                types.add(NAMED.get(part.value.id, "list"))
            else:
                return Expected()
        else:
            return Expected()
    for choice in choices:
        types |= _types_of(choice)
    return Expected(frozenset(types), tuple(choices), is_path=path)


def _alternatives(annotation: ast.expr) -> Iterator[ast.expr]:
    if isinstance(annotation, ast.BinOp):
        yield from _alternatives(annotation.left)
        yield from _alternatives(annotation.right)
    else:
        yield annotation


def _from_doc(doc: str) -> set[str]:
    """The types that the first clause of a docstring names, if it begins with one."""
    clause = CLAUSE.split(doc, maxsplit=1)[0]
    while article := ARTICLE.match(clause):
        clause = clause[article.end() :]
    words = [word.lower() for word in WORD.findall(clause)]
    if not words or words[0] not in NAMED or OPEN_WORDS & set(words):
        return set()
    return {NAMED[word] for word in words if word in NAMED}


def _with_default(types: set[str], default: Any) -> frozenset[str]:
    """The types with that of the default; without a docstring only a boolean tells its type."""
    if default is NOT_LITERAL:
        return frozenset(types)
    own = _types_of(default)
    if not types:
        return frozenset(own) if own == {"bool"} else frozenset()
    return frozenset(types if types & own else types | own)
