"""`dlrun validate`: what can be told of a config, and of its data, before anything heavy is loaded.

A small table is read from its first row to its last, without NumPy. Only where something in a file
looks wrong is it read as for training, which says what it is in the words of training.
"""

from __future__ import annotations

import math
import stat
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from dlrun import catalog
from dlrun.catalog.losses import label_form
from dlrun.config import load_config, locate
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.shapes import find_sample, walk
from dlrun.shapes.cells import parse_number
from dlrun.shapes.files import SMALL, npz_array_header
from dlrun.shapes.samples import csv_layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.config import Experiment
    from dlrun.data.csv import Piece
    from dlrun.shapes.samples import Layout

READ_AGAIN = 16 * 2**20
"""How large a file may be, in bytes, that is read as for training where something looks wrong."""


@dataclass(frozen=True)
class Verdict:
    """What can be told of a config.

    Attributes:
        experiment: What it means; None where it is wrong.
        problems: Every mistake.
        unchecked: What was not looked at, in words.
        unchecked_shapes: From which layer on shapes are not known; None where all are.
    """

    experiment: Experiment | None
    problems: tuple[Problem, ...] = ()
    unchecked: tuple[str, ...] = ()
    unchecked_shapes: str | None = None


def validate(path: Path, overrides: Sequence[str]) -> Verdict:
    """Check a config, and the data that it names as far as that is cheap.

    Args:
        path: A YAML file.
        overrides: See `dlrun.config.load_config`.
    """
    try:
        experiment = load_config(path, overrides)
    except DlrunError as error:
        return Verdict(None, _problems(error))
    try:
        unchecked = _look_at_data(experiment)
    except ConfigError as error:
        return Verdict(None, locate(experiment, error).problems)
    except DlrunError as error:
        return Verdict(None, _problems(error))
    return Verdict(experiment, (), tuple(unchecked), _first_unknown(experiment))


def _problems(error: DlrunError) -> tuple[Problem, ...]:
    if isinstance(error, ConfigError):
        return error.problems
    return (Problem("", error.what, error.fix, error.where),)


def _first_unknown(experiment: Experiment) -> str | None:
    """From where on shapes are told only when the model is built."""
    dataset = experiment.dataset
    sample = find_sample(dataset.type, dataset.arguments).shape
    if sample is None:
        return "the shapes of all layers: that of the data is known when they are read"
    steps = walk([layer.as_dict() for layer in experiment.model.layers], sample)
    unknown = next((step for step in steps if step.shape is None), None)
    if unknown is None:
        return None
    return f"shapes from '{unknown.name}' ({unknown.type}) on, until the model is built"


def _look_at_data(experiment: Experiment) -> list[str]:
    """Look at the file of a dataset.

    Returns:
        What was not looked at.

    Raises:
        DlrunError: What is wrong with it.
    """
    dataset = experiment.dataset
    word = catalog.find("datasets", dataset.type)
    named = [dataset.arguments.get(one.name) for one in (word.parameters if word else ())
             if "Path" in (one.annotation or "")]  # fmt: skip
    if not named:
        return []
    if not isinstance(named[0], Path):
        return [f"the data of {dataset.type}: no file is named, and one may be downloaded"]
    return _look_at_file(experiment, named[0])


def _look_at_file(experiment: Experiment, path: Path) -> list[str]:
    """Look at a file; see `_look_at_data`."""
    word = experiment.dataset.type
    look = {"csv": _looks_right, "npz": _has_arrays}.get(word)
    size = _size(path, may_be_folder=look is None)
    if size is None:
        return [f"{path}, which is no single file that can be read twice"]
    if look is not None and not look(experiment, path, size):
        if size > READ_AGAIN:
            return [f"{path} ({_in_mb(size)}): what it holds could not be told by its beginning"]
        from dlrun.workflows.load import load_splits

        load_splits(experiment)
        return []
    if word == "csv":
        large = f"the rows of {path} ({_in_mb(size)}) but for the first ones"
        return [] if size <= SMALL else [large]
    return [f"the values in {path}"]


def _size(path: Path, *, may_be_folder: bool) -> int | None:
    """The size of a file that can be read; None where it is a pipe, or a folder that may be one.

    Raises:
        DataError: It is not there, or cannot be read.
    """
    from dlrun.data.files import open_error

    try:
        status = path.stat()
        is_folder = stat.S_ISDIR(status.st_mode)
        if not stat.S_ISREG(status.st_mode) and (may_be_folder or not is_folder):
            return None
        with path.open("rb"):
            return status.st_size
    except OSError as error:
        raise open_error(path, error) from error


def _looks_right(experiment: Experiment, path: Path, size: int) -> bool:
    """Whether nothing looks wrong in a CSV file: in all of a small one, else in its first rows.

    Raises:
        DataError: It cannot be read, or its rows are not equally wide.
    """
    from dlrun.data.csv import open_csv

    arguments = experiment.dataset.arguments
    layout = csv_layout(arguments)
    if layout is None:
        return False
    with open_csv(path, delimiter=arguments["delimiter"]) as file:
        for piece in file.pieces(header=layout.header is True):
            if not _are_numbers(piece, layout):
                return False
            if size > SMALL:
                return True
    sample = find_sample("csv", arguments, form=_form(experiment))
    return sample.classes is not None or sample.target is not None


def _are_numbers(piece: Piece, layout: Layout) -> bool:
    """Whether the features of some rows are numbers, and their weights none below 0."""
    lines = piece.lines or map("".join, piece.rows)
    if any("_" in line or not line.isascii() for line in lines):
        odd = (row[place] for row in piece.rows for place in layout.features)
        if None in map(parse_number, odd):
            return False
    take = itemgetter(*layout.features, layout.features[0])  # two at least: a tuple
    weight = layout.weight
    try:
        return all(
            math.isfinite(sum(map(float, take(row))))
            and (weight is None or float(row[weight]) >= 0)
            for row in piece.rows
        )
    except ValueError:
        return False


def _has_arrays(experiment: Experiment, path: Path, size: int) -> bool:
    """Whether the arrays that are named are there, of numbers or names, with equally many rows."""
    del size
    given = experiment.dataset.arguments
    for pair in (("x", "y"), ("x_test", "y_test")):
        names = [given[name] for name in pair]
        if names == [None, None]:
            continue
        headers = [npz_array_header(path, str(name)) for name in names]
        features, targets = headers
        if features is None or targets is None or features.shape[0] != targets.shape[0]:
            return False
        if features.dtype[1:2] not in tuple("biuf") or targets.dtype[1:2] not in tuple("biufU"):
            return False
    return True


def _form(experiment: Experiment) -> str:
    return label_form(None if experiment.loss is None else experiment.loss.type)


def _in_mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
