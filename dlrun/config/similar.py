"""Reads many resolved configs that differ in a few values, as those of a sweep do.

Parsing one takes some milliseconds, and a folder holds ten thousand. In what `to_yaml` writes, a
plain value stands on the line of its key; so a config that differs from one that has been parsed in
such lines only is that one with other values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from dlrun.absent import ABSENT
from dlrun.config.given import flat_defaults
from dlrun.config.loading import load_config
from dlrun.config.resolved import flat, plain_value
from dlrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LINE: Final = re.compile(r"( *(?:- )?[\w.-]+: )(\S+)")
_MARK: Final = "value_that_no_config_has_3f9c2a"
_MOST: Final = 64
"""How many configs that differ in more are kept to be compared with."""


class ConfigReader:
    """Reads configs by dotted paths, and remembers what it has parsed."""

    def __init__(self) -> None:
        self._known: list[_Parsed] = []

    def read(self, text: str, path: Path) -> tuple[dict[str, Any], frozenset[str]]:
        """Read a config.

        Args:
            text: What it says.
            path: The file.

        Returns:
            All values by dotted path, and the paths of those that are no defaults: all, where the
            config is not valid in this version of dlrun.

        Raises:
            ConfigError: It is not YAML.
        """
        lines = text.split("\n")
        for known in self._known:
            changes = known.changes(lines)
            if changes is not None:
                return {**known.values, **changes}, known.given_with(changes)
        parsed = _Parsed(lines, flat(text), _defaults(path))
        self._known = [parsed, *self._known[: _MOST - 1]]
        return parsed.values, parsed.given_with({})


class _Parsed:
    """A config that has been parsed.

    Args:
        lines: Its lines.
        values: Its values by dotted path.
        defaults: Those of its keys by dotted path; None where it is not valid.
    """

    def __init__(
        self, lines: list[str], values: dict[str, Any], defaults: Mapping[str, Any] | None
    ) -> None:
        self._lines = lines
        self.values = values
        self._defaults = defaults
        self._given = frozenset(
            path for path, value in values.items() if self._is_given(path, value)
        )
        self._paths: dict[int, str | None] = {}

    def changes(self, lines: list[str]) -> dict[str, Any] | None:
        """Find the values that are others in a config; None where more than values is."""
        if len(lines) != len(self._lines):
            return None
        found = {}
        for number, (line, own) in enumerate(zip(lines, self._lines, strict=True)):
            if line == own:
                continue
            theirs, ours = _LINE.fullmatch(line), _LINE.fullmatch(own)
            path = self._path(number) if ours and theirs and ours[1] == theirs[1] else None
            value = plain_value(theirs[2]) if theirs and path else ABSENT
            if path is None or value is ABSENT:
                return None
            found[path] = value
        return found

    def given_with(self, changes: Mapping[str, Any]) -> frozenset[str]:
        """The paths of what is no default, once some values are others."""
        given = {path for path, value in changes.items() if self._is_given(path, value)}
        return (self._given - changes.keys()) | given if changes else self._given

    def _is_given(self, path: str, value: Any) -> bool:
        default = ABSENT if self._defaults is None else self._defaults.get(path, ABSENT)
        return default is ABSENT or default != value

    def _path(self, number: int) -> str | None:
        """The path of the value on a line; None where it decides what other keys mean."""
        if number not in self._paths:
            marked = _LINE.sub(rf"\g<1>{_MARK}", self._lines[number])
            text = "\n".join([*self._lines[:number], marked, *self._lines[number + 1 :]])
            try:
                found = [path for path, value in flat(text).items() if value == _MARK]
            except ConfigError:
                found = []
            decides = len(found) != 1 or found[0].endswith((".type", ".name", ".inputs"))
            self._paths[number] = None if decides else found[0]
        return self._paths[number]


def _defaults(path: Path) -> dict[str, Any] | None:
    try:
        return flat_defaults(load_config(path, data_known=False))
    except ConfigError:
        return None
