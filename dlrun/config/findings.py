"""The mistakes found in one config, collected so that all of them are told at once."""

from __future__ import annotations

import re
from typing import Final

from dlrun.config.places import Place
from dlrun.errors import ConfigError, Problem

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


def _order(place: Place) -> tuple[bool, int, int]:
    return (place.source.startswith("--"), place.line, place.column)


def _within(path: str, parent: str) -> bool:
    return parent in ("", path) or path.startswith((f"{parent}.", f"{parent}["))
