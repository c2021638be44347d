"""Rules about what lies outside of the config: files that callbacks write, packages of words."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from string import Formatter
from typing import Any, Final

from dlrun.catalog import missing_package, nested_kind
from dlrun.catalog.keras_names import FILE_ARGUMENTS
from dlrun.column import split_column
from dlrun.config.rules.training import SET_THE_RATE, logged_names
from dlrun.config.schema import Experiment
from dlrun.datasets.samples import find_sample
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.rundir import names
from dlrun.wording import did_you_mean, listed

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
    """ModelCheckpoint writes the epoch and logs into a name; their attributes could be any text."""
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
    if experiment.dataset.may_have_validation:
        logged += [f"val_{name}" for name in logged]
    if any(callback.type in SET_THE_RATE for callback in callbacks[:index]):
        logged.append("learning_rate")
    return ["epoch", *logged]


def columns_are_in_the_table(experiment: Experiment) -> Iterator[Problem]:
    """Every column that the dataset names is in the first row of its file, where that tells."""
    dataset = experiment.dataset
    arguments = dataset.arguments
    # Where a kind of column is wrong, which is told already, names are told all the same.
    rest = {key: value for key, value in arguments.items() if key != "columns"}
    if find_sample(dataset.type, rest).format not in ("table", "steps"):
        return
    # Who names no table does not pay for these.
    from dlrun.columns.inference import misnamed  # noqa: PLC0415
    from dlrun.conditions import parse_condition  # noqa: PLC0415
    from dlrun.data.csv_header import (  # noqa: PLC0415
        check_names,
        foresee_names,
        names_in_use,
        no_split_column,
        unknown_in_where,
    )

    found = foresee_names(arguments)
    if found is None:
        return
    path, columns = found
    for key, given in names_in_use(arguments):
        try:
            check_names(key, given, columns, path)
        except ConfigError as error:
            yield from error.problems
    yield from misnamed(columns, arguments.get("columns") or {})
    split = split_column(arguments.get("split_by"))
    if split is not None and split not in columns:
        yield no_split_column(split, columns)
    if isinstance(where := arguments.get("where"), str):
        with suppress(DlrunError):  # one that cannot be read is told with the rows
            keys = [one.key for one in parse_condition(where, flag="dataset.where").comparisons()]
            yield from unknown_in_where(keys, columns)


def weight_files_are_there(experiment: Experiment) -> Iterator[Problem]:
    """The files with the weights of networks are there; a run that begins tells what they hold."""
    for index, layer in enumerate(experiment.model.layers):
        if isinstance(layer.weights, Path) and not layer.weights.is_file():
            is_there = layer.weights.exists()
            what = f"{layer.weights} is no file." if is_there else f"There is no {layer.weights}."
            yield Problem(f"model.layers[{index}].weights", what)


def packages_are_installed(experiment: Experiment) -> Iterator[Problem]:
    """Keras has words that import a package of their own, some not before the first epoch ends."""
    for index, tracker in enumerate(experiment.trackers):
        yield from package_problems("trackers", tracker.as_dict(), f"trackers[{index}]")
    for index, layer in enumerate(experiment.model.layers):
        yield from package_problems("layers", layer.as_dict(), f"model.layers[{index}]")
    for index, callback in enumerate(experiment.training.callbacks):
        path = f"training.callbacks[{index}]"
        yield from package_problems("callbacks", callback.as_dict(), path)
    for index, exporter in enumerate(experiment.exports):
        yield from package_problems("exporters", exporter.as_dict(), f"exports[{index}]")


def package_problems(kind: str, component: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """Tell what is not installed that `{"type": word, **arguments}`, or a word in it, needs."""
    word = component["type"]
    package = missing_package(kind, word)
    if package is not None:
        what = f"{word} needs the package {package.project}, which is not installed."
        wanted = package.project if package.extra is None else f"'dlrun[{package.extra}]'"
        yield Problem(path, what, f"Install it: pip install {wanted}")
    for name, value in component.items():
        inner = nested_kind(name)
        for item in value if isinstance(value, list) else [value]:
            if inner and isinstance(item, str):
                yield from package_problems(inner, {"type": item}, f"{path}.{name}")
            elif inner and isinstance(item, dict) and isinstance(item.get("type"), str):
                yield from package_problems(inner, item, f"{path}.{name}")
