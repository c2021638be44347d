"""An extension of a finished run: beside it while it trains, in its place once it is whole.

```
finished      RUN/ is as its training left it
extending     RUN/ is untouched; RUN/extension/ is a run folder of its own, which begins with copies
              of what it goes on from: running, interrupted, failed or killed as any run, it can be
              gone on with or begun anew, and RUN/ is read meanwhile as if it were not there
committed     RUN/extension/run.json says `finished`: from that rename on, RUN/ is the longer run;
              its files are moved to their places, RUN/run.json last, and RUN/extension/ is removed
finished      RUN/ is as the longer training left it
```

Whoever opens a run moves first what was committed, as SQLite plays back a journal: so nobody reads
half of it, wherever a process was killed. All of it is done under the lock of RUN/.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Any

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.checkpoints import checkpoint_names, keep_newest
from dlrun.rundir.files import naming_write_errors, sync, write_text
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.rundir.names import (
    CHECKPOINT,
    CONFIG,
    EXTENSION,
    INITIAL_WEIGHTS,
    LOCK,
    LOG,
    NOTES,
    RECORD,
    TEMPORARY_PREFIX,
)
from dlrun.rundir.ordinary import check_inside
from dlrun.rundir.record import read_record, record_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STAY = (LOCK, RECORD, NOTES, EXTENSION, CHECKPOINT)
"""What is not moved as it is: the record comes last, and checkpoints are whole folders."""

EXTENSION_WAITS = "a longer training of it was begun: `dlrun resume` without --epochs goes on"
"""What is said of a run that has an extension."""


def has_extension(folder: Path) -> bool:
    """Say whether an extension of a run was begun, so that it can be gone on with."""
    home = folder / EXTENSION
    return not home.is_symlink() and all(os.path.lexists(home / one) for one in (RECORD, CONFIG))


def is_extending(folder: Path) -> bool:
    """Say whether a process trains the extension of a run at this moment."""
    return lock_state(folder / EXTENSION) == "held"


def begin_extension(folder: Path) -> Path:
    """Make the folder of a new extension in the place of one that was begun before.

    Newest checkpoint, initial weights and log of the run, finished and locked by this process, are
    copied, a record is not made. Where that fails, the run is as it was.
    """
    remove_extension(folder)
    home = folder / EXTENSION
    with naming_write_errors(home):
        try:
            home.mkdir()
            for name in (INITIAL_WEIGHTS, LOG):
                if os.path.lexists(folder / name):
                    shutil.copyfile(folder / name, home / name, follow_symlinks=False)
            for name in checkpoint_names(folder)[:1]:
                # Its name too: the next ones are newer than any of the run.
                source = folder / CHECKPOINT / name
                shutil.copytree(source, home / CHECKPOINT / name, symlinks=True)
        except BaseException:
            remove_extension(folder)
            raise
    return home


def remove_extension(folder: Path) -> None:
    """Remove an extension that was not committed; what cannot be removed is no extension any more.

    The run is locked by this process.
    """
    home = folder / EXTENSION
    if not os.path.lexists(home):
        return
    # Without its record it is nothing, whatever else of it is still there.
    with contextlib.suppress(OSError):
        (home / RECORD).unlink(missing_ok=True)
    shutil.rmtree(home, ignore_errors=True)


def settle(folder: Path) -> bool:
    """Bring a run to a state in which it can be read: move what was committed, drop remains.

    Returns whether an extension is still there.

    Raises:
        RunFolderError: Another process is about to do so, and takes too long.
        DlrunError: A committed extension cannot be moved to its place.
    """
    home = folder / EXTENSION
    if not os.path.lexists(home) or home.is_symlink():
        return False
    if _is_committed(folder):
        with holding_lock(folder):
            complete(folder)
    elif not has_extension(folder) and lock_state(folder) == "free":
        with contextlib.suppress(DlrunError), holding_lock(folder):
            if not has_extension(folder):
                _tidy(folder)
    return has_extension(folder)


def complete(folder: Path) -> None:
    """Move a committed extension to the place of its run; again where that was broken off.

    The run is locked by this process. Where a file cannot be moved, the next one that opens the run
    tries again.
    """
    home = folder / EXTENSION
    if not _is_committed(folder):
        return  # another process was quicker
    before, record = read_record(folder), read_record(home)
    with naming_write_errors(folder):
        for name in [*_files(home), *_checkpoints(folder)]:
            check_inside(folder, name)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (home / name).replace(target)
            sync(target.parent)
        # What the run has beside it, such as predictions for other rows, stays.
        files = {**_hashes(before), **_hashes(record)}
        write_text(home / RECORD, record_text({**record, "files": files}))
        (home / RECORD).replace(folder / RECORD)
        sync(folder)
    _tidy(folder)


def _tidy(folder: Path) -> None:
    """Remove what a run no longer needs: its state before, then what is left of the extension."""
    keep_newest(folder, 1)
    remove_extension(folder)


def _is_committed(folder: Path) -> bool:
    try:
        return all(read_record(one)["status"] == "finished" for one in (folder / EXTENSION, folder))
    except RunFolderError:
        return False


def _hashes(record: dict[str, Any]) -> dict[str, Any]:
    found = record.get("files")
    return found if isinstance(found, dict) else {}


def _files(home: Path) -> list[str]:
    """The files of an extension that have their place in the run, by their names there."""
    found = [
        os.path.relpath(os.path.join(place, name), home)  # noqa: PTH118 - names, no paths
        for place, _, names in os.walk(home)
        for name in names
        if not name.startswith(TEMPORARY_PREFIX)
    ]
    return sorted(name for name in found if name.partition(os.sep)[0] not in _STAY)


def _checkpoints(folder: Path) -> Iterator[str]:
    """The checkpoints of an extension that its run does not have yet."""
    there = checkpoint_names(folder)
    for name in checkpoint_names(folder / EXTENSION):
        if name not in there:
            yield f"{CHECKPOINT}/{name}"
