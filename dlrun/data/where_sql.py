"""Writes a condition on the rows of a table as SQL that holds for the rows for which it holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dlrun.conditions import Comparison, Condition, Junction, as_seconds, parse_condition
from dlrun.data.cell_sql import Cell, literal
from dlrun.data.csv_header import unknown_in_where
from dlrun.data.rounding import WHOLE
from dlrun.errors import ConfigError
from dlrun.wording import is_number

KEY: Final = "dataset.where"
TRUE: Final = ("true", "True", "TRUE")
FALSE: Final = ("false", "False", "FALSE")
LARGEST_WHOLE: Final = 10**38 - 1
MIRRORED: Final = {True: {"<": "<", "<=": "<", ">": ">=", ">=": ">="},
                   False: {"<": "<=", "<=": "<=", ">": ">", ">=": ">"}}  # fmt: skip
"""How to compare with the float above a number (True), or below it (False), which is no float."""


@dataclass(frozen=True)
class _Row:
    """What a cell is for a condition: a number, else yes or no, else a text; or it is missing."""

    text: str
    number: str
    whole: str  # a whole number with all its digits, which float64 may have rounded; or NULL

    @classmethod
    def of(cls, cell: Cell) -> _Row:
        text = f"({cell.text})"
        thousands = cell.reading.thousands
        digits = text if thousands is None else f"replace({text}, {literal(thousands)}, '')"
        is_whole = f"regexp_full_match({digits}, '[+-]?[0-9]{{1,38}}')"
        whole = f"CASE WHEN {is_whole} THEN TRY_CAST({digits} AS HUGEINT) END"
        return cls(text, f"({cell.number})", f"({whole})")

    @property
    def is_yes_or_no(self) -> str:
        words = ", ".join(map(literal, (*TRUE, *FALSE)))
        return f"({self.text} IN ({words}))"


def where_sql(where: str, cells: Mapping[str, Cell], distinct: Callable[[str], list[str]]) -> str:
    """The SQL of a condition, never NULL.

    A cell is a number where it reads as one, true or false where it says so, else a text; an empty
    one equals `null`. `~` looks into the text of the cell as it is written.

    Args:
        where: The condition.
        cells: The columns by name.
        distinct: Gives the different values of an expression.
    """
    condition = parse_condition(where, flag=KEY)
    keys = [one.key for one in condition.comparisons()]
    if problems := unknown_in_where(keys, tuple(cells)):
        raise ConfigError(*problems)
    return _sql(condition, cells, distinct)


def _sql(
    condition: Condition, cells: Mapping[str, Cell], distinct: Callable[[str], list[str]]
) -> str:
    if isinstance(condition, Junction):
        word = " AND " if condition.every else " OR "
        joined = word.join(f"({_sql(part, cells, distinct)})" for part in condition.parts)
        return f"NOT ({joined})" if condition.negated else joined
    cell = cells[condition.key]
    row = _Row.of(cell)
    if condition.sign == "~":
        held = [
            text
            for text in distinct(row.text)
            if condition.holds({condition.key: text}.__getitem__)
        ]
        return (
            f"coalesce({row.text} IN ({', '.join(map(literal, held))}), false)" if held else "false"
        )
    if condition.sign == "!=":
        return f"NOT ({_equal(row, condition.value)})"
    if condition.sign == "=":
        return _equal(row, condition.value)
    return _ordered(row, condition)


def _equal(row: _Row, value: Any) -> str:
    if value is None:
        return f"{row.text} IS NULL"
    if isinstance(value, bool):
        words = ", ".join(map(literal, TRUE if value else FALSE))
        return f"coalesce({row.number} IS NULL AND {row.text} IN ({words}), false)"
    number = as_seconds(value)
    parts = []
    if is_number(number):
        parts.append(_compared(row, "=", number))
    if isinstance(value, str):
        parts.append(f"{_is_text(row)} AND {row.text} = {literal(value)}")
    return " OR ".join(f"coalesce({part}, false)" for part in parts)


def _ordered(row: _Row, comparison: Comparison) -> str:
    value, sign = comparison.value, comparison.sign
    number = as_seconds(value)
    parts = []
    if is_number(number):
        parts.append(_compared(row, sign, number))
    if isinstance(value, str):
        parts.append(f"{_is_text(row)} AND {row.text} {sign} {literal(value)}")
    return " OR ".join(f"coalesce({part}, false)" for part in parts) or "false"


def _is_text(row: _Row) -> str:
    return f"{row.number} IS NULL AND NOT {row.is_yes_or_no}"


def _compared(row: _Row, sign: str, number: float) -> str:
    """Compare a number exactly, as Python does, where float64 cannot hold it too."""
    try:
        rounded = float(number)
    except OverflowError:
        rounded = math.copysign(math.inf, number)
    if math.isnan(rounded):
        return "false"
    if WHOLE < abs(number) <= LARGEST_WHOLE and number == int(number):
        exactly = f"{row.whole} {sign} {int(number)}::HUGEINT"
        about = _compared_as_float(row, sign, number, rounded)
        return f"CASE WHEN {row.whole} IS NOT NULL THEN {exactly} ELSE {about} END"
    return _compared_as_float(row, sign, number, rounded)


def _compared_as_float(row: _Row, sign: str, number: float, rounded: float) -> str:
    if rounded != number:
        if sign == "=":
            return "false"
        sign = MIRRORED[rounded > number][sign]
    return f"{row.number} {sign} {literal(repr(rounded))}::DOUBLE"
