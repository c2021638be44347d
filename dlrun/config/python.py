"""Configs that Python gives: a path, a text of YAML, or a mapping; and the values that it sets."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from dlrun.config.extends import extended
from dlrun.config.loading import load_config, load_nodes
from dlrun.config.nodes import Node, Place, Problems, below
from dlrun.config.overrides import Override
from dlrun.config.schema import Experiment
from dlrun.config.yaml import parse, to_yaml
from dlrun.errors import UsageError
from dlrun.wording import quote

SOURCE: Final = "config"
"""What messages call a config that is no file."""
NAME: Final = "experiment"
"""What a config is called that is no file and says no name."""


def load_given(
    config: str | os.PathLike[str] | Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> Experiment:
    """Read a config: a text of several lines, or one that begins with a brace, is YAML itself.

    `settings` replace values by their dotted paths. Relative paths in a file are relative to the
    file, all others to the current folder.

    Raises:
        ConfigError: With every problem found.
    """
    overrides = [
        Override(key, node_of(value, Place(f"set[{key!r}]"), key), Place(f"set[{key!r}]"))
        for key, value in (settings or {}).items()
    ]
    if not isinstance(config, Mapping) and not is_text(config):
        return load_config(Path(config), overrides)
    problems = Problems()
    if isinstance(config, Mapping):
        root = node_of(config, Place(SOURCE))
    else:
        root = parse(str(config), SOURCE, problems)
    root = extended(root, None, problems)
    if isinstance(root.value, dict):
        root.value.setdefault("name", Node(NAME, root.place))
    return load_nodes(root, overrides, problems)


def as_yaml(
    config: str | os.PathLike[str] | Mapping[str, Any], *, paths: Sequence[str]
) -> str | None:
    """Write what is no file as one, with the paths below these keys from the root of the disk.

    None where it is a file.
    """
    if not isinstance(config, Mapping) and not is_text(config):
        return None
    problems = Problems()
    is_mapping = isinstance(config, Mapping)
    root = node_of(config, Place(SOURCE)) if is_mapping else parse(str(config), SOURCE, problems)
    problems.raise_if_any()
    values = root.plain()
    if isinstance(values, dict):
        named = {key: str(Path(values[key]).resolve()) for key in paths if key in values}
        values |= named
    return to_yaml(values)


def is_text(config: object) -> bool:
    """Say whether a config is a text of YAML, and no path."""
    if not isinstance(config, str | os.PathLike):
        what = f"a config is a path, a text of YAML or a mapping, got {type(config).__name__}."
        raise UsageError(what, where=SOURCE)
    return isinstance(config, str) and ("\n" in config or config.lstrip().startswith("{"))


def node_of(value: Any, place: Place, path: str = "") -> Node:
    """Take a value of Python as YAML would say it; NumPy's numbers are Python's.

    Raises:
        UsageError: YAML cannot say it.
    """
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers
        value = value.tolist()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, Mapping):
        named = {str(key): node_of(one, place, below(path, str(key))) for key, one in value.items()}
        return Node(named, place, dict.fromkeys(named, place))
    if isinstance(value, list | tuple | range):
        return Node([node_of(one, place, below(path, at)) for at, one in enumerate(value)], place)
    is_finite = not isinstance(value, float) or math.isfinite(value)
    if value is None or (isinstance(value, bool | int | float | str) and is_finite):
        return Node(value, place)
    where = f"{place}: {path}" if path and path not in str(place) else str(place)
    raise UsageError(
        f"a config cannot hold {quote(repr(value))}.",
        where=where,
        fix="It holds numbers, texts, booleans, None, and lists and mappings of them.",
    )
