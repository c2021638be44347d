"""The public names of the installed Keras, kind by kind, and the aliases that Keras accepts."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Final, NamedTuple

from dlrun.catalog import text
from dlrun.catalog.kinds import KINDS
from dlrun.catalog.refused import REFUSED

ACCESSORS: Final = {"get", "serialize", "deserialize"}


class Export(NamedTuple):
    """One public name of Keras."""

    module: str  # where it is defined
    name: str  # its name there
    public: str


@lru_cache
def origins(kind: str) -> dict[str, Export]:
    """The words of a kind that a config may use, each with what defines it."""
    is_function = kind == "activations"
    exports = [
        export
        for export in _exports(kind)
        if (export.name not in ACCESSORS if is_function else export.name[0].isupper())
    ]
    under_own_name = {export.name for export in exports if export.public == export.name}
    refused = REFUSED.get(kind, {})
    # A class with several public names is known by the one it was defined with, if that is public.
    return {
        export.public: export
        for export in exports
        if export.public not in refused
        and (export.public == export.name or export.name not in under_own_name)
    }


@lru_cache
def aliases(kind: str) -> dict[str, str]:
    """Other spellings that Keras accepts for the words of a kind."""
    words = origins(kind)
    found = {export.public: export.name for export in _exports(kind)}
    spell = KINDS[kind].spell
    if spell:
        found |= {spell(word): word for word in words}
    found |= {alias: found.get(name, name) for alias, name in _written_aliases(kind).items()}
    return {alias: word for alias, word in found.items() if word in words and alias not in words}


def _exports(kind: str) -> list[Export]:
    if not KINDS[kind].keras:
        return []
    tree = ast.parse(text.module_text(f"keras.{KINDS[kind].keras}"))
    return [
        Export(node.module, name.name, name.asname or name.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    ]


def _written_aliases(kind: str) -> dict[str, str]:
    """The aliases written into Keras's lookup tables: `{"mse": mean_squared_error}`."""
    found: dict[str, str] = {}
    package = KINDS[kind].keras
    tree = ast.parse(text.module_text(f"keras.src.{package}") if package else "")
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found |= {
                str(key.value): value.id
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(value, ast.Name)
            }
        elif (
            isinstance(node, ast.Assign)
            and isinstance(target := node.targets[0], ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and isinstance(node.value, ast.Name)
        ):
            found[str(target.slice.value)] = node.value.id
    return found
