"""Where a run comes from: who began it and where, the text of its config, its data, its code."""

from __future__ import annotations

import getpass
import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun.config import Experiment
from dlrun.data.files import files_of
from dlrun.errors import ConfigError, DataError, DlrunError
from dlrun.execution.identity import content_of
from dlrun.rundir.environment import installed_packages
from dlrun.rundir.integrity import digest
from dlrun.rundir.record import how_it_ended
from dlrun.wording import format_duration, tally

if TYPE_CHECKING:
    from dlrun.config.nodes import Node
    from dlrun.rundir.folder import Run

MOST_LISTED: Final = 100
"""So many data files stand in a record one by one; of more their number and one hash."""
MOST_CHANGED: Final = 3
"""So many files are named that have changed since."""
_HASH: Final = 12  # hexadecimal digits that are shown
MOST_TEXT: Final = 2**20
"""Bytes of a config that is kept as it was written."""


def recorded_origin(experiment: Experiment) -> dict[str, Any]:
    """Tell what `run.json` says: `user`, `folder` and `data_files`, with size and SHA-256."""
    try:
        user: str | None = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without a name, as in containers
        user = None
    return {"user": user, "folder": str(Path.cwd()), "data_files": [*_data_files(experiment)]}


def kept_origin(experiment: Experiment, changes: str | None) -> dict[str, Any]:
    """Tell what is too long for the record: `config`, by file, `packages`, and `changes`.

    `changes` are those of the checkout that is worked in, as a diff to its commit; None where there
    are none.
    """
    return {
        "config": _as_written(experiment),
        "packages": installed_packages(),
        "changes": changes,
    }


def trained_on(experiment: Experiment, record: Mapping[str, Any], data: Path) -> bool:
    """Tell whether a file, or a folder, is byte for byte one that the training rows came from.

    Only what is certain counts: `dataset.path` names it, and no glob; the record has its hash.
    """
    given, files = experiment.dataset.arguments.get("path"), record.get("data_files")
    named = {str(one) for one in (given if isinstance(given, list | tuple) else [given])}
    known = [
        one["sha256"]
        for one in (files if isinstance(files, list) else ())
        if isinstance(one, dict) and one.get("path") in named and one.get("sha256")
    ]
    told = _told(data) if known else None
    return told is not None and told["sha256"] in known


def changed_files(experiment: Experiment, record: Mapping[str, Any]) -> list[str]:
    """Name the data files that are no longer what a record says of them, a line each for some."""
    recorded = record.get("data_files")
    known = {
        one.get("path"): one
        for one in (recorded if isinstance(recorded, list) else ())
        if isinstance(one, dict)
    }
    changed = [
        f"{now['path']} is no longer what the run was trained on: it was {_size(then)}, and is "
        f"{_size(now)}"
        for now in _data_files(experiment)
        if (then := known.get(now["path"])) is not None and then.get("sha256") != now["sha256"]
    ]
    more = len(changed) - MOST_CHANGED
    told = [f"nor {'is' if more == 1 else 'are'} {tally(more, 'more file')}"] if more > 0 else []
    return changed[:MOST_CHANGED] + told


def _size(told: Mapping[str, Any]) -> str:
    """Write what is recorded of a file or a folder: `3,716 bytes (SHA-256 1f2e3d4c5b6a...)`."""
    size = told.get("bytes")
    shown = tally(size, "byte") if isinstance(size, int) else "of another size"
    return f"{shown} (SHA-256 {str(told.get('sha256'))[:_HASH]}...)"


def _as_written(experiment: Experiment) -> dict[str, str]:
    """Read the files that say a config, and those that it extends; none where it came otherwise."""
    found: dict[str, str] = {}
    for source in sorted(_sources(experiment.places.root)):
        path = Path(source)
        with suppress(OSError, ValueError):
            if path.is_file() and path.stat().st_size <= MOST_TEXT:
                found[str(path.absolute())] = path.read_text("utf-8")
    return found


def _sources(node: Node) -> set[str]:
    below = node.value.values() if isinstance(node.value, dict) else node.value
    found = {node.place.source} - {""}
    if isinstance(node.value, dict | list):
        found.update(*map(_sources, below))
    return found


def _data_files(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Tell of the files that the dataset names; of a folder, and of very many, all together."""
    for value in experiment.dataset.arguments.values():
        named = value if isinstance(value, list) else [value]
        if not named or not all(isinstance(one, Path) for one in named):
            continue
        try:
            files = [file for one in named for file in files_of(one)]
        except (DataError, ConfigError):
            continue  # whoever reads the rows tells of it
        told = [_told(file) for file in files]
        if len(told) <= MOST_LISTED:
            yield from (one for one in told if one is not None)
        else:
            yield {
                "path": os.path.commonpath(files),
                "files": len(files),
                "bytes": sum(one["bytes"] for one in told if one is not None),
                "sha256": digest([one for one in told if one is not None]),
            }


def _told(path: Path) -> dict[str, Any] | None:
    """Tell of a file, or of all files of a folder; None where it cannot be read."""
    content = content_of(path)
    if content is None:
        return None
    if isinstance(content, dict):
        size = sum((path / name).stat().st_size for name in content)
        told = {"files": len(content), "bytes": size, "sha256": digest(content)}
    else:
        told = {"bytes": path.stat().st_size, "sha256": content}
    return {"path": str(path), **told}


@contextmanager
def logging_how_it_ends(run: Run, command: Sequence[str]) -> Iterator[None]:
    """Write into the log what was asked for, and how it ended."""
    began = time.perf_counter()
    run.log(f"$ {shlex.join(command)}")
    try:
        yield
    except BaseException as error:
        with suppress(DlrunError, OSError):  # a disk that is full must not hide why
            how = how_it_ended(error)
            run.log(f"{how['status']}: {how['reason']}")
        raise
    run.log(f"finished, after {format_duration(time.perf_counter() - began)}")
