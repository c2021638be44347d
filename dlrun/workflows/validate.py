"""`dlrun validate`: what can be told of a config, and of its data, before anything heavy is loaded.

A small table is read from its first row to its last, without NumPy. Only where something may be
wrong are data loaded as for training, which says what it is in the words of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dlrun import catalog
from dlrun.config import load_config, locate
from dlrun.data.files import regular_size
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.memory import excess
from dlrun.shapes import walk
from dlrun.shapes.files import SMALL
from dlrun.shapes.samples import find_sample
from dlrun.workflows.glance import (
    arrays_look_right,
    drawn_bytes,
    drawn_look_right,
    table_looks_right,
)

if TYPE_CHECKING:
    from dlrun.config import Experiment
    from dlrun.shapes import Shape

READ_AGAIN = 16 * 2**20
"""How large data may be, in bytes, that are loaded as for training where something may be wrong."""


@dataclass(frozen=True)
class Verdict:
    """What can be told of a config."""

    experiment: Experiment | None  # None where it is wrong
    problems: tuple[Problem, ...] = ()  # every mistake
    unchecked: tuple[str, ...] = ()  # what was not looked at, in words
    unchecked_shapes: str | None = None  # from which layer on shapes are not known


class _Seen(NamedTuple):
    """What was seen of the data."""

    unchecked: tuple[str, ...] = ()  # what was not looked at, in words
    sample: Shape | None = None  # the shape of a row, where they were loaded


def validate(path: Path, overrides: Sequence[str]) -> Verdict:
    """Check a config, and the data that it names as far as that is cheap."""
    try:
        experiment = load_config(path, overrides)
    except DlrunError as error:
        return Verdict(None, _problems(error))
    try:
        seen = _look_at_data(experiment)
    except ConfigError as error:
        return Verdict(None, locate(experiment, error).problems)
    except DlrunError as error:
        return Verdict(None, _problems(error))
    dataset = experiment.dataset
    sample = seen.sample or find_sample(dataset.type, dataset.arguments).shape
    return Verdict(experiment, (), seen.unchecked, _first_unknown(experiment, sample))


def _problems(error: DlrunError) -> tuple[Problem, ...]:
    if isinstance(error, ConfigError):
        return error.problems
    return (Problem("", error.what, error.fix, error.where),)


def _first_unknown(experiment: Experiment, sample: Shape | None) -> str | None:
    """From where on shapes are told only when the model is built."""
    if sample is None:
        return "the shapes of all layers: that of the data is known when they are read"
    steps = walk([layer.as_dict() for layer in experiment.model.layers], sample)
    unknown = next((step for step in steps if step.shape is None), None)
    if unknown is None:
        return None
    return f"shapes from '{unknown.name}' ({unknown.type}) on, until the model is built"


def _look_at_data(experiment: Experiment) -> _Seen:
    """Look at the data of an experiment as far as that is cheap; raise what is wrong with them."""
    dataset = experiment.dataset
    word = catalog.find("datasets", dataset.type)
    named = [dataset.arguments.get(one.name) for one in (word.parameters if word else ())
             if "Path" in (one.annotation or "")]  # fmt: skip
    if not named:
        return _look_at_drawn(experiment)
    if not isinstance(named[0], Path):
        return _Seen((f"the data of {dataset.type}: no file is named, and one may be downloaded",))
    return _look_at_file(experiment, named[0])


def _look_at_drawn(experiment: Experiment) -> _Seen:
    least, most = drawn_bytes(experiment)
    if excess(least) is not None or (most <= READ_AGAIN and not drawn_look_right(experiment)):
        return _load(experiment)  # Of too many rows it draws one, to measure it.
    if excess(most) is None and drawn_look_right(experiment):
        return _Seen()
    return _Seen((f"the rows of {experiment.dataset.type} ({_in_mb(most)})",))


def _look_at_file(experiment: Experiment, path: Path) -> _Seen:
    """Look at a file; see `_look_at_data`."""
    dataset = experiment.dataset
    kind = find_sample(dataset.type, dataset.arguments).format
    look = {"table": table_looks_right, "arrays": arrays_look_right}.get(kind or "")
    if look is None and path.is_dir():
        return _Seen((f"the values in {path}",))
    size = regular_size(path, seekable=kind != "table")
    if size is None:
        return _Seen((f"{path}, which is no single file that can be read twice",))
    if look is not None and not look(experiment, path, size):
        if size <= READ_AGAIN:
            return _load(experiment)
        untold = "what it holds could not be told by its beginning"
        return _Seen((f"{path} ({_in_mb(size)}): {untold}",))
    if kind == "table":
        large = f"the rows of {path} ({_in_mb(size)}) but for the first ones"
        return _Seen() if size <= SMALL else _Seen((large,))
    return _Seen((f"the values in {path}",))


def _load(experiment: Experiment) -> _Seen:
    from dlrun.workflows.ends import check_ends
    from dlrun.workflows.load import load_splits

    splits = load_splits(experiment)
    check_ends(experiment, splits)
    return _Seen(sample=splits.spec.input_shape)


def _in_mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
