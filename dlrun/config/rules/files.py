"""Rules about files: what a callback writes stays in the run folder, beside dlrun's own."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from string import Formatter
from typing import TYPE_CHECKING, Final

from dlrun.config.rules.training import SET_THE_RATE, logged_names
from dlrun.errors import Problem
from dlrun.rundir import names
from dlrun.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.config.schema import Experiment

FILE_ARGUMENTS: Final = ("filepath", "filename", "log_dir", "directory")
"""The arguments by which Keras's callbacks name what they write."""

TAKEN: Final = frozenset(
    value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)
)
"""The names in a run folder that are dlrun's own."""

NUMBER_FORMAT: Final = re.compile(r"[<>=^]?[+-]?0?\d{0,3}[,_]?(\.\d{1,3})?[bdeEfFgGnoxX%]?")
"""How a number may be written into a name. No character of one's own to fill up with, and no
`c`, which makes a character of a number: both could write a slash."""


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


def names_hold_numbers_only(experiment: Experiment) -> Iterator[Problem]:
    """Keras writes the epoch and what is logged into a name; attributes of them could be any text.

    ModelCheckpoint is the one callback that does so.
    """
    for index, callback in enumerate(experiment.training.callbacks):
        template = callback.arguments.get("filepath")
        if callback.type != "ModelCheckpoint" or not isinstance(template, str):
            continue
        path = f"training.callbacks[{index}].filepath"
        try:
            fields = [(name, how, kind) for _, name, how, kind in Formatter().parse(template)]
        except ValueError:
            what = f"The braces in '{template}' do not fit together."
            yield Problem(path, what, "Write such as '{epoch:02d}.keras'.")
            continue
        known = _numbers(experiment, index)
        for name, how, kind in fields:
            if name is None:
                continue
            if name not in known or "." in name or "[" in name:
                what = f"'{name}' is no number that can stand in a name here."
                fix = did_you_mean(name, known) or f"These can: {listed(known)}."
                yield Problem(path, what, fix)
            elif kind is not None or not NUMBER_FORMAT.fullmatch(how or ""):
                written = f"!{kind}" * bool(kind) + f":{how}" * bool(how)
                what = f"'{written}' does not say how to write a number in a name."
                yield Problem(path, what, "Write such as '{" + name + ":.3f}'.")


def _numbers(experiment: Experiment, index: int) -> list[str]:
    """What Keras can write into the name of a checkpoint, see `ModelCheckpoint._get_file_path`."""
    callbacks = experiment.training.callbacks
    logged = logged_names(experiment)
    if callbacks[index].arguments.get("save_freq", "epoch") != "epoch":
        return ["epoch", "batch", *logged]
    if experiment.dataset.validation_split is not None:
        logged += [f"val_{name}" for name in logged]
    if any(callback.type in SET_THE_RATE for callback in callbacks[:index]):
        logged.append("learning_rate")
    return ["epoch", *logged]
