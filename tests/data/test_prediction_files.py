"""Predictions are written as NumPy and Python's csv module would write them, and read back."""

import csv
import io

import duckdb
import numpy as np
import pytest

from dlrun.data.decimals import decimals, packed, texts, wholes
from dlrun.data.prediction_files import CsvRows, Named, ParquetRows

RANDOM = np.random.default_rng(0)
NUMBERS = {
    "fractions": RANDOM.random(200_000, dtype=np.float32),
    "small ones": RANDOM.random(200_000).astype(np.float32) ** 9,
    "all bits": RANDOM.integers(0, 2**32, 200_000, dtype=np.uint32).view(np.float32),
    "all sizes": (RANDOM.normal(size=200_000) * 10 ** RANDOM.uniform(-6, 9, 200_000)).astype("f4"),
    "whole ones": np.arange(200_000).astype(np.float32),
    "short ones": (RANDOM.integers(0, 2**24, 200_000) / 2.0 ** RANDOM.integers(0, 30, 200_000)
                   ).astype("f4"),
    "borders": np.array([0, -0.0, 1, -1, .5, .1, 1e-4, 1e-5, 9.9999e-5, 1e6, 999999.9, 9999999,
                         1e16, 16777216, 1e22, 1e-45, 1.17e-38, 3.4e38, np.inf, -np.inf], "f4"),
    "none": np.array([], "f4"),
}  # fmt: skip


def lines(*parts):
    """The texts of rows."""
    end = np.full((len(parts[0]), 1), ord("\n"), np.uint8)
    return packed([*parts, end]).decode().split("\n")[:-1]


@pytest.mark.parametrize("kind", NUMBERS)
def test_decimals(kind):
    """They are the shortest that read back, as NumPy writes them one by one."""
    values = NUMBERS[kind]
    values = values[~np.isnan(values)]
    written = lines(decimals(values))
    assert written == values.astype(str).tolist()
    assert (np.array(written, "f4") == values).all()


def test_neighbours_of_powers_of_two():
    """Where numbers lie closer on one side than on the other."""
    powers = np.float32(2.0) ** np.arange(-120, 120).astype("f4")
    values = np.concatenate(
        [powers, np.nextafter(powers, 0), np.nextafter(powers, np.float32("inf"))]
    )
    assert lines(decimals(values)) == values.astype(str).tolist()


def test_whole_numbers_and_texts():
    """Without leading zeros; in UTF-8."""
    numbers = np.array([0, 7, 10, 9999, 10_000, 100_000_000, 123_456_789_012])
    assert lines(wholes(numbers)) == [str(number) for number in numbers]
    assert lines(texts(["", "ü", "日本", "a b"])) == ["", "ü", "日本", "a b"]


CELLS = [
    "plain",
    "",
    None,
    'with "quotes"',
    "a,b",
    "two\nlines",
    "a\rb",
    "ü",
    "x" * 5000,
    " blank ",
]


def test_csv_is_that_of_the_csv_module():
    """Cell by cell, quoted where it must be; in any chunks."""
    rows = 300
    kept = [CELLS[number % len(CELLS)] for number in range(rows)]
    classes = RANDOM.integers(0, 3, rows)
    names = ("a", 'say "b"', "c,d")
    values = RANDOM.random(rows, dtype=np.float32)
    expected = io.StringIO(newline="")
    writer = csv.writer(expected, lineterminator="\n")
    writer.writerow(["row", "id", "predicted", "probability, of"])
    writer.writerows(
        [row, kept[row] or "", names[classes[row]], str(values[row])] for row in range(rows)
    )
    for step in (rows, 7):
        stream = io.StringIO(newline="")
        file = CsvRows(stream)
        for begin in range(0, rows, step):
            part = slice(begin, begin + step)
            columns = [np.arange(rows)[part], kept[part], Named(classes[part], names), values[part]]
            file.write(["row", "id", "predicted", "probability, of"], columns)
        assert stream.getvalue() == expected.getvalue()


def test_long_texts_in_bounded_memory():
    """A cell of a megabyte does not make every other cell as wide."""
    kept = ["short"] * 20_000
    kept[9_000] = "x" * 2**20
    stream = io.StringIO(newline="")
    CsvRows(stream).write(["id"], [kept])
    assert stream.getvalue() == "id\n" + "".join(f"{cell}\n" for cell in kept)


def test_parquet(tmp_path):
    """The same rows in their order, float32 as it is; whole numbers kept as text are numbers."""
    rows = 5000
    path = tmp_path / "it's.parquet"
    values = RANDOM.random(rows, dtype=np.float32)
    classes = RANDOM.integers(0, 2, rows)
    names = ["row", "id", "code", "predicted", "probability_A", "probability_a"]
    ids = [str(7 * row) for row in range(rows)]
    codes = [f"{row:04}" if row % 3 else None for row in range(rows)]
    with ParquetRows(path) as file:
        for begin in range(0, rows, 999):
            part = slice(begin, begin + 999)
            file.write(names, [np.arange(rows)[part], ids[part], codes[part],
                               Named(classes[part], ("A", "a")), 1 - values[part], values[part]],
            )  # fmt: skip
    read = duckdb.sql(f"FROM read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')")
    found = read.fetchnumpy()
    assert read.columns[:4] == names[:4]
    assert found["id"].dtype == np.int64
    assert found["id"].tolist() == list(map(int, ids))
    assert [row[2] for row in read.fetchall()] == codes
    assert found["predicted"].tolist() == [("A", "a")[number] for number in classes]
    assert [found[name].dtype for name in read.columns[4:]] == [np.float32] * 2
    assert (found[read.columns[5]] == values).all()


def test_failed_parquet_leaves_no_file(tmp_path):
    """What is not complete is not there."""

    def fail():
        with ParquetRows(tmp_path / "a.parquet") as file:
            file.write(["row"], [np.arange(3)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
