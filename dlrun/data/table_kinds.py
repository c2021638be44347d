"""Tells what kind each column of a table is, without NumPy and without its rows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from dlrun.arrays import Reading
from dlrun.column import split_column
from dlrun.columns.inference import kinds_of
from dlrun.data.csv_header import choose_columns
from dlrun.data.files import files_of, regular_size
from dlrun.data.tables import open_table
from dlrun.errors import DlrunError

if TYPE_CHECKING:
    from dlrun.column import ColumnKind

LARGEST: Final = 2**26
"""Of files of more bytes, 64 MB together, the values are not counted before training."""


def foresee_kinds(arguments: Mapping[str, Any]) -> tuple[ColumnKind, ...]:
    """Tell the kinds of the columns of a table, by the arguments of the dataset.

    None where its files are large, or cannot be read twice, or at all: of that training tells.
    """
    with suppress(DlrunError, OSError):
        return _foresee(arguments)
    return ()


def size_of(arguments: Mapping[str, Any]) -> int | None:
    """Give the bytes of a table's files together; None where they cannot be told, or read twice."""
    try:
        sizes = [regular_size(path, seekable=True) for path in files_of(arguments["path"])]
    except (DlrunError, OSError):
        return None
    return None if None in sizes else sum(filter(None, sizes))


def _foresee(arguments: Mapping[str, Any]) -> tuple[ColumnKind, ...]:
    size = size_of(arguments)
    if size is None or size > LARGEST:
        return ()
    given = {one.name: arguments[one.name] for one in fields(Reading) if one.name in arguments}
    given["missing_values"] = tuple(map(str, given.get("missing_values") or ()))
    uses = {name: arguments.get(name) for name in ("target", "features", "sample_weight")}
    with open_table(files_of(arguments["path"]), Reading(**given)) as table:
        choice = choose_columns(table.head, uses, header=table.named)
        written = arguments.get("columns") or {}
        split = split_column(arguments.get("split_by"))
        aside = {one for one in (split,) if one not in written}
        names = [name for name in choice.feature_names if name not in aside]
        others = [*choice.target_names, *([uses["sample_weight"]] if uses["sample_weight"] else [])]
        return kinds_of(table.facts(names), written, others)
