"""Tells what kind each column of a table is, without NumPy and without its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from dlrun.arrays import Reading
from dlrun.column import split_column
from dlrun.columns.inference import NUMBER, kinds_of
from dlrun.data.csv_header import choose_columns
from dlrun.data.files import files_of, regular_size
from dlrun.data.series_roles import SeriesUses, roles_of
from dlrun.data.table_facts import shares_beyond
from dlrun.data.tables import open_table
from dlrun.errors import DlrunError

if TYPE_CHECKING:
    from dlrun.column import ColumnKind
    from dlrun.data.tables import Table

LARGE: Final = 10.0
SHARE: Final = 0.1
"""Numbers are large for a network where a tenth of a column is beyond this, in size.

Then their mean square is ten times that of a scaled column at least, and the loss is that much more
curved along their weights than along the others: a learning rate that fits the ones is too large
or too small for the others. One outlier makes no column large.
"""
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
    with _opened(arguments) as table:
        return _kinds(table, arguments)


def _opened(arguments: Mapping[str, Any]) -> AbstractContextManager[Table]:
    given = {one.name: arguments[one.name] for one in fields(Reading) if one.name in arguments}
    given["missing_values"] = tuple(map(str, given.get("missing_values") or ()))
    return open_table(files_of(arguments["path"]), Reading(**given))


def _kinds(table: Table, arguments: Mapping[str, Any]) -> tuple[ColumnKind, ...]:
    written = arguments.get("columns") or {}
    if "window" in arguments:  # a series
        uses = SeriesUses(*(arguments[one.name] for one in fields(SeriesUses)))
        roles = roles_of(table.columns, uses, files_of(arguments["path"])[0])
        others = [*roles.targets, *roles.keys, *filter(None, [roles.time])]
        others = [name for name in others if name not in roles.features]
        return kinds_of(table.facts(roles.features), written, others)
    uses_of = {name: arguments.get(name) for name in ("target", "features", "sample_weight")}
    choice = choose_columns(table.head, uses_of, header=table.named)
    split = split_column(arguments.get("split_by"))
    aside = {one for one in (split,) if one not in written}
    names = [name for name in choice.feature_names if name not in aside]
    weight = uses_of["sample_weight"]
    others = [*choice.target_names, *([weight] if weight else [])]
    return kinds_of(table.facts(names), written, others)


def foresee_large(arguments: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Tell which numbers come to the network unscaled and are large, and from where to where.

    None where its files are large, or cannot be read twice, or at all: of that training tells.
    """
    with suppress(DlrunError, OSError):
        size = size_of(arguments)
        if size is not None and size <= LARGEST:
            with _opened(arguments) as table:
                return _large(table, _kinds(table, arguments))
    return {}


def _large(table: Table, kinds: Sequence[ColumnKind]) -> dict[str, tuple[str, str]]:
    plain = [
        one.name for one in kinds
        if one.kind == NUMBER and one.options.get("scale") is None and not one.options.get("clip")
    ]  # fmt: skip
    facts = table.facts(plain)
    largest = {name: max(abs(facts[name].low or 0), abs(facts[name].high or 0)) for name in plain}
    perhaps = [name for name in plain if largest[name] > LARGE]
    shares = shares_beyond(table, perhaps, LARGE) if perhaps else {}
    return {
        name: (f"{facts[name].low:g}", f"{facts[name].high:g}")
        for name, share in shares.items()
        if share >= SHARE
    }
