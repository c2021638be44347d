"""`--set key=value`: values of a config replaced by their dotted path."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dlrun.config.findings import describe
from dlrun.config.places import Node, Place, below, steps
from dlrun.config.yaml_nodes import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.config.findings import Findings


def apply(root: Node, overrides: Sequence[str], findings: Findings) -> None:
    """Put the value of every override where its path leads; later ones win.

    Args:
        root: The config, a mapping; changed in place.
        overrides: Texts such as `optimizer.learning_rate=0.01` or `model.layers[0].units=3`.
        findings: Takes what does not fit.
    """
    for override in overrides:
        path, equals, text = override.partition("=")
        place = Place(f"--set {path.strip()}")
        way = _way(path.strip())
        if not equals or not way:
            findings.add(place, "", "Expected KEY=VALUE.", "Write --set training.epochs=20.")
            continue
        value = parse(text.strip(), place.source, findings, flag=place)
        _put(root, way, value, place, findings)


def _way(path: str) -> list[str | int]:
    """The steps of a path; numbers between dots are indices too."""
    return [
        int(step) if isinstance(step, str) and step.isdecimal() else step for step in steps(path)
    ]


def _put(root: Node, way: list[str | int], value: Node, place: Place, findings: Findings) -> None:
    node, path = root, ""
    for step in way[:-1]:
        node = _enter(node, step, place)
        child = _child(node, step, below(path, step), place, findings)
        if child is None:
            return
        child = replace(child)  # an alias may share the original
        _attach(node, step, child, place)
        node, path = child, below(path, step)
    node = _enter(node, way[-1], place)
    if _child(node, way[-1], below(path, way[-1]), place, findings) is not None:
        _attach(node, way[-1], value, place)


def _enter(node: Node, step: str | int, place: Place) -> Node:
    """Make room for a key: a bare word becomes a mapping with that type."""
    if isinstance(step, str) and isinstance(node.value, str):
        node.keys = {"type": node.place}
        node.value = {"type": Node(node.value, node.place)}
    elif isinstance(step, str) and node.value is None:
        node.value, node.place, node.keys = {}, place, {}
    elif isinstance(node.value, dict):
        node.value, node.keys = dict(node.value), dict(node.keys)
    elif isinstance(node.value, list):
        node.value = list(node.value)
    return node


def _child(node: Node, step: str | int, path: str, place: Place, findings: Findings) -> Node | None:
    """What the step leads to; a new node for a new key, None for what cannot be reached."""
    if isinstance(node.value, dict):
        return node.value.get(str(step)) or Node(None, place)
    if not isinstance(step, int) or not isinstance(node.value, list):
        wanted = "a list" if isinstance(step, int) else "a mapping"
        findings.add(place, path, f"Expected {wanted} there, found {describe(node.value)}.")
        return None
    if step >= len(node.value):
        what = f"There is no item {step}: the list has {len(node.value)}."
        findings.add(place, path, what, "Items are counted from 0.")
        return None
    item: Node = node.value[step]
    return item


def _attach(node: Node, step: str | int, child: Node, place: Place) -> None:
    if isinstance(node.value, dict):
        node.value[str(step)] = child
        node.keys.setdefault(str(step), place)
    elif isinstance(step, int):
        node.value[step] = child
