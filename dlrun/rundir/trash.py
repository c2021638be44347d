"""Where folders of runs and sweeps go: to another name, into the trash beside them, and back.

```
runs/.trash/20261120-231455_mnist_mlp_7k2q     a run, as it was
runs/.trash/rates                              a sweep with all of its runs
```

A folder goes there, and comes back, by one renaming: killed at any time, it is in one of the two
places, whole.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dlrun.errors import DlrunError, RunFolderError, UsageError
from dlrun.rundir.files import link_error, naming_write_errors, reason, sync
from dlrun.rundir.folder import find_run, is_run, read_row, run_paths, safe_name
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.rundir.names import LOCK, SWEEP, TRASH

_PARTS = re.compile(r"(?P<time>\d{8}-\d{6})_.+_(?P<letters>[a-z2-7]{4})")


def is_sweep(folder: Path) -> bool:
    """Say whether a folder is that of a sweep."""
    return os.path.lexists(folder / SWEEP)


def find_folders(references: Sequence[str], runs_dir: Path) -> list[Path]:
    """Find runs, as `find_run` does, and sweeps, by path or by name; each once."""
    found: dict[Path, Path] = {}
    for reference in references:
        paths = [path for path in (Path(reference), runs_dir / reference) if is_sweep(path)]
        path = paths[0] if reference and paths else find_run(reference, runs_dir)
        found[path.resolve()] = path
    return list(found.values())


@contextmanager
def resting(folder: Path) -> Iterator[None]:
    """Let nobody begin to work in the folder of a run, or of a sweep, while it is moved.

    Raises:
        RunFolderError: Somebody works in it, in a run of it, or on the sweep that it belongs to.
    """
    runs = run_paths(folder) if is_sweep(folder) else [folder]
    at_work = [path for path in runs if read_row(path).status == "running"]
    at_work += [path.parent for path in folder.rglob(LOCK) if lock_state(path.parent) == "held"]
    if is_sweep(folder.parent) and lock_state(folder.parent) == "held":
        at_work.append(folder.parent)
    if at_work:
        what, fix = "a process is at work here.", "End it first; later it can be gone on with."
        raise RunFolderError(what, where=str(at_work[0]), fix=fix)
    with holding_lock(folder):
        yield


def move_to_trash(folders: Sequence[Path]) -> list[Path]:
    """Move folders of runs and sweeps into the trash beside them; gives their places there.

    Where one of them is at work, none is moved.
    """
    for folder in folders:
        with resting(folder):
            pass
    return [_move_to_trash(folder) for folder in folders]


def _move_to_trash(folder: Path) -> Path:
    folder = folder if folder.name not in ("", "..") else folder.resolve()
    trash = folder.parent / TRASH
    with naming_write_errors(trash):
        trash.mkdir(exist_ok=True)
    if trash.is_symlink():
        raise link_error(trash)
    number = 1
    target = trash / folder.name
    while os.path.lexists(target):  # a sweep of this name was removed before
        number += 1
        target = trash / f"{folder.name}~{number}"
    with resting(folder):
        _move(folder, target)
    return target


def in_trash(runs_dir: Path) -> list[Path]:
    """List what is in the trash of a folder of runs, by name."""
    trash = runs_dir / TRASH
    if trash.is_symlink():
        raise link_error(trash)
    if not trash.is_dir():
        return []
    return sorted(path for path in trash.iterdir() if path.is_dir() and not path.is_symlink())


def find_in_trash(references: Sequence[str], runs_dir: Path) -> list[Path]:
    """Find folders in the trash of a folder of runs, by their names or by parts of them."""
    names = {folder.name: folder for folder in in_trash(runs_dir)}
    if not names:
        raise UsageError("the trash is empty.", where=str(runs_dir / TRASH))
    exact = [names[Path(one).name] for one in references if Path(one).name in names]
    others = [one for one in references if Path(one).name not in names]
    return list(dict.fromkeys([*exact, *find_folders(others, runs_dir / TRASH)]))


def bring_back(folder: Path) -> Path:
    """Move a folder out of the trash to where it was; gives its place there."""
    target = folder.parent.parent / folder.name.partition("~")[0]
    if os.path.lexists(target):
        what = "something of this name is there again."
        raise UsageError(what, where=str(target), fix=f"`dlrun rm {target}` makes room for it.")
    _move(folder, target)
    return target


def remove_for_good(folder: Path) -> None:
    """Remove a folder from the trash; one that is removed in part stays there."""
    try:
        shutil.rmtree(folder)
        sync(folder.parent)
    except OSError as error:
        what = f"cannot be removed: {reason(error)}."
        raise DlrunError(what, where=str(error.filename or folder)) from error


def rename(folder: Path, name: str) -> Path:
    """Rename the folder of a run that rests; gives the new one.

    `20261120-231455_mnist_mlp_7k2q` keeps its time and its letters; what is named otherwise gets
    the name as it is. Nothing in the folder changes: its config has the name that it was trained
    with.
    """
    path = folder.resolve()
    parts = _PARTS.fullmatch(path.name)
    made = safe_name(name)
    target = path.with_name(f"{parts['time']}_{made}_{parts['letters']}" if parts else made)
    if target == path:
        return folder
    if os.path.lexists(target):
        raise UsageError("is there already.", where=str(target), fix="Choose another name.")
    with resting(path):
        _move(path, target)
    return folder.with_name(target.name) if folder.name == path.name else target


def kind_of(folder: Path) -> str:
    """Name what a folder of the trash is: `run`, `sweep`, or `rest` where most of it is gone."""
    return "sweep" if is_sweep(folder) else "run" if is_run(folder) else "rest"


def _move(folder: Path, target: Path) -> None:
    with naming_write_errors(target):
        folder.rename(target)
    sync(target.parent)
    sync(folder.parent)
