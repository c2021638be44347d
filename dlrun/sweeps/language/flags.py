"""A grid on the command line: which `--set` is one value, and which is an axis.

A list is an axis where the key takes one value, as `optimizer.learning_rate` does; where the key
takes lists, as a `kernel_size` does, it is one value. So is a range such as `0..9` an axis where
the key takes numbers. `--grid KEY=[...]` is an axis whatever the key takes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from dlrun import catalog
from dlrun.catalog import argument_types
from dlrun.catalog.argument_types import NOT_TEXT
from dlrun.config import overrides as flags
from dlrun.config.extends import read_whole
from dlrun.config.nodes import ConfigNode, Node, Place, Problems, steps
from dlrun.config.overrides import Override
from dlrun.config.schema import (
    DatasetConfig,
    Experiment,
    LayerConfig,
    kind_of,
    section_of,
)
from dlrun.config.sections import Section
from dlrun.reports.repeats import FOLD
from dlrun.sweeps.language.axes import MAX_VALUES, spread, values_of
from dlrun.sweeps.language.folds import folded, folds_of
from dlrun.sweeps.language.sweep import Axis, Point, combined, count, grid


@dataclass(frozen=True)
class Grid:
    """What the flags of a command line ask of a config."""

    fixed: tuple[Override, ...]  # of every run
    axes: dict[str, int]  # how many values each has, by its key; empty for a single run
    points: tuple[Point, ...]  # the combinations; one without overrides where there is no axis


def read_grid(
    config: Path, given: Sequence[str], grids: Sequence[str] = (), *, folds: int | None = None
) -> Grid:
    """Tell values from axes in what `--set` and `--grid` give; the config says what a key takes.

    The `folds` of a cross-validation are one more axis.
    """
    problems = Problems()
    root = read_whole(config, problems)
    root = root if isinstance(root.value, dict) else Node({}, root.place)
    fixed: list[Override] = []
    axes: dict[str, Axis] = {}
    # What is wrong with the config itself is told when it is loaded, and so with a fixed key.
    unheard = Problems()
    marked = [(text, "--set") for text in given] + [(text, "--grid") for text in grids]
    for text, flag in marked:
        override = flags.read(text, problems, flag=flag)
        if override is None:
            continue
        if flag == "--grid" or is_axis(root, override):
            values = values_of(ConfigNode(override.value, override.key, problems))
            if override.key in axes:
                problems.add(override.value.place, override.key, "This key is an axis already.")
            axes[override.key] = Axis(override.key, values, override.place)
            first = values[:1]
        else:
            fixed.append(override)
            first = [override.value]
        flags.apply(root, [replace(override, value=value) for value in first], unheard)
    if folds is not None:
        place = Place("--folds")
        fixed = [*folded(folds, place), *fixed]
        numbers = [one.value for one in folds_of(folds, place)]
        if FOLD in axes:
            problems.add(axes[FOLD].place, FOLD, "This key is an axis already.")
        axes[FOLD] = Axis(FOLD, numbers, place)
    for override in fixed:
        if override.key in axes:
            what = "This key is an axis already."
            problems.add(override.place, override.key, what, "Give it once.")
    parts = grid(axes.values())
    if count(parts) > MAX_VALUES:
        what = f"These are {count(parts):,} runs; {MAX_VALUES:,} is the most."
        problems.add(next(iter(axes.values())).place, "", what)
    problems.raise_if_any()
    sizes = {key: len(axis.values) for key, axis in axes.items()}
    return Grid(tuple(fixed), sizes, tuple(combined(parts)))


def is_axis(root: Node, override: Override) -> bool:
    """Say whether an override is a list of values to sweep over.

    `root` is the config with the overrides before this one applied.
    """
    value = override.value
    if not isinstance(value.value, list) and spread(value) is None:
        return False
    kinds = kinds_of(root, override.key)
    if isinstance(value.value, list):
        return kinds is not None and "list" not in kinds
    return kinds is not None and bool(kinds & {"int", "float"}) and "str" not in kinds


Kinds = (
    frozenset[str] | None
)  # keys of `dlrun.catalog.argument_types.SHOWN`; None where nothing is known

_COMPONENT: Final = frozenset({"str", "mapping", "null"})
_LIST: Final = frozenset({"list", "null"})
_NUMBER: Final = frozenset({"int", "float", "null"})
_SEVERAL: Final = re.compile(r"list|tuple|vector|sequence|array|integers|floats", re.IGNORECASE)
_TYPES: Final[dict[Any, str]] = {
    int: "int",
    float: "float",
    bool: "bool",
    str: "str",
    Path: "str",
    Literal: "str",
    tuple: "list",
    list: "list",
    dict: "mapping",
    type(None): "null",
}
_SECTIONS: Final[dict[str, type[Section]]] = {"layers": LayerConfig, "datasets": DatasetConfig}


def kinds_of(root: Node, key: str) -> Kinds:
    """Give the kinds of value that a key takes; the config says of which word an argument is."""
    return _of_key(Experiment, root, list(steps(key)))


def _of_key(section: type[Section], node: Node | None, way: Sequence[str | int]) -> Kinds:
    """A key of a section by its field, or something in it."""
    first, *rest = way
    field = section.model_fields.get(str(first))
    if field is None:
        return None
    inner, kind, nested = node.child(first) if node else None, kind_of(field), section_of(field)
    if nested is not None:
        return _of_key(nested, inner, rest) if rest else None
    if kind is None:
        return None if rest else frozenset(_of_annotation(field.annotation))
    is_list = get_origin(field.annotation) is tuple
    return _of_list(kind, inner, rest) if is_list else _of_component(kind, inner, rest)


def _of_annotation(annotation: Any) -> set[str]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _of_annotation(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return set().union(*map(_of_annotation, get_args(annotation)))
    return {_TYPES[origin or annotation]}


def _of_list(kind: str, node: Node | None, rest: Sequence[str | int]) -> Kinds:
    if not rest:
        return _LIST
    index = rest[0]
    step = int(index) if isinstance(index, int) or index.isdecimal() else None
    item = node.child(step) if node is not None and step is not None else None
    return None if item is None else _of_component(kind, item, rest[1:])


def _of_component(kind: str, node: Node | None, rest: Sequence[str | int]) -> Kinds:
    if not rest:
        return _COMPONENT
    if rest[0] == "type":
        return frozenset({"str"}) if len(rest) == 1 else None
    section = _SECTIONS.get(kind)
    if section is not None and rest[0] in section.own_keys():
        return _of_key(section, node, rest)
    return _of_argument(kind, node, rest)


def _of_argument(kind: str, node: Node | None, rest: Sequence[str | int]) -> Kinds:
    first = rest[0]
    word = _word(kind, node)
    parameter = word.parameter(str(first)) if word else None
    if word is None or parameter is None:
        return None
    nested = word.nests(parameter.name)
    if nested and catalog.KINDS[nested].by_name:
        named = node.child(first) if node else None
        inner = named.child(rest[1]) if named and rest[1:] else None
        below = rest[2:]
        return _of_component(nested, inner, below) if below else _COMPONENT
    if len(rest) > 1:
        inner = node.child(first) if node else None
        return _of_component(nested, inner, rest[1:]) if nested else None
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
    types = argument_types.expected(parameter).types
    if types and types != NOT_TEXT:
        return types
    default = parameter.default
    if _SEVERAL.search(parameter.doc or "") or not isinstance(default, int | float | str):
        return None
    return frozenset({"str"}) if isinstance(default, str) else _NUMBER


def _word(kind: str, node: Node | None) -> catalog.Word | None:
    if node is None:
        return None
    written = node.child("type") if isinstance(node.value, dict) else node
    is_word = written is not None and isinstance(written.value, str)
    return catalog.find(kind, written.value) if is_word and written else None
