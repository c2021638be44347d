"""The files of a run on their way home: sent as they change, and committed there as one.

A commit at home replaces whole files, then the checkpoint, and at last the record: whatever is
killed in between, the run is one that goes on from a whole checkpoint. The folder of a new run
appears with its first commit, by one renaming.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dlrun.config import Experiment
from dlrun.config.stored import recorded
from dlrun.errors import RunFolderError
from dlrun.execution.identity import Machine, identity_of
from dlrun.rundir.checkpoints import KEPT, checkpoint_names, keep_newest
from dlrun.rundir.environment import host_facts
from dlrun.rundir.files import (
    naming_write_errors,
    parse_json,
    sync,
    temporary_name,
    write_text,
)
from dlrun.rundir.integrity import hash_file, recorded_files, seal
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.names import CHECKPOINT, CONFIG, LOCK, LOG, OWNER, RECORD, TEMPORARY_PREFIX, TURN
from dlrun.rundir.record import record_text

PART_BYTES = 2**23
"""A file travels in parts of this size."""

_STAY = (LOCK, OWNER, TURN)


class Parcels:
    """Sends the files of a run that have changed since they were sent last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sent: dict[str, tuple[int, ...]] = {}
        self._checkpoint: str | None = None

    def has_checkpoint(self) -> bool:
        """Say whether there is a checkpoint that was not sent."""
        return checkpoint_names(self.folder)[:1] not in ([], [self._checkpoint])

    def messages(self, *, is_last: bool) -> Iterator[dict[str, Any]]:
        """Give the parts of all changed files, and then the commit.

        Nothing where the newest checkpoint was removed meanwhile, for a newer one is there.
        """
        with contextlib.ExitStack() as opened:
            newest = checkpoint_names(self.folder)[:1]
            files: dict[str, Any] = {}
            try:
                for name in self._names(newest):
                    file = opened.enter_context((self.folder / name).open("rb"))
                    facts = os.fstat(file.fileno())
                    mark = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
                    if self._sent.get(name) != mark:
                        files[name] = (file, mark)
            except FileNotFoundError:
                if not is_last:
                    return
                raise
            for name, (file, mark) in files.items():
                at = 0
                while (part := file.read(PART_BYTES)) or not at:
                    yield {"file": name, "at": at, "data": part}
                    at += len(part)
                    if not part:
                        break
                self._sent[name] = mark
            self._checkpoint = newest[0] if newest else None
            kept = len(checkpoint_names(self.folder)) if is_last else KEPT
            yield {"commit": {"name": self.folder.name, "kept": kept}}

    def _names(self, newest: list[str]) -> Iterator[str]:
        """The names of the files that go home: of the checkpoints only the newest one."""
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            parts = name.split("/")
            is_temporary = any(part.startswith(TEMPORARY_PREFIX) for part in parts)
            is_old = parts[0] == CHECKPOINT and parts[1:2] != newest
            is_left = is_temporary or is_old or name in _STAY
            if not is_left and path.is_file() and not path.is_symlink():
                yield name


def luggage_of(folder: Path) -> dict[str, bytes]:
    """Read what another machine needs to go on with a run: its newest checkpoint among it."""
    parcels, found = Parcels(folder), dict[str, bytes]()
    for message in parcels.messages(is_last=True):
        if "file" in message:
            found[message["file"]] = found.get(message["file"], b"") + message["data"]
    return found


def settle(folder: Path, files: Mapping[str, bytes], config: str) -> None:
    """Put the files of a run into a folder of this machine, with a config that is right here."""
    for name, data in files.items():
        path = folder / checked_name(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / CONFIG).write_text(config, "utf-8")
    facts = parse_json(files[RECORD].decode("utf-8", "backslashreplace"), folder / RECORD)
    if facts.get("status") == "running":
        facts["status"] = "interrupted"  # nothing works on it: the sweep has lost its node
    facts.pop("files", None)  # the config is another one, and all is written anew
    write_text(folder / RECORD, record_text(facts))


def checked_name(name: str) -> str:
    """Refuse a name that would lead out of the folder of a run."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise RunFolderError(f"{name!r} is no file of a run.", where="a node of the sweep")
    return name


@dataclass(frozen=True)
class Home:
    """What is known of a run at home, which its folder there is to say."""

    experiment: Experiment
    command: tuple[str, ...]
    source: str | None  # what `weights_hash` says of the run whose weights it begins with


class Arrivals:
    """Commits what comes of one run to its folder at home, and holds the lock of it meanwhile.

    `sweep_dir` is the folder of the sweep, `folder` that of the run; None before there is one.
    """

    def __init__(self, sweep_dir: Path, folder: Path | None, home: Home) -> None:
        self._sweep_dir = sweep_dir
        self._home = home
        self._stage = sweep_dir / temporary_name()
        self._lock = contextlib.ExitStack()
        self._moved: Mapping[str, str] = {}
        self.folder = folder
        self.commits = 0
        self.identity: str | None = None  # that of the machine where it works
        if folder is not None:
            self._lock.enter_context(holding_lock(folder))

    def take(self, message: Mapping[str, Any]) -> None:
        """Take a part of a file."""
        path = self._stage / "run" / checked_name(message["file"])
        with naming_write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("r+b" if message["at"] else "wb") as file:
                file.seek(message["at"])
                file.write(message["data"])

    def commit(self, told: Mapping[str, Any], node: Mapping[str, Any]) -> None:
        """Commit all that came since the last commit; `node` is where it came from."""
        staged = self._stage / "run"
        if not staged.exists():
            return
        self.identity = identity_of(
            self._home.experiment, Machine(**node["machine"]), source=self._home.source
        )
        with naming_write_errors(self.folder or self._sweep_dir):
            self._put(staged, told, node)
        self.commits += 1

    def _put(self, staged: Path, told: Mapping[str, Any], node: Mapping[str, Any]) -> None:
        if (staged / CONFIG).exists():
            (staged / CONFIG).write_text(self._home.experiment.to_yaml(), "utf-8")
        if (staged / LOG).exists():
            self._rename_files_in(staged / LOG, node["moved"])
        if (staged / RECORD).exists():
            self._amend(staged, node)
        for path in staged.rglob("*"):
            sync(path)
        if self.folder is None:
            target = self._sweep_dir / checked_name(told["name"])
            staged.rename(target)
            sync(self._sweep_dir)
            self.folder = target
            self._lock.enter_context(holding_lock(target))
        else:
            self._replace(staged, self.folder)
            keep_newest(self.folder, told["kept"])

    def drop(self) -> None:
        """Forget what came since the last commit."""
        shutil.rmtree(self._stage, ignore_errors=True)

    def close(self) -> None:
        """Give the run back to whoever wants it."""
        self.drop()
        self._lock.close()

    @staticmethod
    def _rename_files_in(path: Path, moved: Mapping[str, str]) -> None:
        text = path.read_text("utf-8", "surrogateescape")
        for here, there in moved.items():
            text = text.replace(here, there)
        path.write_text(text, "utf-8", "surrogateescape")

    def _amend(self, staged: Path, node: Mapping[str, Any]) -> None:
        """Let the record say what is true at home, and where the run works or has worked."""
        self._rename_files_in(staged / RECORD, node["moved"])
        facts = parse_json((staged / RECORD).read_text("utf-8", "surrogateescape"), staged / RECORD)
        config = self._home.experiment.to_yaml()
        facts |= {
            "command": list(self._home.command),
            "identity": self.identity,
            "machine": node["machine"],
            "node": node["node"],
            "seal": seal(config),
            **recorded(self._home.experiment),
        }
        if facts["status"] == "running":
            facts |= host_facts()  # who holds the lock, and ends with it
        files = recorded_files(facts)
        if CONFIG in files:
            written = staged if (staged / CONFIG).exists() else self.folder
            files[CONFIG] = hash_file((written or staged) / CONFIG)
        (staged / RECORD).write_text(record_text(facts), "utf-8")

    @staticmethod
    def _replace(staged: Path, folder: Path) -> None:
        """Replace the files of a run: the checkpoint after the others, the record last."""
        for path in sorted(path for path in staged.rglob("*") if path.is_file()):
            name = path.relative_to(staged)
            if name.parts[0] != CHECKPOINT and name.name != RECORD:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                path.replace(folder / name)
        for path in sorted((staged / CHECKPOINT).glob("*")):
            (folder / CHECKPOINT).mkdir(exist_ok=True)
            if not (folder / CHECKPOINT / path.name).exists():
                path.rename(folder / CHECKPOINT / path.name)
            sync(folder / CHECKPOINT)
        if (staged / RECORD).exists():
            (staged / RECORD).replace(folder / RECORD)
        sync(folder)
        shutil.rmtree(staged, ignore_errors=True)


def remove_stages(sweep_dir: Path) -> None:
    """Remove what a killed sweep has left of files on their way; its folder is locked."""
    for path in sweep_dir.glob(f"{TEMPORARY_PREFIX}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
