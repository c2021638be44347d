"""Tells the ordinary files of a run folder from what a stranger may have put in their place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from dlrun.errors import RunFolderError


def check_ordinary(descriptor: int, path: Path, limit: int | None = None) -> int:
    """Refuse an open file that may be more than a file of a run folder; return its size in bytes.

    Raises:
        RunFolderError: It is a folder, a pipe or a device, has another name, or is larger than
            `limit`.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RunFolderError("is not an ordinary file.", where=str(path))
    if status.st_nlink > 1:
        what = "has another name elsewhere (a hard link): what it holds may change unseen."
        raise RunFolderError(what, where=str(path))
    if limit is not None and status.st_size > limit:
        raise RunFolderError(f"is larger than {size_in_words(limit)}: damaged.", where=str(path))
    return status.st_size


def leads_out(folder: Path, name: str) -> bool:
    """Say whether a name, by a symbolic link or `..` in it, leads out of a run folder."""
    if "\0" in name:
        return True
    home, place = os.path.realpath(folder), os.path.realpath(folder / name)
    return place != home and not place.startswith(home + os.sep)


def check_inside(folder: Path, name: str) -> None:
    """Refuse to write where a symbolic link leads out of a run folder."""
    if leads_out(folder, name):
        what = "is a symbolic link, which is not followed out of a run folder."
        raise RunFolderError(what, where=str(folder / name))


def link_error(path: Path) -> RunFolderError:
    """Say that a symbolic link stands where a run folder has a file or a folder of its own."""
    what = "is a symbolic link, which is not followed inside a run folder."
    return RunFolderError(what, where=str(path))


def size_in_words(size: int) -> str:
    """Write a number of bytes for people: 64 * 2**20 is `64 MiB`."""
    return f"{size / 2**20:.0f} MiB" if size >= 2**20 else f"{size} bytes"
