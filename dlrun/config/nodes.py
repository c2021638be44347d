"""Where things are written: places in a config and the dotted paths that lead to them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dlrun.errors import ConfigError, Problem
from dlrun.wording import describe, did_you_mean, listed, near_word

STEP = re.compile(r"\.?([^.\[\]\s]+)|\[(-?\d+)\](?: \(\w+\))?")


@dataclass(frozen=True)
class Place:
    """A place that a message can point at."""

    source: str  # the file, or the flag such as `--set seed`
    line: int = 0  # counted from 1; 0 for a flag, and for a file as a whole
    column: int = 0  # the character in that line, counted from 1

    @classmethod
    def after(cls, text: str, source: str) -> Place:
        """The place where a text ends."""
        return cls(source, text.count("\n") + 1, len(text) - text.rfind("\n"))

    def __str__(self) -> str:
        """`file:line:column`, or the flag."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass
class Node:
    """A value as it was written: a scalar, a list of nodes, or a mapping to nodes."""

    value: Any  # None, bool, int, float, str, `list[Node]` or `dict[str, Node]`
    place: Place  # where it starts
    keys: dict[str, Place] = field(default_factory=dict)  # where each key of a mapping starts
    size: int = 1  # how many values it holds, itself included, with every alias written out

    def plain(self) -> Any:
        """The value without the places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """What a key or an index leads to, or None where it leads nowhere."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        is_item = isinstance(self.value, list) and step in range(-len(self.value), len(self.value))
        return self.value[step] if is_item else None

    def key_place(self, key: str) -> Place:
        """Where a key of this mapping is written."""
        return self.keys.get(key, self.place)


def below(path: str, key: str | int) -> str:
    """The dotted path of a child: `training.epochs`, `model.layers[2]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def steps(path: str) -> Iterator[str | int]:
    """The keys and indices that a dotted path consists of."""
    for match in STEP.finditer(path):
        yield int(match[2]) if match[2] is not None else match[1]


class Places:
    """The places of everything in one config, by what was written."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def __eq__(self, other: object) -> bool:
        """Any two are equal: where a thing was written is no part of what it says."""
        return isinstance(other, Places)

    __hash__ = object.__hash__

    def find(self, path: str) -> Place:
        """The place of a dotted path, or of the deepest part of it that was written."""
        node = self.root
        for step in steps(path):
            child = node.child(step)
            if child is None:
                break
            node = child
        return node.place

    def written(self, path: str) -> Place | None:
        """The place of a dotted path that was written; None where a default counts."""
        node = self.root
        for step in steps(path):
            child = node.child(step)
            if child is None or (isinstance(step, str) and step not in node.keys):
                is_bare = step == "type" and isinstance(node.value, str)  # `optimizer: adam`
                return node.place if is_bare else None
            node = child
        return node.place

    def to_json(self) -> list[Any]:
        """Give them as JSON can express them, for another process: what was written is left out."""
        return _to_json(self.root)

    @classmethod
    def from_json(cls, places: list[Any]) -> Places:
        """Read what `to_json` gave."""
        return cls(_from_json(places))

    def give_to(self, root: Node) -> None:
        """Let a config that was written out of this one name its places, in place."""
        _relocate(root, self.root)


def _to_json(node: Node) -> list[Any]:
    """A source, a line, a column and what is inside, for each node."""
    inside: Any = None
    if isinstance(node.value, dict):
        inside = {key: _to_json(child) for key, child in node.value.items()}
    elif isinstance(node.value, list):
        inside = [_to_json(child) for child in node.value]
    return [node.place.source, node.place.line, node.place.column, inside]


def _from_json(places: list[Any]) -> Node:
    source, line, column, inside = places
    value: Any = None
    if isinstance(inside, dict):
        value = {key: _from_json(child) for key, child in inside.items()}
    elif isinstance(inside, list):
        value = [_from_json(child) for child in inside]
    return Node(value, Place(source, line, column))


def _relocate(node: Node, known: Node) -> None:
    """Give a node and all in it the places of another; of what that lacks, the place around it."""
    node.place = known.place
    if not isinstance(node.value, dict | list):
        return
    for step in node.value if isinstance(node.value, dict) else range(len(node.value)):
        child = known.child(step) or Node(None, known.place)
        _relocate(node.value[step], child)
        if isinstance(step, str):
            node.keys[step] = child.place


INDEX: Final = re.compile(r"\[\d+\]")


class Problems:
    """Collects problems together with their places."""

    def __init__(self) -> None:
        self._found: list[tuple[Place, Problem]] = []
        self._paths: list[str] = []

    def __len__(self) -> int:
        """The number of problems found so far."""
        return len(self._found)

    def add(
        self, place: Place, path: str, what: str, fix: str | None = None, meant: str | None = None
    ) -> None:
        """Note one problem; of the path that was probably `meant` nothing else is said then."""
        self._found.append((place, Problem(path, what, fix, str(place))))
        self._paths += [path, meant] if meant else [path]

    def touch(self, path: str) -> bool:
        """Whether a problem was found at, below or above a path; `[]` stands for any index."""
        found = (INDEX.sub("[]", one) if "[]" in path else one for one in self._paths)
        return any(_within(one, path) or _within(path, one) for one in found)

    def hold(self, path: str) -> bool:
        """Whether a problem was found at exactly this path."""
        return path in self._paths

    def raise_if_any(self) -> None:
        """Raise a `ConfigError` of all of them, in the order of the file, then of the flags."""
        if self._found:
            ordered = sorted(self._found, key=lambda found: _order(found[0]))
            raise ConfigError(*dict.fromkeys(problem for _, problem in ordered))


def _order(place: Place) -> tuple[bool, str, int, int]:
    is_flag = place.source.startswith("--")
    return (is_flag, "" if is_flag else place.source, place.line, place.column)


def _within(path: str, parent: str) -> bool:
    return parent in ("", path) or path.startswith((f"{parent}.", f"{parent}["))


def several(place: Place, path: str, value: Any) -> str | None:
    """Tell how a flag gives several values, where numbers were given with commas alone."""
    if not place.source.startswith("--set ") or not isinstance(value, str) or "," not in value:
        return None
    try:
        [float(part) for part in value.split(",")]
    except ValueError:
        return None
    return f"Several values are a list: --set '{path}=[{value}]'."


@dataclass(frozen=True)
class ConfigNode:
    """One value of the config, its dotted path, and what takes the problems with it."""

    node: Node
    path: str
    problems: Problems

    @property
    def value(self) -> Any:
        """The scalar, the list of nodes, or the mapping to nodes."""
        return self.node.value

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of a mapping; none of anything else."""
        return tuple(self.value) if isinstance(self.value, dict) else ()

    def child(self, key: str) -> ConfigNode:
        """What stands under a key of this mapping."""
        return ConfigNode(self.value[key], below(self.path, key), self.problems)

    def items(self) -> Iterator[ConfigNode]:
        """What stands in this list."""
        for index, node in enumerate(self.value):
            yield ConfigNode(node, below(self.path, index), self.problems)

    def plain(self, keys: Collection[str]) -> dict[str, Any]:
        """Those of the keys that were written, with plain values."""
        return {key: self.value[key].plain() for key in keys if key in self.keys}

    def wrong(self, what: str, fix: str | None = None) -> None:
        """Note that this value is wrong."""
        self.problems.add(
            self.node.place, self.path, what, fix or several(self.node.place, self.path, self.value)
        )

    def missing(self, key: str, what: str, fix: str | None = None) -> None:
        """Note that a key is missing here, unless it was misspelt."""
        path = below(self.path, key)
        if not self.problems.hold(path):
            self.problems.add(self.node.place, path, f"Missing: {what}", fix)

    def unknown(self, key: str, what: str, known: Collection[str], fix: str) -> None:
        """Note that a key means nothing here; the fix is for when none of the known is near."""
        path = below(self.path, key)
        if self.problems.hold(path):
            return
        near = near_word(key, known)
        meant = below(self.path, near) if near and near not in self.keys else None
        fix = did_you_mean(key, known) or fix
        self.problems.add(self.node.key_place(key), path, what, fix, meant=meant)

    def check_keys(
        self, known: Collection[str], elsewhere: Mapping[str, str] | None = None
    ) -> None:
        """Note every key that means nothing here; what means something `elsewhere` has its path."""
        for key in self.keys:
            if key not in known:
                what, fix = f"Unknown key {describe(key)}.", f"Known here: {listed(known)}."
                if elsewhere and not near_word(key, known) and (near := near_word(key, elsewhere)):
                    fix = f"Did you mean '{elsewhere[near]}'?"
                self.unknown(key, what, known, fix)
