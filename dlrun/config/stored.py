"""The config of a run as its record holds it, flat: written when it starts, read again by lists."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.config.resolved import flat
from dlrun.errors import ConfigError, RunFolderError
from dlrun.rundir.files import plain, read_text
from dlrun.rundir.folder import Run, RunRow
from dlrun.rundir.names import CONFIG

if TYPE_CHECKING:
    from dlrun.config.schema import Experiment

_MAX_CHARACTERS = 2**16  # a record must fit into the room that its lock keeps on a full disk
RECORDED = "config"  # the key of `run.json`: `{"optimizer.learning_rate": 0.1, ...}`


def recorded(experiment: Experiment) -> dict[str, Any]:
    """Say what the record of a run holds of its config.

    Nothing where JSON cannot express it, or where weights that are written down would fill it.
    """
    from dlrun.config import given  # noqa: PLC0415 - lists of runs need no schema

    values = {key: _as_written(value) for key, value in given.flat(experiment).items()}
    is_small = len(json.dumps(values, default=str)) <= _MAX_CHARACTERS
    return {RECORDED: values} if is_small and plain(values) == values else {}


def _as_written(value: Any) -> Any:
    """Write paths as YAML does: as texts."""
    if isinstance(value, list):
        return [_as_written(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def stored_config(run: Run | RunRow) -> Mapping[str, Any]:
    """Read the config of a run by dotted paths, of its record, or of the file of an older one."""
    values = run.record.get(RECORDED)
    return values if isinstance(values, dict) else _read(run.path / CONFIG)


def given_keys(run: Run, values: Mapping[str, Any]) -> frozenset[str]:
    """Find the dotted paths of what is no default; all where this dlrun refuses the config."""
    from dlrun.config import given, load_config  # noqa: PLC0415 - lists of runs need no schema

    _read(run.file(CONFIG))  # whoever compares runs is told of a damaged one
    try:
        defaults = given.flat_defaults(load_config(run.file(CONFIG), data_known=False))
    except ConfigError:
        defaults = {}
    return frozenset(path for path, value in values.items() if defaults.get(path, ABSENT) != value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return flat(read_text(path))
    except ConfigError as error:
        raise RunFolderError(f"is damaged: {error.problems[0]}", where=str(path)) from error
