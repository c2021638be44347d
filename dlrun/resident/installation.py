"""What is installed: a resident process ends when it is no longer what a new one would import."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import dlrun


@dataclass(frozen=True)
class Installation:
    """The files of dlrun and the folders of all packages, with their times and sizes."""

    facts: frozenset[tuple[str, int, int]]

    @classmethod
    def now(cls) -> Installation:
        """Look at it."""
        facts = set()
        waiting = [os.path.dirname(dlrun.__file__)]  # noqa: PTH120
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir():
                        if entry.name != "__pycache__":
                            waiting.append(entry.path)
                    elif not entry.name.endswith(".pyc"):
                        facts.add(_fact(entry.path, entry.stat()))
        # To install, update or remove a package changes the folder that holds it.
        for path in (sys.executable, *_package_folders()):
            try:
                facts.add(_fact(path, os.stat(path)))  # noqa: PTH116
            except OSError:
                facts.add((path, 0, 0))
        return cls(frozenset(facts))

    def is_current(self) -> bool:
        """Say whether nothing has changed since."""
        try:
            return Installation.now() == self
        except OSError:
            return False


def _package_folders() -> list[str]:
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]


def _fact(path: str, found: os.stat_result) -> tuple[str, int, int]:
    return path, found.st_mtime_ns, found.st_size
