"""The callbacks of a config, with their files placed inside the run folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlrun.backend.components import create
from dlrun.config import Component
from dlrun.config.rules.files import FILE_ARGUMENTS, package_problems
from dlrun.errors import ConfigError, RunFolderError
from dlrun.rundir.folder import Run
from dlrun.rundir.ordinary import check_inside, leads_out


def build_callbacks(components: Sequence[Component], folder: Run) -> list[Any]:
    """Build the Keras callbacks of a config, whose files belong into the run folder."""
    callbacks = []
    for index, component in enumerate(components):
        path = f"training.callbacks[{index}]"
        arguments = component.as_dict()
        # On the machine where a run goes on, a package may be missing.
        if missing := [*package_problems("callbacks", arguments, path)]:
            raise ConfigError(*missing)
        for name in FILE_ARGUMENTS:
            if arguments.get(name) is not None:
                arguments[name] = _place(folder, arguments[name])
        callback = create("callbacks", arguments, path=path)
        if hasattr(callback, "_get_file_path"):
            _hold_inside(callback, folder)
        callbacks.append(callback)
    return callbacks


def _place(folder: Run, value: str) -> str:
    """Return where in the run folder a callback's file goes; a config rule holds it there.

    Where it is a folder that is there already, what a callback writes below it stays inside, too.
    """
    check_inside(folder.path, value)
    target = folder.file(value)
    for place, folders, files in os.walk(target):
        for name in (*folders, *files):
            check_inside(folder.path, os.path.relpath(Path(place, name), folder.path))
    target.parent.mkdir(parents=True, exist_ok=True)
    return str(target)


def _hold_inside(callback: Any, folder: Run) -> None:
    """Check each path of a ModelCheckpoint once the numbers of the epoch are written into it."""
    written = callback._get_file_path  # noqa: SLF001  Keras has no other place to look at it

    def checked(*arguments: Any, **named: Any) -> str:
        path: str = written(*arguments, **named)
        if leads_out(folder.path, os.path.relpath(path, folder.path)):
            raise RunFolderError("leads out of the run folder.", where=path)
        return path

    callback._get_file_path = checked  # noqa: SLF001
