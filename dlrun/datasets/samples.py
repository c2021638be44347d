"""What one sample of a dataset looks like, told by the dataset from its arguments."""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from dlrun.catalog import shelves
from dlrun.errors import ConfigError
from dlrun.shapes.cells import MAX_CLASSES, bare_number, is_name, parse_number, written_codes
from dlrun.shapes.layer import UnknownShapeError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dlrun.arrays import View
    from dlrun.shapes.layer import Shape


class Sample(NamedTuple):
    """What is known of a dataset before it is loaded; every dataset tells it in its `sample`."""

    shape: Shape | None = None  # of one row's features
    classes: tuple[str, ...] | None = None  # their names; None: not known, or there are none
    target: Shape | None = None  # of one row's numbers; None: not known, or a class
    rows: int | None = None  # of training
    test_rows: int = 0  # that the dataset brings itself
    has_validation: bool | None = False  # whether it brings validation rows, too; None: not known
    is_regression: bool = False  # whatever the loss, the targets are no classes
    fractions: bool = False  # whether they are pixels, from 0 to 1
    one_target: bool = False  # a row has a single one, be it a class or a number
    enough_rows: int | None = 2  # so many surely have several classes; None: only the rows tell
    columns: tuple[str, ...] | None = None  # that layers may name; None: not known, or none
    views: tuple[View, ...] = ()  # of arrays that layers name
    # What layers get of columns that they name, where the config says that it has several axes.
    named: Mapping[str, Shape] = MappingProxyType({})
    # Of its file, where it can be glanced at.
    format: Literal["table", "arrays", "images", "texts", "steps"] | None = None


def find_sample(dataset: str, arguments: Mapping[str, Any], *, form: str | None = None) -> Sample:
    """Tell what the samples of a dataset look like, without NumPy.

    What is wrong with an argument or a file is told when the data are read. Inside of
    `looking_at_no_file` the files that the arguments name are as if they were not there.

    Args:
        dataset: The word, such as `moons`.
        arguments: The dataset's own arguments, defaults filled in.
        form: How the loss wants its labels: it decides whether a column of numbers holds classes.
            None where that is not asked.
    """
    word = shelves.second_names("datasets").get(dataset, dataset)
    module = shelves.origins("datasets").get(word)
    tell = None if module is None else getattr(import_module(module), "sample", None)
    if tell is None:
        return Sample(rows=_whole(arguments.get("samples")))
    given = {**arguments, "form": form}
    if not _MAY_LOOK.get():
        given = {name: _unseen(value) for name, value in given.items()}
    if missing_arguments(tell, given):
        return Sample()  # a value that was refused is not among them, and has been told
    try:
        sample: Sample = tell(**given)
    except (UnknownShapeError, ConfigError, KeyError):
        return Sample()  # a `KeyError`: of an argument that was refused
    return sample._replace(rows=_whole(sample.rows), test_rows=_whole(sample.test_rows) or 0)


@contextmanager
def looking_at_no_file() -> Iterator[None]:
    """Let `find_sample` tell nothing that only a file knows: a stranger's run may name it."""
    token = _MAY_LOOK.set(False)
    try:
        yield
    finally:
        _MAY_LOOK.reset(token)


_MAY_LOOK: Final = ContextVar("_MAY_LOOK", default=True)
_NOWHERE: Final = Path(os.devnull, "unseen")  # below what is no folder there is nothing


def _unseen(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_unseen(one) for one in value]
    return _NOWHERE if isinstance(value, Path) else value


def missing_arguments(function: Callable[..., Any], given: Mapping[str, Any]) -> list[str]:
    """Name the arguments that a function needs and is not given."""
    parameters = signature(function).parameters.values()
    return [
        one.name
        for one in parameters
        if one.kind is one.KEYWORD_ONLY and one.default is one.empty and one.name not in given
    ]


def numbered(classes: int) -> tuple[str, ...]:
    """The names of classes that have none of their own: `0`, `1`, ..."""
    return tuple(map(str, range(classes)))


def grey_images(side: int, *, flatten: bool, classes: int) -> Sample:
    """Square images, `(side, side, 1)`, or flat ones, `(side * side,)`."""
    if not isinstance(flatten, bool):
        unknown()
    shape = (side * side,) if flatten else (side, side, 1)
    return Sample(shape, numbered(classes), fractions=True)


def with_target(sample: Sample, values: Iterable[Any], form: str | None) -> Sample:
    """Add the classes, or the target of numbers, where all values of the target tell which.

    This foresees `dlrun.data.classes.classes_for_loss`; no values stand for values not known.
    """
    distinct = set(values)
    if distinct and all(isinstance(one, str) and is_name(one) for one in distinct):
        names = tuple(sorted(distinct))
        # Of texts such as `$5`, where numbers are asked for, the reader of the rows tells.
        are_amounts = form == "value" and all(map(bare_number, names))
        return sample if are_amounts or not _are_few(names) else sample._replace(classes=names)
    numbers = {_finite_number(one) for one in distinct}
    if not numbers or None in numbers or form is None:
        return sample
    known = sorted(number for number in numbers if number is not None)
    is_fraction = known[0] >= 0 and known[-1] <= 1 and any(0 < number < 1 for number in known)
    if form == "value" or (form == "binary" and is_fraction):
        return sample._replace(target=(1,))
    if _are_few(known) and all(map(float.is_integer, known)):
        codes = written_codes(one for one in distinct if isinstance(one, str))
        return sample._replace(classes=tuple(codes.get(one, str(int(one))) for one in known))
    return sample


def _are_few(values: tuple[str, ...] | list[float]) -> bool:
    return 1 < len(values) <= MAX_CLASSES


def _finite_number(value: str | float) -> float | None:
    """The finite number that a cell or an entry holds; else None."""
    if isinstance(value, str):
        return parse_number(value)
    return float(value) if math.isfinite(value) else None


def _whole(value: Any) -> int | None:
    """The number of rows, at least 1."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and value > 0 else None
