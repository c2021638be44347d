"""A resolved config as YAML that reads back to the same values."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Final

import yaml

from dlrun.config import scalars

LINE_WIDTH: Final = 100
BREAKS: Final = frozenset("\x85\u2028\u2029")  # they end a line for PyYAML unless escaped


def to_yaml(value: Any) -> str:
    """Nested dicts, lists and scalars as YAML, lists of numbers on one line."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=LINE_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.2 would not read as text, and never writes anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  (PyYAML's signature)
        return True


def _write_text(dumper: _Dumper, value: str | PurePath) -> yaml.ScalarNode:
    text = str(value)
    quotes = "'" if _means_something_else(text) else None
    if BREAKS & set(text):
        quotes = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, quotes)


def _write_list(dumper: _Dumper, items: list[Any] | tuple[Any, ...]) -> yaml.SequenceNode:
    on_one_line = not any(isinstance(item, dict) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=on_one_line)


def _write_mapping(dumper: _Dumper, mapping: dict[str, Any]) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping, flow_style=not mapping)


def _means_something_else(text: str) -> bool:
    try:
        return scalars.resolve(text) != text
    except ValueError:
        return True


_Dumper.add_representer(str, _write_text)
_Dumper.add_multi_representer(PurePath, _write_text)
_Dumper.add_representer(list, _write_list)
_Dumper.add_representer(tuple, _write_list)
_Dumper.add_representer(dict, _write_mapping)
