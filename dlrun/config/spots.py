"""A place in the config on its way through the checks: what stands there and whom to tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from dlrun.config.findings import Problems
from dlrun.config.places import Node, below
from dlrun.wording import describe, did_you_mean, listed, near_word


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
        self.problems.add(self.node.place, self.path, what, fix)

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

    def check_keys(self, known: Collection[str]) -> None:
        """Note every key that means nothing here."""
        for key in self.keys:
            if key not in known:
                what = f"Unknown key {describe(key)}."
                self.unknown(key, what, known, f"Known here: {listed(known)}.")
