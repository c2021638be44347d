"""What a cell of a table is, in SQL: all of it written here, none of it out of a config.

A column of a table is `c0`, `c1`, ... whatever it is called in its file; texts and numbers of the
user are literals that `literal` writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from dlrun.arrays import Reading
from dlrun.column import Holds
from dlrun.shapes.cells import parse_number

Stored: TypeAlias = Literal["text", "number", "whole", "boolean", "time", "other"]
"""What a column holds in the file: of CSV and JSON texts; Parquet has types."""

BLANKS: Final = "".join(character for character in map(chr, range(0x3001)) if not character.strip())
"""What `str.strip` takes away."""
YES: Final = ("true", "yes", "y", "t", "on")
NO: Final = ("false", "no", "n", "f", "off")
ISO: Final = "iso"
"""The format of times as ISO 8601 has them, with or without a time of day, a fraction, a zone."""
_ISO_TIME: Final = (
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?"
)
LAST_SHORT_YEAR: Final = 999
FORMATS: Final = (
    ISO,
    "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%m/%d/%y", "%d/%m/%y", "%d.%m.%y",
    "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
    "%Y-%m", "%b %Y", "%B %Y", "%H:%M:%S", "%H:%M",
)  # fmt: skip
"""The formats that are tried, as `strptime` has them, in this order."""


def literal(text: str) -> str:
    """Write a text as SQL."""
    if "\0" in text:  # no literal can hold it
        parts = (literal(part) for part in text.split("\0"))
        return "(" + " || chr(0) || ".join(parts) + ")"
    return "'" + text.replace("'", "''") + "'"


def as_text(column: str, stored: Stored) -> str:
    """The SQL of the texts that stand for the values of a column; NaN is a missing value."""
    text = f"CAST({column} AS VARCHAR)"
    if stored != "number":
        return column if stored == "text" else text
    return f"CASE WHEN NOT isnan(CAST({column} AS DOUBLE)) THEN {text} END"


def grouped_number(reading: Reading) -> str:
    """The pattern of a number whose thousands are apart, in groups of three digits, or are not."""
    point, thousands = re.escape(reading.decimal), re.escape(str(reading.thousands))
    whole = rf"([1-9]\d{{0,2}}({thousands}\d{{3}})+|\d+)"
    digits = rf"({whole}({point}\d*)?|{point}\d+)"
    return rf"\s*[+-]?{digits}([eE][+-]?\d+)?\s*"


@dataclass(frozen=True)
class Cell:
    """The expressions of a column; `value` and the rest are NULL where there is no such value."""

    column: str  # such as `c0`
    stored: Stored
    reading: Reading

    def value(self, holds: Holds, form: str | None = None) -> str:
        """The value of a cell, NULL where there is none of the kind; of times in a format."""
        if holds in ("text", "image"):
            return self.text
        return self.number if holds == "number" else self.time(form or ISO)

    @property
    def text(self) -> str:
        """The text of a cell without the blanks around it; a missing value is NULL."""
        return self.text_of(self.stripped)

    @property
    def lacks(self) -> str:
        """Whether a cell says that its value is missing."""
        words = self.reading.missing_values
        if self.stored not in ("number", "whole") or any("inf" in word.lower() for word in words):
            return f"({self.text}) IS NULL"
        missing = self._missing_numbers()
        said = f" OR {self._number} IN ({missing})" if missing else ""
        return f"({self.column} IS NULL OR isnan({self._number}){said})"

    @property
    def stripped(self) -> str:
        """The text of a cell without the blanks around it, perhaps empty."""
        name = self.column
        if self.stored != "text":
            return as_text(name, self.stored)
        ends = f"{name} < '!' OR {name} > '~' OR right({name}, 1) < '!' OR right({name}, 1) > '~'"
        return f"CASE WHEN {ends} THEN trim({name}, {literal(BLANKS)}) ELSE {name} END"

    def text_of(self, stripped: str) -> str:
        """The text that a stripped one stands for: NULL where it says that a value is missing."""
        if self.stored in ("number", "whole") and not self.reading.missing_values:
            return stripped
        words = [literal(word.strip()) for word in ("", *self.reading.missing_values)]
        said = f"CASE WHEN ({stripped}) NOT IN ({', '.join(words)}) THEN ({stripped}) END"
        numbers = self._missing_numbers()
        if not numbers:
            return said
        number = self._number
        if self.stored not in ("number", "whole"):
            number = self.number_in(f"({stripped})")
        return f"CASE WHEN coalesce({number} NOT IN ({numbers}), true) THEN {said} END"

    def _missing_numbers(self) -> str:
        numbers = map(parse_number, self.reading.missing_values)
        return ", ".join(f"{number!r}::DOUBLE" for number in numbers if number is not None)

    @property
    def number(self) -> str:
        """The finite number of a cell, which is not a missing one."""
        if self.stored in ("number", "whole"):
            missing = self._missing_numbers()
            held = f"isfinite({self._number})"
            held += f" AND {self._number} NOT IN ({missing})" if missing else ""
            return f"CASE WHEN {held} THEN {self._number} END"
        if self.stored == "boolean":
            return self._unless_missing(self._number)
        if self.stored in {"other", "time"}:
            return "CAST(NULL AS DOUBLE)"
        # Of most cells the cast alone tells; it passes over blanks of ASCII, the usual ones. Only
        # the others are stripped and looked up among the words for missing values.
        number = self.number_in(self.column)
        missing = self._missing_numbers()
        if missing:
            number = f"CASE WHEN {number} NOT IN ({missing}) THEN {number} END"
        text = self.text if self.reading.missing_values else self.stripped
        return f"coalesce({number}, {self.number_in(text)})"

    @property
    def _number(self) -> str:
        return f"CAST({self.column} AS DOUBLE)"

    def _unless_missing(self, value: str) -> str:
        """A value that has a type, unless its text is one that means a missing value."""
        if not self.reading.missing_values:
            return value
        return f"CASE WHEN ({self.text}) IS NOT NULL THEN {value} END"

    def number_in(self, text: str) -> str:
        """The finite number that a text holds; see `dlrun.shapes.cells.parse_number`."""
        point, thousands = self.reading.decimal, self.reading.thousands
        plain, signs = text, ["_", "+-"]
        if point != ".":
            plain = f"replace({text}, {literal(point)}, '.')"
            signs.append(".")
        signs += [thousands] if thousands is not None else []
        number = f"TRY_CAST({plain} AS DOUBLE)"
        none_of = "".join(f" AND NOT contains({text}, {literal(sign)})" for sign in signs)
        found = f"CASE WHEN isfinite({number}){none_of} THEN {number} END"
        return found if thousands is None else f"coalesce({found}, {self._grouped(text)})"

    def _grouped(self, text: str) -> str:
        """The finite number in a text whose thousands are apart, in groups of three digits."""
        point, thousands = self.reading.decimal, str(self.reading.thousands)
        matches = f"regexp_full_match({text}, {literal(grouped_number(self.reading))})"
        plain = f"replace({text}, {literal(thousands)}, '')"
        number = f"TRY_CAST(replace({plain}, {literal(point)}, '.') AS DOUBLE)"
        return f"CASE WHEN {matches} AND isfinite({number}) THEN {number} END"

    @property
    def boolean(self) -> str:
        """1 for yes and 0 for no, in any spelling; of 0 and 1 none is one."""
        return self.boolean_in(self.text)

    def boolean_in(self, text: str) -> str:
        """See `boolean`."""
        if self.stored == "boolean":
            return self._unless_missing(self._number)
        if self.stored != "text":
            return "CAST(NULL AS DOUBLE)"
        yes, no = (", ".join(map(literal, words)) for words in (YES, NO))
        return (
            f"CASE WHEN lower({text}) IN ({yes}) THEN 1.0::DOUBLE "
            f"WHEN lower({text}) IN ({no}) THEN 0.0::DOUBLE END"
        )

    def time(self, form: str) -> str:
        """The seconds since 1970-01-01 00:00 UTC of a cell in a format."""
        if self.stored == "time":
            moment = f"CAST({self.column} AS TIMESTAMP)"
            seconds = f"CASE WHEN isfinite({moment}) THEN CAST(epoch({moment}) AS DOUBLE) END"
            return self._unless_missing(seconds)
        return self.time_in(self.text, form)

    def time_in(self, text: str, form: str) -> str:
        """See `time`."""
        if self.stored != "text":
            return "CAST(NULL AS DOUBLE)"
        if form == ISO:
            matches = f"regexp_full_match({text}, {literal(_ISO_TIME)})"
            plain = f"replace({text}, ',', '.')"
            for sign in "+-Z":
                plain = f"replace({plain}, ' {sign}', '{sign}')"
            # One without a zone is told in UTC, which is that of the connection.
            found = f"CASE WHEN {matches} THEN TRY_CAST({plain} AS TIMESTAMPTZ) END"
        else:
            found = f"try_strptime({text}, {literal(form)})"
            if "%Y" in form:  # DuckDB takes 24 for the year 24
                found = f"CASE WHEN year({found}) > {LAST_SHORT_YEAR} THEN {found} END"
        return f"CAST(epoch({found}) AS DOUBLE)"
