"""Reads CSV files front to back, a bounded number of rows at a time."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from dlrun.data.files import check_text, encoding_error, open_data, open_error
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number
from dlrun.shapes.files import DELIMITERS
from dlrun.wording import count

CELLS_PER_PIECE = 2**18  # about how many cells are held as Python strings at a time (some 20 MB)

QUOTE = '"'

LONGEST_LINE = 2**27
"""How many characters a line may have; what has none of its ends in so many is no table."""

LONGEST_CELL = 2**24
"""How many characters a quoted cell may have; where a quote is missing, it would be the file."""

csv.field_size_limit(LONGEST_CELL)  # of all readers of this process; Python's own is 2**17


@dataclass(frozen=True)
class Piece:
    """Some rows of a file, as text, all of the same width."""

    path: Path
    numbers: Sequence[int]  # the line of the file on which each row begins, from 1
    delimiter: str
    lines: list[str] | None = None  # before they are split, where no cell is quoted
    quoted_rows: list[list[str]] | None = None  # the cells, where some cell is quoted

    @cached_property
    def rows(self) -> list[list[str]]:
        """The cells of each row."""
        if self.lines is None:
            return self.quoted_rows or []
        return [line.rstrip("\r\n").split(self.delimiter) for line in self.lines]

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.path}:{self.numbers[row]}"

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.numbers)


class CsvFile:
    """An open CSV file. It is read once and never rewound, so that a pipe will do."""

    def __init__(self, path: Path, file: TextIO, delimiter: str | None) -> None:
        self.path = path
        self.first_number = 1
        self._lines = _lines(path, file)
        first = next(self._lines, None)
        while first is not None and _is_blank(first):
            self.first_number += 1
            first = next(self._lines, None)
        if first is None:
            raise DataError("the file is empty.", where=str(path))
        self._found = _delimiters_in(first)
        if delimiter is None and len(self._found) > 1:
            raise DataError(
                f"the line has {' and '.join(DELIMITERS[one] for one in self._found)}; "
                "which of them separates the columns cannot be told.",
                where=self.where,
                fix="Put cells that contain one of them in double quotes, and write decimals with "
                "a point.",
            )
        self.delimiter = delimiter or (self._found[0] if self._found else ",")
        self._first_lines: list[str] = []
        lines = self._remembered(chain([first], self._lines))
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)
        with _quoting_errors(path, self.first_number):
            self.first_row = [cell.strip() for cell in next(reader)]  # the first not blank

    @property
    def where(self) -> str:
        """The place of the first row, for messages."""
        return f"{self.path}:{self.first_number}"

    @cached_property
    def numbers(self) -> list[str]:
        """The cells of the first row that are numbers."""
        return [cell for cell in self.first_row if parse_number(cell) is not None]

    def next_lines(self, number: int) -> list[str]:
        """The lines after the first row, at most so many; `pieces` gives them again."""
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

    def pieces(self, *, header: bool) -> Iterator[Piece]:
        """The rows, as many lines at a time as a power of two; blank lines are passed over."""
        lines_per_piece = 2 ** max(0, int(math.log2(CELLS_PER_PIECE / len(self.first_row))))
        lines: Iterator[str] = self._lines
        number = self.first_number
        if header:
            number += len(self._first_lines)
        else:
            lines = chain(self._first_lines, lines)
        empty = True
        while taken := list(islice(lines, lines_per_piece)):
            if any(QUOTE in line for line in taken):
                piece, taken_lines = self._quoted_piece(taken, lines, number)
            else:
                piece, taken_lines = self._plain_piece(taken, number), len(taken)
            number += taken_lines
            if len(piece):
                empty = False
                yield piece
        if empty:
            raise DataError("the file has a header but no rows.", where=str(self.path))

    def _plain_piece(self, lines: list[str], number: int) -> Piece:
        numbers: Sequence[int] = range(number, number + len(lines))
        if any(map(_is_blank, lines)):
            kept = [index for index, line in enumerate(lines) if not _is_blank(line)]
            numbers, lines = [numbers[index] for index in kept], [lines[index] for index in kept]
        self._check_widths([line.count(self.delimiter) + 1 for line in lines], numbers)
        return Piece(self.path, numbers, self.delimiter, lines=lines)

    def _quoted_piece(
        self, taken: list[str], following: Iterator[str], number: int
    ) -> tuple[Piece, int]:
        """A piece of the lines taken and of those on which its last cell goes on; their number."""
        numbers, rows = [], []
        lines = chain(taken, following)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)
        while (place := reader.line_num) < len(taken):
            with _quoting_errors(self.path, number + place):
                cells = next(reader)
            if not _is_blank(taken[place]):
                numbers.append(number + place)
                rows.append(cells)
        self._check_widths(list(map(len, rows)), numbers)
        return Piece(self.path, numbers, self.delimiter, quoted_rows=rows), reader.line_num

    def _check_widths(self, widths: list[int], numbers: Sequence[int]) -> None:
        width = len(self.first_row)
        if widths.count(width) == len(widths):
            return
        index = next(index for index, other in enumerate(widths) if other != width)
        raise DataError(
            f"the row has {count(widths[index], 'cell')}, "
            f"but the first row (line {self.first_number}) has {width}.",
            where=f"{self.path}:{numbers[index]}",
        )

    def _remembered(self, lines: Iterable[str]) -> Iterator[str]:
        """Keep the lines of the first row, which is data where there is no header."""
        for line in lines:
            self._first_lines.append(line)
            yield line


@contextmanager
def open_csv(path: Path, *, delimiter: str | None = None) -> Iterator[CsvFile]:
    """Open a CSV file: UTF-8 with or without a byte-order mark, any line ends, quoted cells.

    `delimiter` is one of `DELIMITERS`; None reads it off the first line.
    """
    if path.is_dir():
        raise DataError("this is a directory; a CSV file was expected.", where=str(path))
    with open_data(path) as content:
        try:
            head = content.peek()
        except OSError as error:
            raise open_error(path, error) from error
        check_text(path, head)
        with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as file:
            yield CsvFile(path, file, delimiter)


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a file; errors of reading it become errors of the user's data."""
    try:
        # One character more than a line may have tells that it is longer.
        for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE + 1), ""), start=1):
            if len(line) > LONGEST_LINE:
                what = f"the line has more than {LONGEST_LINE:,} characters."
                fix = "Is it a text file, with one row on each line?"
                raise DataError(what, where=f"{path}:{number}", fix=fix)
            yield line
    except UnicodeDecodeError as error:
        raise encoding_error(path) from error
    except OSError as error:
        raise open_error(path, error) from error


def _is_blank(line: str) -> bool:
    """Whether a line has no cells at all; a row of empty cells is not blank."""
    return not line.strip(" \r\n")


def _delimiters_in(line: str) -> list[str]:
    """All of `DELIMITERS` outside of quotes; a vertical bar counts only where there is no other."""
    bare = re.sub(r'"[^"]*"', "", line.rstrip("\r\n"))
    found = [one for one in DELIMITERS if one in bare]
    return found if found == ["|"] else [one for one in found if one != "|"]


@contextmanager
def _quoting_errors(path: Path, number: int) -> Iterator[None]:
    """Name the line on which a row with broken quotes begins."""
    try:
        yield
    except csv.Error as error:
        if "field larger" in str(error):
            most = f"{LONGEST_CELL:,} characters"
            what = f"a quoted cell of this row has more than {most}: perhaps it does not end."
        elif "unexpected end" in str(error):
            what = "a quoted cell of this row does not end."
        else:
            what = f"the quotes of this row are broken ({error})."
        fix = 'Put quotes around the whole cell, and write a quote inside it as "".'
        raise DataError(what, where=f"{path}:{number}", fix=fix) from error
