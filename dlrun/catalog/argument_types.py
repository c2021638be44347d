"""What literal an argument takes, and what to say to one that it does not."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from dlrun.absent import ABSENT
from dlrun.catalog.signatures import Parameter
from dlrun.wording import AMONG_FEW, WRITTEN_NUMBER, did_you_mean, is_number

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


# Arguments of Keras that mean the same in every class that has them, by their least value.
AT_LEAST_ONE: Final = frozenset(
    {
        "decay_steps", "dilation_rate", "filters", "first_decay_steps", "groups", "height",
        "input_dim", "kernel_size", "key_dim", "n", "num_heads", "output_dim", "output_size",
        "pool_size", "size", "strides", "units", "width",
    }
)  # fmt: skip
NEVER_NEGATIVE: Final = frozenset(
    {
        "clipnorm", "clipvalue", "cooldown", "decay_rate", "epsilon", "global_clipnorm",
        "initial_learning_rate", "l1", "l1_regularization_strength", "l2",
        "l2_regularization_strength", "l2_shrinkage_regularization_strength", "min_lr", "patience",
        "rate", "start_from_epoch", "stddev", "weight_decay",
    }
)  # fmt: skip
SHARES: Final = frozenset({"ema_momentum", "momentum"})  # of the past, from 0 to 1
FACTORS: Final = frozenset({"factor", "height_factor", "width_factor", "x_factor", "y_factor"})
"""How far layers that augment go: from -1 to 1, where they are no counts."""
REDUCTIONS: Final = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none")
KNOWN: Final = {  # arguments of Keras about whose type the docstrings are silent or vague
    "reduction": Expected(frozenset({"str", "null"}), REDUCTIONS),
    "noise_shape": Expected(frozenset({"list", "null"}), counts=True),
    "target_shape": Expected(frozenset({"list"}), counts=True),
    "seed": Expected(frozenset({"int", "null"})),
    "value_dim": Expected(frozenset({"int", "null"}), low=1),
    "dims": Expected(frozenset({"list"}), counts=True),
    "vocabulary": Expected(frozenset({"list", "null"}), no_path=True),
    "pooling": Expected(frozenset({"str", "null"}), ("avg", "max")),
    "classes": Expected(frozenset({"int"}), low=1),
}


@lru_cache
def expected(parameter: Parameter) -> Expected:
    """What an argument takes, from its annotation, else its docstring, else its default."""
    if parameter.annotation is not None:
        types, choices = read_annotation(parameter.annotation)
        return Expected(types, choices)
    if parameter.name == "name":
        return Expected(frozenset({"str", "null"}))
    if parameter.name in KNOWN:
        return KNOWN[parameter.name]
    said = read_doc(parameter.doc or "")
    low, high, choices = said.low, said.high, said.choices
    if parameter.name in AT_LEAST_ONE:
        low = max(low, 1)
    elif parameter.name in NEVER_NEGATIVE:
        low = max(low, 0)
    elif parameter.name in SHARES:
        low, high = 0, 1
    elif parameter.name in FACTORS and "int" not in said.types:
        low, high = max(low, -1), min(high, 1)
    types = with_default(said.types, parameter.default)
    if parameter.default not in (None, ABSENT, *choices):
        choices = ()  # the list was about something else
    counts = {"int", "list"} <= types and "float" not in types
    return Expected(types, choices, low, high, said.folds_case, counts)


def complaint(value: Any, wanted: Expected) -> str | None:
    """What was expected in the place of a value; None where nothing is wrong with it."""
    if wanted.types and not wanted.types & types_of(value):
        return f"Expected {wanted}"
    if wanted.choices and isinstance(value, str):
        folded = value.lower() if wanted.folds_case else value
        return None if folded in wanted.choices else f"Expected {wanted}"
    items = value if isinstance(value, list | tuple) else [value]
    if wanted.counts and not all(map(_is_count, items)):
        return "Expected whole numbers in the list"
    odd = next((one for one in items if is_number(one) and not _is_within(one, wanted)), None)
    return None if odd is None else f"Expected {_span(odd, wanted, several=items is value)}"


def _is_within(number: float, wanted: Expected) -> bool:
    return math.isfinite(number) and wanted.low <= number <= wanted.high


def _span(number: float, wanted: Expected, *, several: bool) -> str:
    """Say between which numbers one had to be that is not."""
    if math.isinf(wanted.low):
        return "finite numbers" if several else "a finite number"
    is_open = math.isinf(wanted.high) and number < wanted.low
    return f"{wanted.low:g} or more" if is_open else f"{wanted.low:g} to {wanted.high:g}"


def _is_count(item: Any) -> bool:
    if isinstance(item, list | tuple):
        return all(map(_is_count, item))
    return item is None or (isinstance(item, int) and not isinstance(item, bool))


_MAY_BE_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")


def repair(value: Any, wanted: Expected) -> str | None:
    """What was probably meant by a value that does not fit, or None."""
    meant: Any = None
    if wanted.no_path and isinstance(value, str):
        return "List the entries: what a layer knows stands in the config, not in a file."
    if "int" in wanted.types and isinstance(value, float) and value.is_integer():
        meant = int(value)
    elif wanted.counts and type(value) is int and "int" not in wanted.types:
        meant = [value]
    elif isinstance(value, str) and wanted.choices:
        return did_you_mean(value, map(str, wanted.choices), similarity=AMONG_FEW)
    elif isinstance(value, str) and wanted.types & {"int", "float"}:
        number = value.replace("_", "").strip()
        if "float" in wanted.types and number.count(",") == 1:
            if _MAY_BE_THOUSANDS.fullmatch(number):
                return f"Write {number.replace(',', '')} or {number.replace(',', '.')}."
            number = number.replace(",", ".")
        meant = number if WRITTEN_NUMBER.fullmatch(number) else None
    elif isinstance(value, str) and "bool" in wanted.types:
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower())
    return None if meant is None else f"Write {meant}."
