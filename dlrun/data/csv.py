"""Reads CSV files front to back, a bounded number of rows at a time."""

from __future__ import annotations

import csv
import io
import math
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from dlrun.data.headers import DELIMITERS, GZIP_MAGIC, NPY_MAGIC, ZIP_MAGIC
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number
from dlrun.wording import count

CELLS_PER_CHUNK = 2**18  # about how many cells are held as Python strings at a time (some 20 MB)

QUOTE = '"'

LONGEST_LINE = 2**27
"""How many characters a line may have; what has none of its ends in so many is no table."""

LONGEST_CELL = 2**24
"""How many characters a quoted cell may have; where a quote is missing, it would be the file."""

csv.field_size_limit(LONGEST_CELL)  # of all readers of this process; Python's own is 2**17


@dataclass(frozen=True)
class Chunk:
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
        """The lines after the first row, at most so many; `chunks` gives them again."""
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

    def chunks(self, *, header: bool) -> Iterator[Chunk]:
        """The rows, as many lines at a time as a power of two; blank lines are passed over."""
        lines_per_chunk = 2 ** max(0, int(math.log2(CELLS_PER_CHUNK / len(self.first_row))))
        lines: Iterator[str] = self._lines
        number = self.first_number
        if header:
            number += len(self._first_lines)
        else:
            lines = chain(self._first_lines, lines)
        empty = True
        while taken := list(islice(lines, lines_per_chunk)):
            if any(QUOTE in line for line in taken):
                chunk, taken_lines = self._quoted_chunk(taken, lines, number)
            else:
                chunk, taken_lines = self._plain_chunk(taken, number), len(taken)
            number += taken_lines
            if len(chunk):
                empty = False
                yield chunk
        if empty:
            raise DataError("the file has a header but no rows.", where=str(self.path))

    def _plain_chunk(self, lines: list[str], number: int) -> Chunk:
        numbers: Sequence[int] = range(number, number + len(lines))
        if any(map(_is_blank, lines)):
            kept = [index for index, line in enumerate(lines) if not _is_blank(line)]
            numbers, lines = [numbers[index] for index in kept], [lines[index] for index in kept]
        self._check_widths([line.count(self.delimiter) + 1 for line in lines], numbers)
        return Chunk(self.path, numbers, self.delimiter, lines=lines)

    def _quoted_chunk(
        self, taken: list[str], following: Iterator[str], number: int
    ) -> tuple[Chunk, int]:
        """A chunk of the lines taken and of those on which its last cell goes on; their number."""
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
        return Chunk(self.path, numbers, self.delimiter, quoted_rows=rows), reader.line_num

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


HANDED_OVER: Final = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""Where a shell puts what it has opened itself: `< FILE`, `... |` and `<(command)`."""

URL_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""What a URL's path begins with; `Path` has made one slash of the two behind it."""

PART_CHARACTERS: Final = 4096


class Kind(NamedTuple):
    """A kind of file that is often given in the place of a CSV file, and what to do with it."""

    name: str
    fix: str  # `{name}` is the file, `{stem}` its name without the last suffix


_PACKED = "Unpack it, as with `{}`, and give the CSV file."
_PANDAS = (
    "Write it as CSV, as with `python -c \"import pandas; pandas.{}('{{name}}')"
    ".to_csv('{{stem}}.csv', index=False)\"`."
)
_ARRAYS = "Use `dataset: {type: npz}` for it."

XLSX: Final = Kind("an Excel workbook", "Save its sheet as CSV (UTF-8), and give that file.")
NPZ: Final = Kind("a NumPy .npz archive", _ARRAYS)
ZIP: Final = Kind("a zip archive", _PACKED.format("unzip {name}"))

KINDS: Final = {
    GZIP_MAGIC: Kind("a gzip file", _PACKED.format("gunzip -k {name}")),
    ZIP_MAGIC: ZIP,
    b"BZh": Kind("a bzip2 file", _PACKED.format("bunzip2 -k {name}")),
    b"\xfd7zXZ\x00": Kind("an xz file", _PACKED.format("unxz -k {name}")),
    b"\x28\xb5\x2f\xfd": Kind("a Zstandard file", _PACKED.format("unzstd {name}")),
    b"7z\xbc\xaf\x27\x1c": Kind("a 7-Zip archive", _PACKED.format("7z x {name}")),
    b"PAR1": Kind("a Parquet file", _PANDAS.format("read_parquet")),
    b"ARROW1": Kind("an Arrow file", _PANDAS.format("read_feather")),
    b"\x89HDF\r\n\x1a\n": Kind("an HDF5 file", _PANDAS.format("read_hdf")),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": XLSX,
    NPY_MAGIC: Kind("a NumPy .npy array", "Save it in an .npz file: `numpy.savez`."),
    b"SQLite format 3\x00": Kind("an SQLite database", "Export the table as CSV."),
    b"%PDF-": Kind("a PDF document", "Export the table as CSV."),
    b"\xff\xfe": Kind("UTF-16 text", "Save it as UTF-8."),
    b"\xfe\xff": Kind("UTF-16 text", "Save it as UTF-8."),
}
"""By the bytes that a file begins with."""

PAGE: Final = Kind("an HTML page", "Download the file itself; many sites call that 'raw'.")
PAGE_START: Final = re.compile(rb"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
BINARY: Final = Kind("a binary file", "Give a text file with one row on each line.")


def open_data(path: Path, *, seekable: bool = False) -> BufferedReader:
    """Open a file of data: a regular one, or a pipe that the shell has opened.

    A named pipe would let a command wait, perhaps for ever, and a device such as `/dev/zero` never
    ends. What is `seekable` is not only read from front to back, so that no pipe will do.
    """
    try:
        regular_size(path, seekable=seekable)
        return path.open("rb")
    except OSError as error:
        raise open_error(path, error) from error


def regular_size(path: Path, *, seekable: bool = False) -> int | None:
    """The size of a file of data in bytes; None of a pipe that the shell has opened."""
    try:
        status = path.stat()
    except OSError as error:
        raise open_error(path, error) from error
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return status.st_size
    is_stream = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    if seekable or not is_stream or not str(path).startswith(HANDED_OVER):
        raise _no_file(path, mode, seekable=seekable)
    return None


def check_text(path: Path, head: bytes) -> None:
    """Raise a `DataError` where what a file begins with is of a kind that holds no text."""
    kind = next((kind for magic, kind in KINDS.items() if head.startswith(magic)), None)
    if kind is ZIP and (path.suffix == ".xlsx" or b"[Content_Types].xml" in head):
        kind = XLSX
    elif kind is ZIP and re.search(rb"PK\x03\x04.{26}[^\x00]*\.npy", head, re.DOTALL):
        kind = NPZ
    elif kind is None and PAGE_START.match(head):
        kind = PAGE
    elif kind is None and b"\x00" in head:
        kind = BINARY
    if kind is not None:
        fix = kind.fix.replace("{name}", path.name).replace("{stem}", path.stem)
        raise DataError(f"this is {kind.name}, not a CSV file.", where=str(path), fix=fix)


def open_error(path: Path, error: OSError) -> DataError:
    """The error for a file that cannot be opened or read."""
    if any(URL_SCHEME.fullmatch(part) for part in path.parts[:-1]):
        what = "this is a URL; a file on this machine was expected."
        return DataError(what, where=str(path), fix="Download it, and give the path of the file.")
    if isinstance(error, FileNotFoundError):
        return DataError("there is no such file.", where=str(path))
    if isinstance(error, IsADirectoryError):
        return DataError("this is a directory; a file was expected.", where=str(path))
    reason = error.strerror or str(error)
    return DataError(f"the file cannot be read: {reason}.", where=str(path))


def encoding_error(path: Path) -> DataError:
    """The error for a file that is not UTF-8; reads it again to find the line."""
    fix = "Save it as UTF-8."
    if path.is_file():
        number, before = 1, ""
        # Every byte that is no UTF-8 becomes a character of its own, a lone surrogate.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            while line := file.readline(PART_CHARACTERS):
                odd = re.search("[\udc80-\udcff]", line)
                if odd:
                    byte = f"0x{ord(odd[0]) - 0xDC00:02x}"
                    where = f"{path}:{number}"
                    return DataError(f"byte {byte} is not UTF-8 text.", where=where, fix=fix)
                is_rest = before.endswith("\r") and line == "\n"  # of a break that was cut in two
                number += line.endswith(("\n", "\r")) and not is_rest
                before = line
    return DataError("the file is not UTF-8 text.", where=str(path), fix=fix)


def _no_file(path: Path, mode: int, *, seekable: bool) -> DataError:
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a pipe" if seekable else "a named pipe",
        stat.S_IFSOCK: "a socket",
    }
    kind = kinds.get(stat.S_IFMT(mode), "a device")
    fix = None
    if not seekable and kind != "a directory":
        fix = "Give a file; or let the shell open what a command writes, as with `<(zcat FILE)`."
    return DataError(f"this is {kind}; a file was expected.", where=str(path), fix=fix)
