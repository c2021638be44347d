"""Which kinds of value a key of a config takes: so is a list told from values to sweep over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dlrun import catalog
from dlrun.config import literals, prose
from dlrun.config.places import Node, steps
from dlrun.config.sections import DATASET_KEYS

Kinds = frozenset[str] | None  # keys of `dlrun.config.literals.SHOWN`; None where nothing is known

_COMPONENT: Final = frozenset({"str", "mapping", "null"})
_LIST: Final = frozenset({"list", "null"})
_SCALAR: Final = frozenset({"int", "float", "bool", "str", "mapping", "null"})
_SEVERAL: Final = re.compile(r"list|tuple|vector|sequence|array|integers|floats", re.IGNORECASE)
_NUMBER: Final = frozenset({"int", "float", "null"})
_NUMERIC: Final = frozenset({"int", "float", "Fraction", "None"})  # what is annotated so
_LAYER: Final[dict[str, Kinds]] = {
    "name": frozenset({"str"}),
    "inputs": _LIST,
    "weights": _LIST,
    "trainable": frozenset({"bool"}),
}
_SINGLE: Final = {"dataset": "datasets", "loss": "losses", "optimizer": "optimizers"}
_LISTS: Final = {"metrics": "metrics", "exports": "exporters"}


def kinds_of(root: Node, key: str) -> Kinds:
    """Give the kinds of value that a key takes; the config says of which word an argument is."""
    first, *rest = steps(key)
    node = root.child(first)
    if first in _SINGLE:
        return _of_component(_SINGLE[str(first)], node, rest)
    if first in _LISTS:
        return _of_list(_LISTS[str(first)], node, rest)
    if (first, *rest[:1]) in (("model", "layers"), ("training", "callbacks")):
        return _of_list(str(rest[0]), _below(node, rest[0]), rest[1:])
    if first == "model":
        return None
    if first == "training":
        return _of_field("TrainingConfig", rest)
    return _of_field("Experiment", [first]) if not rest else None


def _of_field(section: str, rest: Sequence[str | int]) -> Kinds:
    """A key that dlrun itself understands: by its annotation; none of them takes a plain list."""
    known = {one.name: one for one in catalog.fields("dlrun.config.schema", section)}
    if len(rest) != 1 or rest[0] not in known:
        return None
    annotation = known[str(rest[0])].annotation or ""
    return _NUMBER if set(annotation.split(" | ")) <= _NUMERIC else _SCALAR


def _of_list(kind: str, node: Node | None, rest: Sequence[str | int]) -> Kinds:
    if not rest:
        return _LIST
    index = rest[0]
    step = int(index) if isinstance(index, int) or index.isdecimal() else None
    item = None if step is None else _below(node, step)
    return None if item is None else _of_component(kind, item, rest[1:])


def _of_component(kind: str, node: Node | None, rest: Sequence[str | int]) -> Kinds:
    if not rest:
        return _COMPONENT
    first = rest[0]
    reserved = {"type": frozenset({"str"}), **(_LAYER if kind == "layers" else {})}
    if first in reserved:
        return reserved[str(first)] if len(rest) == 1 else None
    if kind == "datasets" and first in DATASET_KEYS:
        return _of_field("DatasetConfig", rest)
    return _of_argument(kind, node, rest)


def _of_argument(kind: str, node: Node | None, rest: Sequence[str | int]) -> Kinds:
    first = rest[0]
    word = _word(kind, node)
    parameter = word.parameter(str(first)) if word else None
    if parameter is None:
        return None
    is_plain = kind in ("datasets", "exporters")
    nested = None if is_plain else catalog.nested_kind(parameter.name)
    if len(rest) > 1:
        return _of_component(nested, _below(node, first), rest[1:]) if nested else None
    if nested is None:
        return _of_literal(parameter)
    if parameter.name == "learning_rate":
        return frozenset({"float", "mapping"})
    return None if nested == "layers" else _COMPONENT


def _of_literal(parameter: catalog.Parameter) -> Kinds:
    """An argument that is no component; where its type is not told, its default tells it.

    Unless its docstring speaks of several values: the default of `alpha` is a number, though it
    may be a list of one weight a class.
    """
    types = literals.expected(parameter).types
    if types and types != prose.NOT_TEXT:
        return types
    default = parameter.default
    if _SEVERAL.search(parameter.doc or "") or not isinstance(default, int | float | str):
        return None
    return frozenset({"str"}) if isinstance(default, str) else _NUMBER


def _below(node: Node | None, step: str | int) -> Node | None:
    return node.child(step) if node is not None else None


def _word(kind: str, node: Node | None) -> catalog.Word | None:
    written = node.child("type") if node and isinstance(node.value, dict) else node
    return catalog.find(kind, written.value) if written and isinstance(written.value, str) else None
