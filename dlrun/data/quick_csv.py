"""Lets DuckDB read a CSV file by itself, where it is sure to read what Python would.

Which columns are numbers is guessed, so that they are read as such at once. A guess changes no
value: DuckDB complains of a cell that is none, and what it would take for a number and is none here
is looked for in the file. Nor may a cell go astray: DuckDB passes over empty cells behind the last
column without a complaint, and they may end a row whose cells have moved: below `name,age,city`,
the row `Smith, John,5,` has `John` for an age.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from dlrun.arrays import Reading
from dlrun.data.cell_sql import grouped_number, literal
from dlrun.data.csv import QUOTE, CsvFile, open_csv
from dlrun.data.headers import GZIP_MAGIC
from dlrun.data.rounding import WHOLE
from dlrun.errors import DataError
from dlrun.shapes.cells import CODE, parse_number

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

LARGE: Final = 2**22
"""From so many bytes on, guessing takes less time than it spares."""
MOST_COLUMNS: Final = 1000
LOOKED_AT: Final = 1000  # rows
BYTES_AT_ONCE: Final = 2**22
BUFFER: Final = 2**23  # bytes that DuckDB reads at a time, in each thread
CACHED: Final = 2**18
"""So many bytes stay near the processor while they are looked at."""
BESIDE: Final = 5  # bytes that tell what a mark between digits means
NO_NUMBER: Final = re.compile(rb"[0-9]_[0-9]|\+-")
"""What DuckDB takes for a part of a number, and Python's `float` or dlrun does not."""
CODE_IN_CELL: Final = re.compile(
    rb'(?:.[,;|\t\n\r"]|[\s,;|"]\s)0[0-9][0-9.eE,;|\t\n\r"\s]', re.DOTALL
)
"""A zero that begins a cell, blanks aside, and a digit; no `:` or `-`, as in a time, follows."""


class QuickCsv:
    """A CSV file, and the connection that holds its rows in `rows_of_files`, from `begin` on."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        file: CsvFile,
        path: Path,
        reading: Reading,
        *,
        header: bool,
    ) -> None:
        """Nothing is read yet.

        Args:
            connection: Where the rows go.
            file: The file as it was opened, of which only the first row was read.
            path: What is read, gzipped or not.
            reading: How.
            header: Whether the first row holds names.
        """
        self._connection = connection
        self._file = file
        self._path = path
        self._reading = reading
        self._header = header
        with path.open("rb") as content:
            self._is_packed = content.read(2) == GZIP_MAGIC

    def insert(self, positions: Sequence[int], types: Sequence[str]) -> bool:
        """Read the columns at some positions; whether all of it was read without a complaint.

        If not, no row is inserted.
        """
        import duckdb  # noqa: PLC0415

        run = self._connection.execute
        run("DROP TABLE IF EXISTS reject_errors")
        run("DROP TABLE IF EXISTS reject_scans")
        run("BEGIN")
        try:
            ((begin,),) = run("SELECT count(*) FROM rows_of_files").fetchall()
            picked = ", ".join(f"c{n}" for n in positions)
            run(f"INSERT INTO rows_of_files SELECT {picked} FROM {self._rows(types)}")
            ((complaints,),) = run("SELECT count(*) FROM reject_errors").fetchall()
            texts = [f"c{n}" for n, kind in enumerate(types) if kind == "VARCHAR"]
            is_right = not complaints and self._is_whole(texts, int(begin))
        except (duckdb.Error, OSError, EOFError, zlib.error):  # told by Python's reader
            is_right = False
        run("COMMIT" if is_right else "ROLLBACK")
        return is_right

    def _rows(self, types: Sequence[str]) -> str:
        """The SQL of the rows, columns `c0`, `c1`, ... of some types.

        Where some are numbers, words for missing values are NULL at once. One that is a number is
        read as such, and told apart later: -999 is also -999.0.
        """
        columns = ", ".join(f"'c{n}': '{kind}'" for n, kind in enumerate(types))
        more = ""
        if "DOUBLE" in types:
            words = [word.strip() for word in self._reading.missing_values]
            missing = dict.fromkeys(["", *(one for one in words if parse_number(one) is None)])
            more = (
                f", decimal_separator = {literal(self._reading.decimal)}, "
                f"nullstr = [{', '.join(map(literal, missing))}]"
            )
            if self._reading.thousands is not None:
                more += f", thousands = {literal(self._reading.thousands)}"
        return (
            f"read_csv({literal(str(self._path))}, auto_detect = false, header = false, "
            f"skip = {int(self._header)}, delim = {literal(self._file.delimiter)}, "
            f"quote = '\"', escape = '\"', columns = {{{columns}}}, store_rejects = true, "
            f"rejects_limit = 1, buffer_size = {BUFFER}, "
            f"compression = {literal('gzip' if self._is_packed else 'none')}{more})"
        )

    def _is_whole(self, texts: Sequence[str], begin: int) -> bool:
        """Whether each delimiter stands between two cells that were read, or within one.

        Args:
            texts: The columns that may hold delimiters within their cells.
            begin: The number of the first row that was read.
        """
        mark = self._file.delimiter
        there, has_quotes = self._count(mark)
        if self._header:
            there -= sum(line.count(mark) for line in self._file.first_lines)
        within = "0"
        if has_quotes and texts:
            within = " + ".join(
                f"CASE WHEN contains({one}, {literal(mark)}) THEN length({one}) "
                f"- length(replace({one}, {literal(mark)}, '')) ELSE 0 END"
                for one in texts
            )
        ((rows, quoted),) = self._connection.execute(
            f"SELECT count(*), coalesce(sum({within}), 0) FROM rows_of_files WHERE rowid >= {begin}"
        ).fetchall()
        return there == int(rows) * (len(self._file.first_row) - 1) + int(quoted)

    def _count(self, mark: str) -> tuple[int, bool]:
        """How often the file holds a delimiter, and whether it holds a quote at all."""
        number, has_quotes = 0, False
        with self._path.open("rb") as content:
            packed = gzip.GzipFile(fileobj=content) if self._is_packed else content
            plain = cast("IO[bytes]", packed)
            while part := plain.read(BYTES_AT_ONCE):
                number += part.count(mark.encode())
                has_quotes = has_quotes or QUOTE.encode() in part
        return number, has_quotes

    def guess_numbers(self) -> list[bool]:
        """Whether each column surely may be read as numbers; empty where none may."""
        reading, mark = self._reading, self._reading.thousands
        is_odd = mark is not None and (mark == "_" or not mark.isascii())  # no mark for DuckDB
        if is_odd or self._is_packed or self._path.stat().st_size < LARGE:
            return []
        try:
            with open_csv(self._path, reading) as file:
                width = len(file.first_row)
                rows = [
                    record.cells for record in islice(file.rows(header=self._header), LOOKED_AT)
                ]
        except DataError:
            return []  # told by whoever reads all of it
        if not 1 < width <= MOST_COLUMNS:
            return []
        guessed = [_are_numbers(column, reading) for column in zip(*rows, strict=True)]
        if not any(guessed):
            return []
        has_no_number, may_hold_codes = _look_through(
            self._path, self._file.delimiter, reading.decimal
        )
        if has_no_number:
            return []
        odd = [f"regexp_matches({{}}, {literal(CODE)})"] if may_hold_codes else []
        if mark is not None and self._may_hold_odd_groups(mark):
            is_number = f"regexp_full_match({{}}, {literal(grouped_number(reading))})"
            odd.append(f"(contains({{}}, {literal(mark)}) AND NOT {is_number})")
        return self._without(odd, guessed) if odd else guessed

    def _may_hold_odd_groups(self, mark: str) -> bool:
        """Whether a mark of thousands may stand in a cell where it does not part three digits."""
        if mark == self._file.delimiter:
            return True
        return _are_odd_groups(self._path, mark, self._reading.decimal)

    def _without(self, odd: Sequence[str], guessed: Sequence[bool]) -> list[bool]:
        """Leave out the columns with a cell that is odd in some way; all, where that is not known.

        Args:
            odd: The SQL of the ways, of a cell `{}`.
            guessed: Which columns may be numbers.
        """
        import duckdb  # noqa: PLC0415

        asked = ", ".join(
            f"coalesce(bool_or({' OR '.join(odd).replace('{}', f'c{n}')}), false)"
            for n, is_number in enumerate(guessed)
            if is_number
        )
        try:
            rows = self._rows(["VARCHAR"] * len(guessed))
            (found_odd,) = self._connection.execute(f"SELECT {asked} FROM {rows}").fetchall()
        except duckdb.Error:
            return []
        found = iter(found_odd)
        return [is_number and not next(found) for is_number in guessed]

    def are_sound(self, types: Sequence[str]) -> bool:
        """Whether columns read as numbers hold finite ones, and whole ones to the last digit."""
        asked = ", ".join(
            f"coalesce(bool_and(isfinite(c{n}) AND abs(c{n}) <= {WHOLE}), true)"
            for n, kind in enumerate(types)
            if kind == "DOUBLE"
        )
        (found,) = self._connection.execute(f"SELECT {asked} FROM rows_of_files").fetchall()
        return all(found)


def _are_numbers(cells: tuple[str, ...], reading: Reading) -> bool:
    words = {"", *map(str.strip, reading.missing_values)}
    filled = [cell for cell in cells if cell.strip() not in words]
    if reading.thousands is not None:
        filled = [_joined(cell, reading) for cell in filled]
    if reading.decimal != ".":  # a cell with a point is no number then
        filled = [cell.replace(".", "_").replace(reading.decimal, ".") for cell in filled]
    return bool(filled) and not any(
        parse_number(cell) is None or re.match(CODE, cell) for cell in filled
    )


def _joined(cell: str, reading: Reading) -> str:
    """Write a number without marks between its thousands, as far as it is one."""
    mark = str(reading.thousands)
    if mark in cell and re.fullmatch(grouped_number(reading), cell):
        return cell.replace(mark, "")
    return cell.replace(mark, "_")  # which is no number


def _are_odd_groups(path: Path, mark: str, decimal: str) -> bool:
    """Whether a file holds a mark that does not part the thousands of a number.

    It parts them where three digits follow, and no fourth, and before it are one to three, of which
    the first is no zero and stands behind no point or exponent; or three behind another such mark.
    """
    import numpy as np  # noqa: PLC0415

    seen = b"\n" * BESIDE
    with path.open("rb") as content:
        while part := content.read(CACHED):
            seen = seen[-2 * BESIDE :] + part
            if _is_odd_group(np.frombuffer(seen, np.uint8), mark, decimal):
                return True
    last = np.frombuffer(seen[-2 * BESIDE :] + b"\n" * BESIDE, np.uint8)
    return _is_odd_group(last, mark, decimal)


def _is_odd_group(data: NDArray[np.uint8], mark: str, decimal: str) -> bool:
    """See `_are_odd_groups`; the first and the last five bytes are of the parts beside it."""
    import numpy as np  # noqa: PLC0415

    at = BESIDE + np.flatnonzero(data[BESIDE:-BESIDE] == ord(mark))
    is_digit = (data >= ord("0")) & (data <= ord("9"))
    before = [is_digit[at - back] for back in range(5)]
    follows = is_digit[at + 1] & is_digit[at + 2] & is_digit[at + 3] & ~is_digit[at + 4]
    digits = np.where(~before[2], 1, np.where(~before[3], 2, np.where(~before[4], 3, 4)))
    head, first = data[at - np.minimum(digits, 4) - 1], data[at - digits]
    is_inner = (digits == 3) & (head == ord(mark))  # noqa: PLR2004
    is_first = (digits <= 3) & (first != ord("0")) & ~np.isin(head, [*f"{decimal}eE".encode()])  # noqa: PLR2004
    is_signed = np.isin(head, [*b"+-"])
    after_e = is_signed & np.isin(data[at - np.minimum(digits, 3) - 2], [*b"eE"])
    return not bool((before[1] & follows & (is_inner | (is_first & ~after_e))).all())


def _look_through(path: Path, mark: str, decimal: str) -> tuple[bool, bool]:
    """Whether something in a file is a number for DuckDB alone, and whether a cell may be a code.

    A code is looked for where a zero begins a cell and a digit follows it.
    """
    may_hold_codes, seen = False, b"\n\n"
    within = decimal if decimal != mark else ""  # 1,05 is no code
    with path.open("rb") as content:
        while part := content.read(CACHED):
            seen = seen[-4:] + part
            if (b"_" in seen or b"+-" in seen) and NO_NUMBER.search(seen):
                return True, may_hold_codes
            may_hold_codes = may_hold_codes or _may_hold_codes(seen, mark, within)
    return False, may_hold_codes or _may_hold_codes(seen[-4:] + b"\n\n", mark, within)


def _may_hold_codes(part: bytes, mark: str, within: str) -> bool:
    """See `_look_through`; the first two bytes and the last two are of the parts beside it."""
    import numpy as np  # noqa: PLC0415

    data = np.frombuffer(part, np.uint8)
    before = data[1:-3]
    # Blanks, quotes, commas and ends of lines are below 45 in ASCII, with little else.
    begins = before <= ord(",") if mark in ",\t" else (before <= ord(",")) | (before == ord(mark))
    if within == ",":
        begins &= before != ord(within)
    coarse = (data[2:-2] == ord("0")) & begins & (data[3:-1] >= ord("0"))
    return bool(coarse.any()) and any(
        CODE_IN_CELL.match(part, at) for at in np.flatnonzero(coarse).tolist()
    )
