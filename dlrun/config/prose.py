"""What the docstrings of Keras say about the type of an argument.

Keras annotates almost nothing, but its docstrings begin with the type: `Positive integer, ...`,
`Float between 0 and 1. ...`, `int or tuple of 2 integers`, `string, either "valid" or "same"`.
Where they say nothing certain, anything goes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from dlrun.absent import ABSENT

ARTICLE: Final = re.compile(
    r"^(?:\(optional\)|optional|an?|python|positive|`)[\s,.:;]*", re.IGNORECASE
)
CLAUSE: Final = re.compile(r"\.(?:\s|$)|;|:\s")
WORD: Final = re.compile(r"[A-Za-z]+")
TYPES_IN_DOCS: Final = {
    **dict.fromkeys(("int", "ints", "integer", "integers"), "int"),
    **dict.fromkeys(("float", "floats"), "float"),
    **dict.fromkeys(("bool", "boolean"), "bool"),
    **dict.fromkeys(("str", "string", "strings"), "str"),
    **dict.fromkeys(("list", "lists", "tuple", "tuples"), "list"),
    "none": "null",
    **dict.fromkeys(("dict", "dictionary"), "mapping"),
}
NOT_TEXT: Final = frozenset({"float", "list", "bool"})
"""What an argument takes whose default is a number and about which nothing is said."""
# Words that leave the type open.
OPEN_WORDS: Final = {"callable", "instance", "function", "tensor", "array", "scalar"}
POSITIVE: Final = re.compile(r"^(?:optional )?positive int", re.IGNORECASE)
SHARE: Final = re.compile(r"^float (?:between 0 and 1|in range \[0, 1\])", re.IGNORECASE)
COUNT: Final = re.compile(r"^(?:\(optional\) )?(?:the )?number of", re.IGNORECASE)
QUOTED: Final = r"[`{]*[\"'][\w-]+[\"'`}]+(?:\s*\((?:default|case-insensitive)\))?"
LEAD: Final = r"(?:^|\b(?:either|one of|be|are|include|supports) |(?:values:|string,|computed,) )"
CHOICES: Final = re.compile(
    rf"{LEAD}(?:`None`, )?({QUOTED}(?:(?:,\s*(?:or\s+)?|\s+or\s+|\s+and\s+){QUOTED})+)([^.]*)",
    re.IGNORECASE,
)
ONE_CHOICE: Final = re.compile(r"[\"']([\w-]+)[\"'`]")
MORE: Final = re.compile(r"^,?\s*(?:or|and)\s+(?!`?None)")
SOON: Final = 200  # characters into a docstring: so far the choices are the argument's own


SHOWN: Final = {
    "int": "an integer",
    "float": "a number",
    "schedule": "a schedule",
    "bool": "true or false",
    "str": "text",
    "path": "a path",
    "list": "a list",
    "mapping": "a mapping",
    "null": "null",
}


@dataclass(frozen=True)
class Expected:
    """What an argument takes."""

    types: frozenset[str] = frozenset()  # keys of `SHOWN`; empty where nothing is known
    choices: tuple[Any, ...] = ()  # the only texts that it takes; empty where it takes any
    low: float = -math.inf  # the smallest number
    high: float = math.inf
    folds_case: bool = False  # the choices may be written in any case
    counts: bool = False  # a list, or a list in it, holds nothing but integers and null
    no_path: bool = False  # Keras would take a text for the path of a file

    def __str__(self) -> str:
        """`an integer`, `a number or null`, `'valid' or 'same'`."""
        types = {"float"} if self.types == NOT_TEXT else self.types
        names = [SHOWN[name] for name in SHOWN if name in types]
        if self.choices:
            others = [name for name in names if name != SHOWN["str"]]
            names = [f"'{choice}'" for choice in self.choices] + others
        *all_but_last, last = names or ["another value"]
        return f"{', '.join(all_but_last)} or {last}" if all_but_last else last


@lru_cache
def read_doc(doc: str) -> Expected:
    """What a docstring of an argument tells about its values."""
    types = _types(doc)
    if "int" in types and POSITIVE.match(doc):
        return Expected(types, low=1)
    if "float" in types and SHARE.match(doc):
        return Expected(types, low=0, high=1)
    choices = _choices(doc) if "str" in types or not types else ()
    return Expected(types, choices, folds_case="(case-insensitive)" in doc)


def types_of(value: Any) -> set[str]:
    """The names of the types that a value of YAML belongs to."""
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"bool"}
    if isinstance(value, int):
        return {"int", "float"}
    if isinstance(value, str):
        return {"str", "path"}
    names = {float: "float", list: "list", tuple: "list", dict: "mapping"}
    return {names[type(value)]}


def with_default(types: frozenset[str], default: Any) -> frozenset[str]:
    """The types with that of the default, or what the default alone tells."""
    if default is ABSENT:
        return types
    own = types_of(default) - {"path"}
    if types:
        return types if types & own else types | own
    if own == {"bool"}:
        return frozenset(own)
    # A number can stand for a list, or for true and false, but not for text.
    return NOT_TEXT if "float" in own else frozenset()


def _types(doc: str) -> frozenset[str]:
    """The types that the first clause names, if it begins with one."""
    if COUNT.match(doc):
        return frozenset({"int"})
    clause = CLAUSE.split(doc, maxsplit=1)[0]
    while article := ARTICLE.match(clause):
        clause = clause[article.end() :]
    words = [word.lower() for word in WORD.findall(clause)]
    if not words or words[0] not in TYPES_IN_DOCS or OPEN_WORDS & set(words):
        return frozenset()
    return frozenset(TYPES_IN_DOCS[word] for word in words if word in TYPES_IN_DOCS)


def _choices(doc: str) -> tuple[str, ...]:
    found = CHOICES.search(doc[:SOON])
    if found is None or MORE.match(found[2]):
        return ()
    return tuple(ONE_CHOICE.findall(found[1]))
