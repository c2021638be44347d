"""Checkpoints: what resume needs, kept so that at every moment a whole one is there.

```
checkpoint/00000007/tensors.safetensors   named arrays
checkpoint/00000007/state.json            all else, and the hashes of both; written last
```

A checkpoint is written under a temporary name, every file synced, and then renamed: the name is the
commit. The one before it stays until then, and one more is kept, for the case that the newest is
damaged later. One that is no longer needed loses its name first: whatever then goes wrong, there is
no half of a checkpoint.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import RunFolderError
from dlrun.rundir.files import (
    link_error,
    naming_write_errors,
    read_json,
    reason,
    sync,
    temporary_name,
)
from dlrun.rundir.integrity import is_signed, signed
from dlrun.rundir.names import CHECKPOINT, TEMPORARY_PREFIX
from dlrun.rundir.tensors import load_tensors, tensor_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
KEPT = 2  # the newest checkpoint and the one before it

_TENSORS = "tensors.safetensors"
_STATE = "state.json"
_NAME = re.compile(r"\d{8}")


@dataclass(frozen=True)
class Checkpoint:
    """A state of a run: what JSON can express, and arrays by name."""

    facts: dict[str, Any]
    tensors: dict[str, NDArray[Any]]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Commit a checkpoint, and remove those before it only when it is whole on the disk."""
    home = folder / CHECKPOINT
    names = checkpoint_names(folder)
    target = home / f"{int(names[0]) + 1 if names else 1:08d}"
    temporary = home / temporary_name()
    with naming_write_errors(target):
        try:
            temporary.mkdir(parents=True)
            data = tensor_bytes(checkpoint.tensors)
            state = {
                "format": FORMAT,
                **checkpoint.facts,
                "tensors_sha256": hashlib.sha256(data).hexdigest(),
            }
            for name, content in ((_TENSORS, data), (_STATE, signed(state).encode())):
                (temporary / name).write_bytes(content)
                sync(temporary / name)
            sync(temporary)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync(home)
        if not names:  # that there is such a folder, and the config beside it
            sync(folder)
    keep_newest(folder, KEPT)


def keep_newest(folder: Path, count: int) -> None:
    """Remove all checkpoints but the newest ones; one that cannot be removed stays.

    What an earlier removal, or a killed process, has left is removed with them. The run is locked
    by this process.
    """
    home = folder / CHECKPOINT
    for name in checkpoint_names(folder)[count:]:
        with contextlib.suppress(OSError):
            (home / name).rename(home / temporary_name())
    for left in home.glob(f"{TEMPORARY_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Read the newest checkpoint that is whole; and say what is wrong with newer ones."""
    damaged: list[str] = []
    for name in checkpoint_names(folder):
        try:
            return _read(folder / CHECKPOINT / name), damaged
        except RunFolderError as error:
            damaged.append(str(error))
    return None, damaged


def checkpoint_problems(folder: Path) -> tuple[int, list[str]]:
    """Read every checkpoint: how many there are, and what is wrong with them.

    One of which a file is gone does not count where a newer one is whole: its removal was broken
    off.
    """
    problems: list[str] = []
    whole, damaged = 0, 0
    for name in checkpoint_names(folder):
        place = folder / CHECKPOINT / name
        try:
            _read(place)
        except RunFolderError as error:
            is_there = all(os.path.lexists(place / part) for part in (_STATE, _TENSORS))
            if is_there or not whole:
                damaged += 1
                problems.append(str(error))
        else:
            whole += 1
    return whole + damaged, problems


def checkpoint_names(folder: Path) -> list[str]:
    """List the names of the checkpoints, the newest first."""
    home = folder / CHECKPOINT
    try:
        if home.is_symlink():
            raise link_error(home)
        with os.scandir(home) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunFolderError(f"cannot be listed: {reason(error)}.", where=str(home)) from error
    return sorted(filter(_NAME.fullmatch, names), reverse=True)


def _read(place: Path) -> Checkpoint:
    state = read_json(place / _STATE)
    if not is_signed(state) or state.get("format") != FORMAT or not _is_complete(state):
        raise RunFolderError("is not what the run saved: damaged.", where=str(place / _STATE))
    return Checkpoint(state, load_tensors(place / _TENSORS, sha256=state["tensors_sha256"]))


def _is_complete(state: Mapping[str, Any]) -> bool:
    """Whether a state holds what a run writes into it; anybody can sign anything."""
    places = [state.get("epoch"), state.get("step")]
    memories = state.get("callbacks")
    columns = state.get("history_columns")
    return (
        all(type(place) is int and 0 <= place < 2**31 for place in places)
        and all(type(state.get(name)) is bool for name in ("finished", "stop_training"))
        and isinstance(columns, list)
        and all(isinstance(column, str) for column in columns)
        and isinstance(memories, list)
        and all(isinstance(memory, dict) for memory in memories)
        and isinstance(state.get("tensors_sha256"), str)
    )
