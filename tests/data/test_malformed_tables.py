"""Tables damaged in a known way: each is read right, or told with its line; none is read wrong."""

from __future__ import annotations

import csv
import gzip
import io
import random

import numpy as np
import pytest

from dlrun.arrays import Reading
from dlrun.data.tables import open_table
from dlrun.errors import DataError

WORDS = ("red", "blue, light", 'say "x"', "two\nlines", "é", "", " spaced ", "O'Neil", "#1", "a;b")
ENDS = ("\n", "\r\n", "\r")
DELIMITERS = (",", ";", "\t", "|")
FAST, ALL = 50, 550


class Damaged:
    """A file, what is in it, and the line of what is wrong with it."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        draw = self.draw
        self.delimiter, self.end = draw.choice(DELIMITERS), draw.choice(ENDS)
        rows = draw.randint(2, 12)
        self.numbers = [
            draw.choice([draw.randint(-9, 9), draw.random(), 1e-7]) for _ in range(rows)
        ]
        self.words = [draw.choice(WORDS) for _ in range(rows)]
        self.wrong_line = None  # None: the rows can be read
        self.packed = draw.random() < 0.2
        quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        self.records = [self._record(["number", "word"], quoting)]
        cells = zip(self.numbers, self.words, strict=True)
        self.records += [self._record([repr(number), word], quoting) for number, word in cells]
        damage = draw.choice([name for name in dir(self) if name.startswith("damage_")])
        self.name = damage
        getattr(self, damage)(draw.randint(1, rows))

    def _record(self, cells, quoting=csv.QUOTE_MINIMAL):
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, quoting=quoting, lineterminator="\n").writerow(
            cells
        )
        inside = self.end if self.draw.random() < 0.5 else "\n"
        return text.getvalue().removesuffix("\n").replace("\n", inside)

    def line_of(self, row):
        """Return the physical line on which a record begins, as editors count."""
        before = self.end.join([*self.records[:row], ""])
        return 1 + before.replace("\r\n", "\n").replace("\r", "\n").count("\n")

    def content(self):
        data = (self.mark + self.end.join([*self.records, ""])).encode() + self.tail
        return gzip.compress(data) if self.packed else data

    mark, tail = "", b""

    def damage_none(self, row):
        """Nothing is wrong."""

    def damage_of_no_consequence(self, row):
        """A byte-order mark, blank lines, blanks around cells."""
        self.mark = "\ufeff"
        word = self._record(["", self.words[row - 1]])[1:]
        self.records[row] = f"{self.numbers[row - 1]!r} {self.delimiter}{word}"
        self.records.insert(row, self.draw.choice(["", "   "]))

    def damage_line_end(self, row):
        """One line ends in another way than the others."""
        other = self.draw.choice([end for end in ENDS if end != self.end])
        if other == "\n" and self.end == "\r":
            other = "\r\n"  # a carriage return and a line feed are one end
        self.records[row - 1] += other
        self.records[row - 1 : row + 1] = ["".join(self.records[row - 1 : row + 1])]

    def damage_missing_cell(self, row):
        self.records[row] = repr(self.numbers[row - 1])
        self.wrong_line = self.line_of(row)

    def damage_more_cells(self, row):
        self.records[row] += self.delimiter + "9"
        self.wrong_line = self.line_of(row)

    def damage_open_quote(self, row):
        self.records[row] = f'1{self.delimiter}"never closed'
        self.wrong_line = self.line_of(row)
        if any('"' in record for record in self.records[row + 1 :]):
            self.records[row + 1 :] = []

    def damage_after_quote(self, row):
        self.records[row] = f'1{self.delimiter}"closed"x'
        self.wrong_line = self.line_of(row)

    def damage_bad_number(self, row):
        bad = self.draw.choice(["1_000", "0x10", "nan", "inf", "1e999", "abc", "1,5", "++1", "+-1"])
        self.records[row] = self._record([bad, "x"])
        self.wrong_line = self.line_of(row)

    def damage_bytes(self, row):
        del self.records[row + 1 :]
        self.tail = b"1" + self.delimiter.encode() + b"caf\xe9" + self.end.encode()
        self.wrong_line = self.line_of(len(self.records))

    def damage_cut(self, row):
        """The end of a gzip file is not there."""
        del row
        self.packed, self.wrong_line = True, 0
        whole = self.content()
        self.content = lambda: whole[: len(whole) // 2]


def check(seed, folder):
    damaged = Damaged(seed)
    path = folder / f"{seed}.csv"
    path.write_bytes(damaged.content())
    reading = Reading(damaged.delimiter)
    try:
        with open_table([path], reading) as table:
            columns, values = table.read({"number": "number", "word": "text"})
    except DataError as error:
        assert damaged.wrong_line is not None, f"{damaged.name}: {error}"  # noqa: PT017
        if damaged.wrong_line and not (damaged.packed and damaged.tail):
            assert error.where == f"{path}:{damaged.wrong_line}", damaged.name  # noqa: PT017
        return
    assert damaged.wrong_line is None, f"{damaged.name} was read"
    texts = [None if np.isnan(code) else columns[1].texts[int(code)] for code in values[:, 1]]
    meant = [word.strip() or None for word in damaged.words]
    assert values[:, 0].tolist() == damaged.numbers
    assert [text and text.replace("\r\n", "\n").replace("\r", "\n") for text in texts] == meant


@pytest.mark.parametrize("first", range(0, FAST, 25))
def test_damaged_files_are_read_right_or_told(first, tmp_path):
    """What was done to the file is known, and so is the line that should be named."""
    for seed in range(first, first + 25):
        check(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FAST, ALL, 100))
def test_hundreds_of_damaged_files_are_read_right_or_told(first, tmp_path):
    """The same for many more."""
    for seed in range(first, first + 100):
        check(seed, tmp_path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_row_whose_cells_have_moved_is_told_though_its_last_cell_is_empty(packed, tmp_path):
    """DuckDB passes over empty cells behind the last column."""
    rows = b'name,age,city\n"A, B",1,x\nSmith, John,5,\n'
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(rows) if packed else rows)
    with (
        pytest.raises(DataError, match=r"t.csv:3: the row has 4 cells, but the first row .* has 3"),
        open_table([path]),
    ):
        pass


@pytest.mark.parametrize("begin", ["\n", "\r\n", "\r", " \n", "\n\n"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("header", ["h,k", '"h",k', '"a\nb",k'])
def test_blank_lines_before_the_first_row_take_no_row_with_them(begin, end, header, tmp_path):
    """Lines of a file may end in several ways."""
    path = tmp_path / "t.csv"
    path.write_text(begin + end.join([header, "1,2", "3,4", ""]), newline="")
    with open_table([path]) as table:
        _, x = table.read(dict.fromkeys(table.columns, "number"))
    assert x[:].tolist() == [[1, 2], [3, 4]]


def test_the_line_of_a_cell_behind_a_row_that_python_would_not_read(tmp_path):
    """Blanks behind a quoted cell are none to Python's reader."""
    path = tmp_path / "t.csv"
    path.write_text('h,k\n"1" ,2\n3,4\nfive,6\n')
    with open_table([path]) as table, pytest.raises(DataError, match=r"t.csv:4: .*'five'"):
        table.read(dict.fromkeys(table.columns, "number"))
