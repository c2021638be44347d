"""Tells which files of a folder cannot be read, and why; of those that are left out, how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dlrun.errors import DataError
from dlrun.wording import printable, tally

MOST_TOLD: Final = 10  # files in a message


def together(paths: Sequence[Path]) -> str:
    """Say in messages which inputs are read as one."""
    return str(paths[0]) if len(paths) == 1 else "INPUT"


class Bad(dict[int, str]):
    """Why files could not be read, by their place in the list; and which only have another size."""

    def __init__(self) -> None:
        super().__init__()
        self.other_sizes: set[int] = set()


class LeftOut:
    """Those of some files that cannot be read, where the config leaves such ones out."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._bad: list[tuple[str, str]] = []

    @property
    def all(self) -> bool:
        """Whether none could be read."""
        return len(self._bad) == self._files

    def add(self, files: Sequence[str], bad: Mapping[int, str]) -> None:
        """Note the bad ones of these files."""
        self._bad += [(files[place], why) for place, why in bad.items()]

    def lines(self) -> list[str]:
        """Say how many they are, and name the first ones with their reasons."""
        if not self._bad:
            return []
        told = _named(self._bad)
        head = f"warning: {tally(len(self._bad), 'file')} of {self._files:,} left out:"
        return [head, *(f"  {line}" for line in told)]

    def note(self) -> str | None:
        """Say it as one text; None where all could be read."""
        return "\n".join(self.lines()) or None

    def none_is_left(self, where: str) -> DataError:
        """The error where all of them are left out."""
        bad = Bad()
        bad.update(enumerate(why for _, why in self._bad))
        files = [file for file, _ in self._bad]
        return bad_files_error(files, bad, where=where, fix="None is left.")


def bad_files_error(
    files: Sequence[str], bad: Bad, *, where: str | None, fix: str | None
) -> DataError:
    """The error for files that cannot be read: the first ones, each with its reason."""
    of_size = [place for place in bad if place in bad.other_sizes]
    told = "\n".join(f"  {line}" for line in _named([(files[at], why) for at, why in bad.items()]))
    as_is = "as it is" if len(bad) == 1 else "as they are"
    what = f"{tally(len(bad), 'file')} of {len(files):,} cannot be read {as_is}"
    if len(of_size) == len(bad):
        are = "is" if len(bad) == 1 else "are"
        what = f"{len(bad):,} of {len(files):,} images {are} of another size than the first one"
    return DataError(f"{what}:\n{told}", where=where, fix=fix)


def _named(bad: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"{printable(file)}: {why}" for file, why in bad[:MOST_TOLD]]
    more = len(bad) - len(lines)
    return [*lines, f"and {more:,} more"] if more else lines
