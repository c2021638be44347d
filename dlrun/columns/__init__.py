"""The shelf of the kinds of columns that a table may have: one file is one word.

A file defines `READS`, what its values may be read as, and `fit`, whose keyword arguments beyond
the column and its values are what a config may say; `check`, where it has one, says which of these
cannot be, whatever the values are. What `fit` returns is a frozen dataclass, a
`FittedColumn`, which is stored as JSON in `spec.json`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from dlrun.catalog import shelves
from dlrun.columns.inference import told
from dlrun.errors import ConfigError, Problem, RunFolderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from pydantic import TypeAdapter

    from dlrun.column import ColumnKind, FittedColumn, RawColumn
    from dlrun.columns.values import TrainingValues

SHELF = "columns"


def fit_column(
    kind: ColumnKind,
    column: RawColumn,
    values: NDArray[np.float64] | TrainingValues,
    *,
    scale: str = "none",
) -> FittedColumn:
    """Fit a column to its values in the training rows, `(rows,)`.

    Where a missing value is an error, it is refused by `apply`, so that all are told at once.

    Args:
        kind: What it is to be.
        column: How it was read.
        values: The values, in the order of the rows.
        scale: How numbers are scaled where the kind leaves that to the dataset.

    Raises:
        DataError: The values together cannot be fitted.
        ConfigError: An option is not one that the kind takes.
    """
    from dlrun.columns.values import TrainingValues

    problems = tuple(problems_of(kind))
    if problems:
        raise ConfigError(*problems)
    fit = _fit(kind.kind)
    options = dict(kind.options)
    if "scale" in signature(fit).parameters and options.get("scale") is None:
        options["scale"] = scale
    given = values if isinstance(values, TrainingValues) else TrainingValues(values)
    fitted: FittedColumn = fit(column=column, values=given, **options)
    return fitted


def problems_of(kind: ColumnKind) -> Iterator[Problem]:
    """Tell of options that a kind of column cannot have, whatever its values are."""
    check = getattr(import_module(shelves.origins(SHELF)[kind.kind]), "check", None)
    if check is not None:
        yield from check(kind.name, kind.options)


def check_options(written: Mapping[str, Any]) -> None:
    """Refuse options of columns that cannot be, whatever the table holds; all at once.

    Args:
        written: What `dataset.columns` says, by the names of the columns.

    Raises:
        ConfigError: Some are not what their kinds take.
    """
    problems = [one for name, word in written.items() for one in problems_of(told(name, word))]
    if problems:
        raise ConfigError(*problems)


def column_to_json(column: FittedColumn) -> dict[str, Any]:
    """Write a fitted column as what JSON can hold."""
    content: dict[str, Any] = json.loads(json.dumps(asdict(column)))  # type: ignore[call-overload]
    return content


def column_from_json(content: object, where: str = "columns") -> FittedColumn:
    """Read a fitted column, equal to the one that was written.

    Raises:
        RunFolderError: It is none; the message begins with `where`.
    """
    from pydantic import ValidationError  # `dlrun validate` reads none

    word = content.get("kind") if isinstance(content, dict) else None
    if not isinstance(word, str) or word not in shelves.origins(SHELF):
        what = f"{where}: {word!r} is no kind of column."
        raise RunFolderError(what, where="spec.json")
    try:
        column: FittedColumn = adapter(word).validate_json(json.dumps(content))
    except ValidationError as error:
        first: Any = error.errors()[0]
        place = ".".join([where, *map(str, first["loc"])])
        what = f"{place}: {first['msg']}."
        raise RunFolderError(what, where="spec.json") from error
    misfit = column.misfit()  # type: ignore[attr-defined]
    if misfit is not None:
        raise RunFolderError(f"{where}: {misfit}.", where="spec.json")
    return column


@cache
def adapter(word: str) -> TypeAdapter[Any]:
    """Make what reads the fitted columns of a kind; some 10 ms each."""
    from pydantic import TypeAdapter

    module = import_module(shelves.origins(SHELF)[word])
    return TypeAdapter(getattr(module, str(signature(module.fit).return_annotation)))


def _fit(word: str) -> Callable[..., Any]:
    fit: Callable[..., Any] = import_module(shelves.origins(SHELF)[word]).fit
    return fit


def columns_from_json(contents: Sequence[object]) -> tuple[FittedColumn, ...]:
    """Read all fitted columns of a spec."""
    return tuple(
        column_from_json(content, f"columns[{index}]") for index, content in enumerate(contents)
    )
