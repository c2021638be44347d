"""Rules about files: what a callback writes stays in the run folder, beside dlrun's own."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from dlrun.errors import Problem
from dlrun.rundir import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.config.schema import Experiment

FILE_ARGUMENTS: Final = ("filepath", "filename", "log_dir", "directory")
"""The arguments by which Keras's callbacks name what they write."""

TAKEN: Final = frozenset(
    value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)
)
"""The names in a run folder that are dlrun's own."""


def callback_files_have_their_own_place(experiment: Experiment) -> Iterator[Problem]:
    """A callback's file is inside the run folder and is none of those that dlrun writes."""
    for index, callback in enumerate(experiment.training.callbacks):
        for argument in FILE_ARGUMENTS:
            value = callback.arguments.get(argument)
            if not isinstance(value, str):
                continue
            path = f"training.callbacks[{index}].{argument}"
            place = PurePosixPath(value)
            if place.is_absolute() or ".." in place.parts:
                yield Problem(path, f"'{value}' leaves the run folder.", "Give a path inside it.")
            elif not place.parts:
                yield Problem(path, f"'{value}' is the run folder itself.", "Name a file in it.")
            elif place.parts[0] in TAKEN:
                what = f"'{place.parts[0]}' is a file of dlrun's own in the run folder."
                yield Problem(path, what, "Choose another name.")
