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
        self,
        place: Place,
        path: str,
        what: str,
        fix: str | None = None,
        *,
        meant: str | None = None,
    ) -> None:
        """Note one problem.

        Args:
            place: Where it is.
            path: Its dotted path.
            what: What was received and what was expected.
            fix: How to mend it.
            meant: The path that was probably meant; nothing else is said about it.
        """
        self._found.append((place, Problem(path, what, fix, str(place))))
        self._paths += [path, meant] if meant else [path]

    def touch(self, path: str) -> bool:
        """Whether a problem was found at this path, below it or above it.

        Args:
            path: A dotted path; `[]` in it stands for every item of a list.
        """
        every = "[]" in path
        return any(
            _related(INDEX.sub("[]", found) if every else found, path) for found in self._paths
        )

    def hold(self, path: str) -> bool:
        """Whether a problem was found at exactly this path."""
        return path in self._paths

    def raise_if_any(self) -> None:
        """Raise all of them in the order of the file.

        Raises:
            ConfigError: There is at least one.
        """
        if self._found:
            ordered = sorted(self._found, key=lambda found: _order(found[0]))
            raise ConfigError(*dict.fromkeys(problem for _, problem in ordered))


def _order(place: Place) -> tuple[bool, int, int]:
    return (place.source.startswith("--"), place.line, place.column)


def _related(one: str, other: str) -> bool:
    return one == other or _within(one, other) or _within(other, one)


def _within(path: str, parent: str) -> bool:
    return parent == "" or path.startswith((f"{parent}.", f"{parent}["))
