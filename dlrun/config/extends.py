"""Configs that begin where others end: `extends: base.yaml`, and keys that only hold anchors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from dlrun.config.nodes import Node, Problems
from dlrun.config.schema import Experiment, kind_of
from dlrun.config.yaml import parse, read_text
from dlrun.wording import describe, did_you_mean

KEY: Final = "extends"
MOST_FILES: Final = 100
"""So many files are read for one config: each may extend several, and those several again."""
PRIVATE: Final = "x-"
"""How keys at the top begin that mean nothing: a place for anchors, as in Compose files."""
_WORDS: Final = frozenset(
    name
    for name, field in Experiment.model_fields.items()
    if kind_of(field) and not str(field.annotation).startswith("tuple")
)
"""The keys that hold one word, such as `optimizer`, which may be written without braces."""


def read_whole(path: Path, problems: Problems) -> Node:
    """Read the file of a config, merged into those that it extends, see `extended`."""
    return extended(parse(read_text(path), str(path), problems), path, problems)


def extended(root: Node, source: Path | None, problems: Problems) -> Node:
    """Merge a config that has been read into those that it extends; all keep their places.

    Mappings are merged, and where two say something else, the later of several bases counts, and
    the config more than any of them. Lists are replaced, and so is a mapping of another `type`.
    Paths are relative to the file that says them; a config that is no file has no `source`.

    Raises:
        ConfigError: What is extended is not there, or cannot be read to its end.
    """
    bases = _Bases(problems)
    whole = bases.merged(root, () if source is None else (source,))
    if bases.are_lacking:  # what is missing then may stand where nothing could be read
        problems.raise_if_any()
    return whole


def drop_private(root: Node) -> None:
    """Leave out, in place, the keys that only hold anchors."""
    for key in [key for key in root.value if key.startswith(PRIVATE)]:
        _drop(root, key)


def _drop(root: Node, key: str) -> None:
    del root.value[key]
    root.keys.pop(key, None)


class _Bases:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.files = 0
        self.are_lacking = False

    def merged(self, root: Node, chain: tuple[Path, ...]) -> Node:
        bases = root.value.get(KEY) if isinstance(root.value, dict) else None
        if bases is None:
            return root
        _drop(root, KEY)
        whole = Node({}, root.place)
        for node in bases.value if isinstance(bases.value, list) else [bases]:
            base = self.base(node, chain)
            self.are_lacking |= base is None
            whole = whole if base is None else _merge(whole, base)
        return _merge(whole, root)

    def base(self, node: Node, chain: tuple[Path, ...]) -> Node | None:
        """Read what a config extends; None, with a problem noted, where that cannot be."""
        if not isinstance(node.value, str) or not node.value:
            what = f"Expected the path of a config, got {describe(node.value)}."
            self.problems.add(node.place, KEY, what)
            return None
        folder = chain[-1].parent if chain else Path()
        path = _tidy(folder / Path(node.value).expanduser())
        again = next((at for at, one in enumerate(chain) if _is_same(one, path)), None)
        self.files += 1
        if not path.exists():
            files = path.parent.glob("*.y*ml") if path.parent.is_dir() else ()
            near = did_you_mean(path.name, [one.name for one in files])
            self.problems.add(node.place, KEY, f"There is no file '{path}'.", near)
        elif again is not None:
            way = " > ".join(map(str, [*chain[again:], path]))
            self.problems.add(node.place, KEY, f"It would extend itself: {way}.", "Leave one out.")
        elif self.files > MOST_FILES:
            self.problems.add(node.place, KEY, f"More than {MOST_FILES} files for one config.")
        else:
            root = parse(read_text(path), str(path), self.problems)
            if isinstance(root.value, dict):
                return self.merged(root, (*chain, path))
            got = "nothing" if root.value is None else describe(root.value)
            self.problems.add(root.place, "", f"Expected a mapping, got {got}.")
        return None


def _merge(base: Node, own: Node, path: str = "") -> Node:
    """Put what a node says over what another one says; both may be shared, and stay as they are."""
    if path in _WORDS and isinstance(base.value, str) and isinstance(own.value, dict):
        base = Node({"type": base}, base.place, {"type": base.place})
    if not isinstance(base.value, dict) or not isinstance(own.value, dict):
        return own
    words = [node.value["type"].value for node in (base, own) if "type" in node.value]
    if len({str(word).casefold() for word in words}) > 1:
        return own
    value = dict(base.value)
    for key, node in own.value.items():
        below = f"{path}.{key}" if path else key
        value[key] = _merge(value[key], node, below) if key in value else node
    size = 1 + sum(node.size for node in value.values())
    return Node(value, own.place, {**base.keys, **own.keys}, size)


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _tidy(path: Path) -> Path:
    """Without `..`, where that is the same file."""
    tidy = Path(os.path.normpath(path))
    return tidy if _is_same(tidy, path) else path
