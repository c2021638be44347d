"""Reads CSV files with Python's own reader: first rows, small files, and what is wrong with any.

DuckDB reads the rows of tables. This is what it cannot do: tell what a header is without an import
of a tenth of a second, read line ends of several kinds in one file, and say on which line a row
begins, however its cells are quoted.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TextIO, cast

from dlrun.arrays import Reading
from dlrun.data.files import check_text, encoding_error, open_data, open_error
from dlrun.data.headers import DELIMITERS, GZIP_MAGIC
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number
from dlrun.wording import count

QUOTE = '"'

LONGEST_LINE = 2**27
"""How many characters a line may have; what has none of its ends in so many is no table."""

LONGEST_CELL = 2**24
"""How many characters a quoted cell may have; where a quote is missing, it would be the file."""

csv.field_size_limit(LONGEST_CELL)  # of all readers of this process; Python's own is 2**17

MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""What a file may begin with to tell its encoding; the longer ones first."""

FIX_QUOTES: Final = 'Put quotes around the whole cell, and write a quote inside it as "".'


@dataclass(frozen=True)
class Record:
    """A row of a file, as text; or what should have been one."""

    line: int  # on which it begins, from 1
    cells: list[str]
    fault: str | None = None  # why it is no row
    fix: str | None = None
    is_last: bool = False  # whether what follows cannot be told apart from it


class CsvFile:
    """An open CSV file. It is read once and never rewound, so that a pipe will do."""

    named: bool | None = None  # whether the first row holds names: that is to be told

    def __init__(self, path: Path, file: TextIO, reading: Reading) -> None:
        self.path = path
        self.first_number = 1
        self._lines = _lines(path, file, reading.encoding)
        first = next(self._lines, None)
        while first is not None and is_blank(first):
            self.first_number += 1
            first = next(self._lines, None)
        if first is None:
            raise DataError("the file is empty.", where=str(path))
        self._found = _delimiters_in(first, reading)
        if reading.delimiter is None and len(self._found) > 1:
            raise DataError(
                f"the line has {' and '.join(DELIMITERS[one] for one in self._found)}; "
                "which of them separates the columns cannot be told.",
                where=self.where,
                fix="Set `dataset.delimiter`; or put cells that contain one of them in double "
                "quotes, and write decimals with a point (else set `dataset.decimal`).",
            )
        self.delimiter = reading.delimiter or (self._found[0] if self._found else ",")
        self.first_lines: list[str] = []  # those of the first row
        reader = self._reader(self._remembered(chain([first], self._lines)))
        try:
            self.first_row = [cell.strip() for cell in next(reader)]  # the first not blank
        except csv.Error as error:
            raise DataError(_quoting_fault(error), where=self.where, fix=FIX_QUOTES) from error

    @property
    def where(self) -> str:
        """The place of the first row, for messages."""
        return f"{self.path}:{self.first_number}"

    @cached_property
    def numbers(self) -> list[str]:
        """The cells of the first row that are numbers."""
        return [cell for cell in self.first_row if parse_number(cell) is not None]

    def next_lines(self, number: int) -> list[str]:
        """The lines after the first row, at most so many; `records` gives them again."""
        taken = list(islice(self._lines, number))
        self._lines = chain(taken, self._lines)
        return taken

    @property
    def one_column_fix(self) -> str | None:
        """What to do where the file has one column, and seems to be meant to have several."""
        if len(self.first_row) > 1:
            return None
        if re.search(r"\S\s+\S", self.first_row[0]):
            command = "sed -E 's/^ +| +$//g; s/[[:blank:]]+/,/g'"
            return f"If blanks separate its columns, write commas in their place: `{command}`."
        others = [DELIMITERS[one] for one in self._found if one != self.delimiter]
        return f"It has {' and '.join(others)}: see `dataset.delimiter`." if others else None

    def records(self, *, header: bool) -> Iterator[Record]:
        """The rows in order, with those that are none; blank lines are passed over."""
        number = self.first_number + (len(self.first_lines) if header else 0)
        first: list[str] = []  # line of the record that is read

        def remembered(lines: Iterable[str]) -> Iterator[str]:
            for line in lines:
                if not first:
                    first.append(line)
                yield line

        source = self._lines if header else chain(self.first_lines, self._lines)
        reader = self._reader(remembered(source))
        width = len(self.first_row)
        while True:
            line = number + reader.line_num
            first.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, [], _quoting_fault(error), FIX_QUOTES, _has_no_end(error))
                continue
            if is_blank(first[0]):
                continue
            fault = None
            if len(cells) != width:
                cells_there = count(len(cells), "cell")
                fault = (f"the row has {cells_there}, but the first row (line "
                         f"{self.first_number}) has {width}.")  # fmt: skip
            yield Record(line, cells, fault)

    def rows(self, *, header: bool) -> Iterator[Record]:
        """The rows in order; a `DataError` where something is none, or where there are no rows."""
        record = None
        for record in self.records(header=header):
            if record.fault is not None:
                where = f"{self.path}:{record.line}"
                raise DataError(record.fault, where=where, fix=record.fix)
            yield record
        if record is None:
            raise no_rows(self.path)

    def _reader(self, lines: Iterator[str]) -> Any:
        return csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)

    def _remembered(self, lines: Iterable[str]) -> Iterator[str]:
        """Keep the lines of the first row, which is data where there is no header."""
        for line in lines:
            self.first_lines.append(line)
            yield line


def no_rows(path: Path) -> DataError:
    """The error for a file that has names of columns and nothing else."""
    return DataError("the file has a header but no rows.", where=str(path))


@contextmanager
def open_csv(
    path: Path, reading: Reading | None = None, *, shown: Path | None = None
) -> Iterator[CsvFile]:
    """Open a CSV file, gzipped or not: any line ends, quoted cells, UTF-8 if nothing else is said.

    `shown` is what messages call it, where it is a copy.
    """
    reading, name = reading or Reading(), shown or path
    with open_data(path) as opened:
        content = opened
        try:
            head = content.peek()
            if head.startswith(GZIP_MAGIC):
                content = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=content)))
                head = content.peek()
        except (OSError, EOFError, zlib.error) as error:
            raise reading_error(name, error) from error
        encoding = text_encoding(head, reading)
        if encoding.startswith("utf-8"):
            check_text(name, head)
        with io.TextIOWrapper(content, encoding=encoding, newline="") as file:
            yield CsvFile(name, file, reading)


def text_encoding(head: bytes, reading: Reading) -> str:
    """The encoding of a file by what it begins with; what the config says of it counts more."""
    marked = next((name for mark, name in MARKS if head.startswith(mark)), "utf-8-sig")
    given = reading.encoding
    if given is None or codecs.lookup(given).name == "utf-8":
        return marked if given is None else "utf-8-sig"
    return given


def reading_error(path: Path, error: Exception) -> DataError:
    """The error for a file that cannot be read to its end."""
    if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
        return open_error(path, error)
    what = "the gzip file is damaged, or has been cut."
    return DataError(what, where=str(path), fix="Fetch or write it again.")


def is_blank(line: str) -> bool:
    """Whether a line has no cells at all; a row of empty cells is not blank."""
    return not line.strip(" \r\n")


def _lines(path: Path, file: TextIO, encoding: str | None) -> Iterator[str]:
    """The lines of a file; errors of reading it become errors of the user's data."""
    try:
        # One character more than a line may have tells that it is longer.
        for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE + 1), ""), start=1):
            if len(line) > LONGEST_LINE:
                what = f"the line has more than {LONGEST_LINE:,} characters."
                fix = "Is it a text file, with one row on each line?"
                raise DataError(what, where=f"{path}:{number}", fix=fix)
            yield line
    except UnicodeError as error:
        if encoding is None or codecs.lookup(encoding).name == "utf-8":
            raise encoding_error(path) from error
        what = f"the file is no text in the encoding {encoding}."
        raise DataError(what, where=str(path), fix="Correct `dataset.encoding`.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise reading_error(path, error) from error


def _delimiters_in(line: str, reading: Reading) -> list[str]:
    """All of `DELIMITERS` outside of quotes; a vertical bar counts only where there is no other.

    A comma that is a decimal comma, or sets thousands apart, is none where there is another one.
    """
    bare = re.sub(r'"[^"]*"', "", line.rstrip("\r\n"))
    found = [one for one in DELIMITERS if one in bare]
    if found != ["|"]:
        found = [one for one in found if one != "|"]
    in_numbers = [one for one in found if one in (reading.decimal, reading.thousands)]
    return [one for one in found if one not in in_numbers] or found


def _has_no_end(error: csv.Error) -> bool:
    return "field larger" in str(error) or "unexpected end" in str(error)


def _quoting_fault(error: csv.Error) -> str:
    if "field larger" in str(error):
        most = f"{LONGEST_CELL:,} characters"
        return f"a quoted cell of this row has more than {most}: perhaps it does not end."
    if "unexpected end" in str(error):
        return "a quoted cell of this row does not end."
    return f"the quotes of this row are broken ({error})."
