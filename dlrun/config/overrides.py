"""Values of a config replaced by their dotted path: `--set key=value`, and the keys of a sweep."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from dlrun.config.nodes import Node, Place, Problems, below, steps
from dlrun.config.yaml import parse
from dlrun.wording import describe

SEPARATORS: Final = (",", "|", "'", " ", "\t")
"""What stands for itself, as in `dataset.decimal=,`, though it is no YAML, or none of a text."""


@dataclass(frozen=True)
class Override:
    """A key of a config and the value that it is to have."""

    key: str  # a dotted path such as `model.layers[0].units`
    value: Node
    place: Place  # of the key


def apply(root: Node, overrides: Sequence[str | Override], problems: Problems) -> None:
    """Put the value of every override where its path leads, in place; later ones win."""
    for one in overrides:
        override = read(one, problems) if isinstance(one, str) else one
        if override is not None:
            _put(root, override, problems)


def read(text: str, problems: Problems, *, flag: str = "--set") -> Override | None:
    """Read `training.epochs=20`, given by a flag; None, with a problem noted, where it is none."""
    key, equals, value = text.partition("=")
    key = key.strip()
    place = Place(f"{flag} {key}")
    if not equals or not list(steps(key)):
        problems.add(place, "", "Expected KEY=VALUE.", f"Write {flag} training.epochs=20.")
        return None
    if value in SEPARATORS:
        return Override(key, Node(value, place), place)
    return Override(key, parse(value.strip(), place.source, problems, flag=place), place)


def _put(root: Node, override: Override, problems: Problems) -> None:
    node, path, place, way = root, "", override.place, list(steps(override.key))
    for number, step in enumerate(way, 1):
        _open(node, step, place)
        key = _key(node, step)
        path = below(path, step if key is None else key)
        if key is None:
            wanted = "a list" if isinstance(step, int) else "a mapping"
            problems.add(place, path, f"Expected {wanted} there, found {describe(node.value)}.")
            return
        if isinstance(key, int) and node.child(key) is None:
            what = f"There is no item {key}: the list has {len(node.value)}."
            problems.add(place, path, what, "Items are counted from 0.")
            return
        child = replace(node.child(key) or Node(None, place))
        node.value[key] = child if number < len(way) else override.value
        if isinstance(key, str):
            node.keys.setdefault(key, place)
        node = child


def _open(node: Node, step: str | int, place: Place) -> None:
    """Make room: a bare word becomes a mapping with that type, nothing becomes an empty one."""
    if isinstance(step, str) and isinstance(node.value, str):
        node.keys = {"type": node.place}
        node.value = {"type": Node(node.value, node.place)}
    elif isinstance(step, str) and node.value is None:
        node.value, node.place, node.keys = {}, place, {}
    elif isinstance(node.value, dict):  # copied, because an alias may share it
        node.value, node.keys = dict(node.value), dict(node.keys)
    elif isinstance(node.value, list):
        node.value = list(node.value)


def _key(node: Node, step: str | int) -> str | int | None:
    """The step as a key of a mapping or an index of a list; None where it can be neither."""
    if isinstance(node.value, dict):
        return str(step)
    is_index = isinstance(step, int) or step.isdecimal()
    return int(step) if isinstance(node.value, list) and is_index else None
