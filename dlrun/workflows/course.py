"""The callbacks of a config, with their files placed inside the run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.backend.components import create
from dlrun.config.rules.files import FILE_ARGUMENTS
from dlrun.rundir.ordinary import check_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.config import Component
    from dlrun.rundir.folder import RunFolder


def build_callbacks(components: Sequence[Component], folder: RunFolder) -> list[Any]:
    """Build the callbacks of a config.

    Args:
        components: The words of `training.callbacks`.
        folder: Where the files that they write belong.

    Returns:
        Keras callbacks, in order.

    Raises:
        ConfigError: Keras refuses an argument.
    """
    callbacks = []
    for index, component in enumerate(components):
        path = f"training.callbacks[{index}]"
        arguments = component.as_dict()
        for name in FILE_ARGUMENTS:
            if arguments.get(name) is not None:
                arguments[name] = _place(folder, arguments[name])
        callbacks.append(create("callbacks", arguments, path=path))
    return callbacks


def _place(folder: RunFolder, value: str) -> str:
    """Return where in the run folder a callback's file goes; a config rule holds it there."""
    check_inside(folder.path, value)
    target = folder.file(value)
    target.parent.mkdir(parents=True, exist_ok=True)
    return str(target)
