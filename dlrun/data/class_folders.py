"""Finds the files of a folder, a folder for each class, perhaps below one for each split."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from dlrun.errors import DataError
from dlrun.rundir.names import TEST, TRAIN, VALIDATION
from dlrun.shapes.cells import split_meant
from dlrun.wording import did_you_mean, list_classes, list_some, printable, quote, tally

LEFT_BY_SYSTEMS: Final = ("Thumbs.db", "desktop.ini", "__MACOSX")
MOST: Final = 5  # names in one line


class Sort(NamedTuple):
    """What the files of the classes are."""

    one: str  # what one is called
    suffixes: tuple[str, ...]  # how their names end; in a folder of a class any name will do


@dataclass(frozen=True)
class ClassFolders:
    """The files of a folder, by class."""

    classes: tuple[str, ...]  # sorted by name
    # By split: the files, by class and then by their path below its folder; and their class numbers
    files: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[int, ...]]
    notes: tuple[str, ...] = ()  # what is not read, in lines


def find_files(path: Path, sort: Sort) -> ClassFolders:
    """List the files of `path/CLASS/` or `path/SPLIT/CLASS/`; none is opened.

    Raises:
        DataError: There is no such folder, or it has no folders of classes.
    """
    if not path.is_dir():
        raise _no_folder(path)
    homes = split_folders(path)
    classes = class_names(path, sort)
    numbers = {name: number for number, name in enumerate(classes)}
    files: dict[str, tuple[str, ...]] = {}
    labels: dict[str, tuple[int, ...]] = {}
    notes: list[str] = []
    for split, home in homes.items():
        found, of_class = [], []
        for name in folders_in(home):
            here = sorted(files_below(home / name, notes))
            if not here:
                shown = printable(str(home / name))
                notes.append(f"warning: {shown} holds no {sort.one}: no class")
                continue
            if name not in numbers:
                fix = did_you_mean(name, classes) or f"There are {list_some(classes, 20, quote)}."
                what = f"the class {quote(name)} has no {sort.one}s to train on."
                raise DataError(what, where=str(home / name), fix=fix)
            found += here
            of_class += [numbers[name]] * len(here)
        files[split], labels[split] = tuple(found), tuple(of_class)
        beside = [name for name in names_in(home) if name.lower().endswith(sort.suffixes)]
        if beside:
            what = f"{tally(len(beside), sort.one)} beside the folders of the classes"
            told = list_some(beside, MOST, quote)
            notes.append(f"warning: {what} in {printable(str(home))} not read: {told}")
    return ClassFolders(classes, files, labels, tuple(notes))


def _no_folder(path: Path) -> DataError:
    """The error for a dataset whose folder is not there."""
    what = "is a file; a folder with a folder for each class was expected"
    fix = None
    if not path.exists():
        what = "there is no such folder"
        with suppress(DataError):
            fix = did_you_mean(path.name, folders_in(path.parent))
    fix = fix or "Correct the path, which is relative to the file that it stands in."
    return DataError(f"{what}.", where=printable(str(path)), fix=fix)


def split_folders(path: Path) -> dict[str, Path]:
    """Give the folders of the splits; where there are none, the whole folder is to train on."""
    folders = folders_in(path)
    meant = {name: split_meant(name) for name in folders}
    splits = {split for split in meant.values() if split is not None}
    if TRAIN not in splits or not all(
        folders_in(path / name) for name in folders if meant[name] == TRAIN
    ):
        return {TRAIN: path}
    others = [name for name in folders if meant[name] is None]
    if others and len(splits) == 1:
        return {TRAIN: path}  # a class that is called so
    if others:
        what = f"beside the folders of splits there is {list_some(others, MOST, quote)}."
        fix = "Leave folders of splits alone there, or folders of classes."
        raise DataError(what, where=str(path), fix=fix)
    found: dict[str, Path] = {}
    for split in (TRAIN, VALIDATION, TEST):
        named = [name for name in folders if meant[name] == split]
        if len(named) > 1:
            what = f"{list_some(named, MOST, quote)} are all called like the {split} split."
            raise DataError(what, where=str(path), fix="Leave one of them.")
        if named:
            found[split] = path / named[0]
    return found


def class_names(path: Path, sort: Sort) -> tuple[str, ...]:
    """Name the classes that there are images of to train on, sorted.

    Raises:
        DataError: There are none.
    """
    home = split_folders(path)[TRAIN]
    names = [name for name in folders_in(home) if any_file(home / name)]
    for name in names:
        if not name.isprintable():
            what = f"the folder {name!r} has characters in its name that cannot be shown."
            raise DataError(what, where=str(home), fix="Rename it: its name is that of a class.")
    if not names:
        beside = names_in(home)
        what = f"there is no {sort.one}, and no folder of a class"
        if any(one.lower().endswith(sort.suffixes) for one in beside):
            what = f"{sort.one}s stand beside each other, and no folder of a class"
        elif beside:
            what += f", but {list_some(beside, MOST, quote)}"
        fix = f"Make a folder for each class, and put its {sort.one}s into it."
        raise DataError(f"{what}.", where=str(home), fix=fix)
    return tuple(names)


def numbered_files(path: Path, names: Sequence[str]) -> tuple[list[str], list[int]]:
    """List the files of the folders of classes, which are those of a run, and their numbers.

    Raises:
        DataError: A folder is none of the classes.
    """
    known = {name: number for number, name in enumerate(names)}
    files: list[str] = []
    labels: list[int] = []
    for name in folders_in(path):
        found = sorted(files_below(path / name))
        if found and name not in known:
            what = f"the class {quote(name)} is not one of the run ({list_classes(names)})."
            raise DataError(what, where=str(path / name))
        files += found
        labels += [known[name]] * len(found) if found else []
    return files, labels


def any_file(root: Path) -> str | None:
    """Give a file below a folder, whichever comes first; None where there is none."""
    return next(files_below(root), None)


def folders_in(path: Path) -> list[str]:
    """Name the folders in a folder, sorted; a link to one is one."""
    return sorted(entry.name for entry in _entries(path) if entry.is_dir())


def names_in(path: Path) -> list[str]:
    """Name what else is in a folder, sorted."""
    return sorted(entry.name for entry in _entries(path) if not entry.is_dir())


def files_below(root: Path, notes: list[str] | None = None) -> Iterator[str]:
    """Give the files in a folder and in those below it; links to folders are noted, not followed.

    What is hidden, or left there by a system, is no file.
    """
    waiting = [root]
    while waiting:
        home = waiting.pop()
        for entry in _entries(home):
            if not entry.is_dir():
                yield entry.path
            elif not entry.is_symlink():
                waiting.append(Path(entry.path))
            elif notes is not None:
                notes.append(f"warning: {printable(entry.path)} is a link to a folder: not read")


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.name not in LEFT_BY_SYSTEMS:
                    yield entry
    except FileNotFoundError:
        raise DataError("there is no such folder.", where=str(path)) from None
    except NotADirectoryError:
        what = "this is a file; a folder with a folder for each class was expected."
        raise DataError(what, where=str(path)) from None
    except OSError as error:
        raise DataError(f"the folder cannot be read: {error.strerror}.", where=str(path)) from error
