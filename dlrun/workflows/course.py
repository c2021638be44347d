"""The callbacks of a config, with their files placed inside the run folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from dlrun.backend.components import create
from dlrun.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.config import Component
    from dlrun.rundir.folder import RunFolder

_PATHS = ("filepath", "filename", "log_dir", "directory")
"""The arguments by which Keras's callbacks name what they write."""


def build_callbacks(components: Sequence[Component], folder: RunFolder) -> list[Any]:
    """Build the callbacks of a config.

    Args:
        components: The words of `training.callbacks`.
        folder: Where the files that they write belong.

    Returns:
        Keras callbacks, in order.

    Raises:
        ConfigError: Keras refuses an argument, or a file would leave the run folder.
    """
    callbacks = []
    for index, component in enumerate(components):
        path = f"training.callbacks[{index}]"
        arguments = component.as_dict()
        for name in _PATHS:
            if arguments.get(name) is not None:
                arguments[name] = _inside(folder, arguments[name], f"{path}.{name}")
        callbacks.append(create("callbacks", arguments, path=path))
    return callbacks


def _inside(folder: RunFolder, value: str, path: str) -> str:
    """Return where in the run folder a callback's file goes."""
    relative = PurePosixPath(value)
    if relative.is_absolute() or ".." in relative.parts:
        raise ConfigError(
            Problem(path, f"{value!r} leaves the run folder.", "Give a path inside it.")
        )
    target = folder.file(value)
    target.parent.mkdir(parents=True, exist_ok=True)
    return str(target)
