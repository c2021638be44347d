"""The public names of the installed Keras, kind by kind, and the aliases that Keras accepts."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from dlrun.catalog import text
from dlrun.catalog.refused import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES: Final = {
    "layers": "layers",
    "losses": "losses",
    "metrics": "metrics",
    "optimizers": "optimizers",
    "schedules": "optimizers.schedules",
    "callbacks": "callbacks",
    "initializers": "initializers",
    "regularizers": "regularizers",
    "constraints": "constraints",
    "activations": "activations",
}
"""Where Keras keeps each kind: `keras.<package>` names them, `keras.src.<package>` defines them."""

ACCESSORS: Final = {"get", "serialize", "deserialize"}


def snake_case(name: str) -> str:
    """A class name as Keras writes it in names: `MaxPooling2D` gives `max_pooling2d`.

    Source: keras.src.utils.naming.to_snake_case
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "losses": snake_case,
    "metrics": snake_case,
    "initializers": snake_case,
    "regularizers": snake_case,
    "constraints": snake_case,
    "optimizers": str.lower,
}
"""How Keras spells the second name that it accepts for every class of a kind."""


class Export(NamedTuple):
    """One public name of Keras: where it is defined, its name there, and its public name."""

    module: str
    name: str
    public: str


@lru_cache
def origins(kind: str) -> dict[str, Export]:
    """The words of a kind that a config may use, each with what defines it.

    A class that is public under several names is known by the one it was defined with, if that
    one is public.
    """
    exports = [export for export in _exports(kind) if _is_word(kind, export.name)]
    under_own_name = {export.name for export in exports if export.public == export.name}
    refused = REFUSED.get(kind, {})
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
    spell = SPELLINGS.get(kind)
    if spell:
        found |= {spell(word): word for word in words}
    found |= {alias: found.get(name, name) for alias, name in _written_aliases(kind).items()}
    return {alias: word for alias, word in found.items() if word in words and alias not in words}


def _exports(kind: str) -> list[Export]:
    tree = ast.parse(text.module_text(f"keras.{PACKAGES[kind]}"))
    return [
        Export(node.module, name.name, name.asname or name.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    ]


def _is_word(kind: str, name: str) -> bool:
    if kind == "activations":
        return name not in ACCESSORS
    return name[0].isupper()


def _written_aliases(kind: str) -> dict[str, str]:
    """The aliases written into Keras's lookup tables: `{"mse": mean_squared_error}`."""
    tree = ast.parse(text.module_text(f"keras.src.{PACKAGES[kind]}"))
    found: dict[str, str] = {}
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
