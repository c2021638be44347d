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
from pathlib import Path

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.checkpoints import checkpoint_names, keep_newest
from dlrun.rundir.files import check_inside, naming_write_errors, sync, write_text
from dlrun.rundir.integrity import recorded_files
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
from dlrun.rundir.record import read_record, record_text

_STAY = (LOCK, RECORD, NOTES, EXTENSION, CHECKPOINT)
"""What is not moved as it is: the record comes last, and checkpoints are whole folders."""

EXTENSION_WAITS = "a longer training of it was begun: `dlrun resume` without --epochs goes on"
"""What is said of a run that has an extension."""


class Extension:
    """The extension of a run by the path of the run's folder, whether or not it was begun.

    Whoever begins, removes or completes it has locked the run.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.path = run / EXTENSION

    @property
    def is_begun(self) -> bool:
        """Whether it was begun, so that it can be gone on with."""
        return not self.path.is_symlink() and all(
            os.path.lexists(self.path / name) for name in (RECORD, CONFIG)
        )

    @property
    def is_training(self) -> bool:
        """Whether a process trains it at this moment."""
        return lock_state(self.path) == "held"

    @property
    def _is_committed(self) -> bool:
        try:
            return all(read_record(one)["status"] == "finished" for one in (self.path, self.run))
        except RunFolderError:
            return False

    def begin(self) -> Path:
        """Make its folder anew; return that.

        Newest checkpoint, initial weights and log of the run are copied, a record is not made.
        Where that fails, the run is as it was.
        """
        self.remove()
        with naming_write_errors(self.path):
            try:
                self.path.mkdir()
                for name in (INITIAL_WEIGHTS, LOG):
                    source = self.run / name
                    if os.path.lexists(source):
                        shutil.copyfile(source, self.path / name, follow_symlinks=False)
                for name in checkpoint_names(self.run)[:1]:
                    # Its name too: the next ones are newer than any of the run.
                    source = self.run / CHECKPOINT / name
                    shutil.copytree(source, self.path / CHECKPOINT / name, symlinks=True)
            except BaseException:
                self.remove()
                raise
        return self.path

    def remove(self) -> None:
        """Remove it before it is committed; what cannot be removed is no extension any more."""
        if os.path.lexists(self.path):
            # Without its record it is nothing, whatever else of it is still there.
            with contextlib.suppress(OSError):
                (self.path / RECORD).unlink(missing_ok=True)
            shutil.rmtree(self.path, ignore_errors=True)

    def settle(self) -> bool:
        """Bring the run to a state in which it can be read: move what was committed, drop remains.

        Returns whether there still is an extension. The run is not locked by this process.
        """
        if not os.path.lexists(self.path) or self.path.is_symlink():
            return False
        if self._is_committed:
            with holding_lock(self.run):
                self.complete()
        elif not self.is_begun and lock_state(self.run) == "free":
            with contextlib.suppress(DlrunError), holding_lock(self.run):
                if not self.is_begun:
                    self._tidy()
        return self.is_begun

    def complete(self) -> None:
        """Move it to the place of its run, if it is committed; again where that was broken off.

        Where a file cannot be moved, the next one that opens the run tries again.
        """
        if not self._is_committed:
            return  # another process was quicker
        before, record = read_record(self.run), read_record(self.path)
        with naming_write_errors(self.run):
            for name in [*self._files(), *self._checkpoints()]:
                check_inside(self.run, name)
                target = self.run / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (self.path / name).replace(target)
                sync(target.parent)
            # What the run has beside it, such as predictions for other rows, stays.
            files = recorded_files(before) | recorded_files(record)
            write_text(self.path / RECORD, record_text({**record, "files": files}))
            (self.path / RECORD).replace(self.run / RECORD)
            sync(self.run)
        self._tidy()

    def _tidy(self) -> None:
        """Remove what the run no longer needs: its state before, then what is left here."""
        keep_newest(self.run, 1)
        self.remove()

    def _files(self) -> list[str]:
        """The files that have their place in the run, by their names there."""
        found = [
            os.path.relpath(os.path.join(place, name), self.path)  # noqa: PTH118 - names, no paths
            for place, _, names in os.walk(self.path)
            for name in names
            if not name.startswith(TEMPORARY_PREFIX)
        ]
        return sorted(name for name in found if name.partition(os.sep)[0] not in _STAY)

    def _checkpoints(self) -> list[str]:
        """The checkpoints that the run does not have yet."""
        there = checkpoint_names(self.run)
        return [f"{CHECKPOINT}/{one}" for one in checkpoint_names(self.path) if one not in there]
