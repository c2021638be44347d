"""Reading CSV files with Python, and the cells of tables with DuckDB."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlrun.arrays import Reading
from dlrun.data.csv import open_csv
from dlrun.data.tables import open_table
from dlrun.errors import DataError
from dlrun.shapes.cells import parse_number

CELLS = st.text(st.sampled_from('ab1. ,;"\né'), max_size=6)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=12)
)


@pytest.fixture
def write(tmp_path):
    def write(content: bytes) -> Path:
        path = tmp_path / "data.csv"
        path.write_bytes(content)
        return path

    return write


def read_rows(path, *, header=False, delimiter=","):
    with open_csv(path, Reading(delimiter)) as file:
        records = list(file.rows(header=header))
        rows = [[cell.strip() for cell in record.cells] for record in records]
        return rows, [record.line for record in records]


def read_table(path, names, *, header=False, delimiter=","):
    """The numbers of columns, as the rows of a table."""
    reading = Reading(delimiter, header)
    with open_table([path], reading) as table:
        return table.read(dict.fromkeys(names, "number"))[1]


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(table=TABLES, line_end=st.sampled_from(["\n", "\r\n"]))
def test_what_the_csv_module_writes_is_read_back(table, line_end, tmp_path):
    """Cells with quotes, delimiters and newlines survive."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(table)
    path = tmp_path / "table.csv"
    path.write_bytes(text.getvalue().encode())
    rows, numbers = read_rows(path)
    assert rows == [[cell.strip() for cell in row] for row in table]
    assert numbers == sorted(numbers)


def test_line_numbers_count_blank_lines_and_lines_inside_quotes(write):
    """A row's number is the line on which an editor shows its beginning."""
    path = write(b'\na,b\n\n1,2\n"x\ny",3\n\n\n4,5\n')
    assert read_rows(path, header=True) == (
        [["1", "2"], ["x\ny", "3"], ["4", "5"]],
        [4, 5, 9],
    )


def test_a_header_of_several_lines_is_one_row(write):
    """Rows are counted from where they begin, after a quoted header cell with a newline."""
    path = write(b'"a\nb",c\n1,2\n')
    with open_csv(path) as file:
        assert file.first_row == ["a\nb", "c"]
        assert [record.line for record in file.rows(header=True)] == [3]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_and_a_byte_order_mark_are_understood(write, line_end):
    """Files of Unix, Windows, old Macs and Excel read alike."""
    path = write(b"\xef\xbb\xbf" + line_end.join([b"a,b", b"1,2", b"3,4"]))
    assert read_rows(path) == ([["a", "b"], ["1", "2"], ["3", "4"]], [1, 2, 3])


@pytest.mark.parametrize(("delimiter", "line"), [(",", b"a,b"), (";", b"a;b"), ("\t", b"a\tb")])
def test_the_delimiter_is_read_off_the_first_line(write, delimiter, line):
    """Commas, semicolons and tabs are told apart."""
    with open_csv(write(line)) as file:
        assert (file.delimiter, file.first_row) == (delimiter, ["a", "b"])


def test_a_delimiter_inside_quotes_does_not_count(write):
    """A quoted header cell may hold another delimiter."""
    with open_csv(write(b'"a;b",c\n')) as file:
        assert file.first_row == ["a;b", "c"]


def test_a_pipe_of_the_shell_is_read_like_a_file():
    """Nothing is read twice, so that `<(zcat data.csv.gz)` works in a shell."""
    reading, writing = os.pipe()
    os.write(writing, b"a,b\n1,2\n")
    os.close(writing)
    rows = read_rows(Path(f"/dev/fd/{reading}"), delimiter=None)
    os.close(reading)
    assert rows == ([["a", "b"], ["1", "2"]], [1, 2])


BROKEN_QUOTES = "the quotes of this row are broken (',' expected after '\"')."
FIX_QUOTES = 'Put quotes around the whole cell, and write a quote inside it as "".'
WHICH_DELIMITER = (
    "the line has commas and semicolons; which of them separates the columns cannot be told."
)
FIX_DELIMITER = (
    "Set `dataset.delimiter`; or put cells that contain one of them in double quotes, and write "
    "decimals with a point (else set `dataset.decimal`)."
)
FIX_UTF8 = "Save it as UTF-8, or say what it is, as with `dataset.encoding: latin-1`."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "{path}: the file is empty."),
        (b"\xef\xbb\xbf\n \r\n", "{path}: the file is empty."),
        (b"a,b\n", "{path}: the file has a header but no rows."),
        (b"a,b\n1\n", "{path}:2: the row has 1 cell, but the first row (line 1) has 2."),
        (b"a,b\n\n1,2,3\n", "{path}:3: the row has 3 cells, but the first row (line 1) has 2."),
        (b'a,b\n"1",2,3\n', "{path}:2: the row has 3 cells, but the first row (line 1) has 2."),
        (
            b'a,b\n1,2\n3,"4\n5,6\n',
            f"{{path}}:3: a quoted cell of this row does not end.\n  {FIX_QUOTES}",
        ),
        (
            b'a,b\n3,"4\n' + b"5,6\n" * 50_000,
            f"{{path}}:2: a quoted cell of this row does not end.\n  {FIX_QUOTES}",
        ),
        (
            b'a,b\n"1"2,3\n',
            f"{{path}}:2: {BROKEN_QUOTES}\n  {FIX_QUOTES}",
        ),
        (b"a,b\n1,caf\xe9\n", f"{{path}}:2: byte 0xe9 is not UTF-8 text.\n  {FIX_UTF8}"),
        (
            b"a,b\n1,\x80 5\n",
            f"{{path}}:2: byte 0x80 is not UTF-8 text.\n  {FIX_UTF8.replace('latin-1', 'cp1252')}",
        ),
        (b"a,b\r\n1,2\r3,\xe9\n", f"{{path}}:3: byte 0xe9 is not UTF-8 text.\n  {FIX_UTF8}"),
        (
            b"1,5;2\n",
            f"{{path}}:1: {WHICH_DELIMITER}\n  {FIX_DELIMITER}",
        ),
    ],
)
def test_a_malformed_file_is_an_error_that_names_the_line(write, content, message):
    """Every way in which a file can be no table."""
    path = write(content)
    with pytest.raises(DataError) as error, open_csv(path) as file:
        list(file.rows(header=True))
    assert str(error.value) == message.format(path=path)


def test_a_missing_file_and_a_directory_are_errors(tmp_path):
    """The two most frequent slips."""
    with pytest.raises(DataError) as error, open_csv(tmp_path / "none.csv"):
        pass
    assert str(error.value) == f"{tmp_path}/none.csv: there is no such file."
    with pytest.raises(DataError) as error, open_csv(tmp_path):
        pass
    assert str(error.value) == f"{tmp_path}: this is a directory; a file was expected."


def test_a_file_that_may_not_be_read_is_an_error(write, monkeypatch):
    """The system's reason is passed on."""
    path = write(b"a,b\n")

    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError) as error, open_csv(path):
        pass
    assert str(error.value) == f"{path}: the file cannot be read: Permission denied."


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    numbers=st.lists(
        st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), min_size=1, max_size=20
    ),
    quoted=st.booleans(),
)
def test_numbers_are_read_to_the_last_bit(numbers, quoted, tmp_path):
    """The quick path and the path for quoted cells both give what Python's `float` gives."""
    mark = '"' if quoted else ""
    path = tmp_path / "numbers.csv"
    path.write_text("".join(f"{mark}{a!r}{mark},{b!r}\n" for a, b in numbers))
    read = read_table(path, ["column_2", "column_1"])
    expected = np.array(numbers)[:, ::-1]
    assert read.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "cell", ["1_000", "0x10", "\uff11", "", " ", "1e", "nan", "-Infinity", "1e999"]
)
@pytest.mark.parametrize("quoted", [False, True])
def test_what_only_looks_like_a_number_is_refused(write, cell, quoted):
    """No cell is swallowed, neither by the quick path nor by the other."""
    assert parse_number(cell) is None
    first = '"1"' if quoted else "1"
    path = write(f"{first},2\n{cell},3\n".encode())
    if not cell.strip():
        assert np.isnan(read_table(path, ["column_1"])).ravel().tolist() == [False, True]
        return
    with pytest.raises(DataError, match=r"data\.csv:2: column 'column_1': "):
        read_table(path, ["column_1"])


WRITTEN = "Say how its numbers are written:"
THOUSAND = f"""'1,000' is not a number.
  {WRITTEN} `thousands: ","`, or `decimal: ","`."""


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("abc", "'abc' is not a number.\n  Mend"),
        ("NaN", "'NaN' is not a finite number.\n  Mend"),
        ("1e999", "'1e999' is not a finite number.\n  Mend"),
        ("1,5", f"'1,5' is not a number.\n  {WRITTEN} `decimal: \",\"`."),
        ("1,000", THOUSAND),
        ("0,236", f"'0,236' is not a number.\n  {WRITTEN} `decimal: \",\"`."),
        ("1,000,000.5", f"'1,000,000.5' is not a number.\n  {WRITTEN} `thousands: \",\"`."),
        ("1.234,5",
         f"'1.234,5' is not a number.\n  {WRITTEN} `decimal: \",\"` and `thousands: \".\"`."),
        ("$200090", "'$200090' is not a number.\n  Write the number alone: 200090."),
        ("-$5", "'-$5' is not a number.\n  Write the number alone: -5."),
        ("12 %", "'12 %' is not a number.\n  Write the number alone: 12."),
        ("5kg", "'5kg' is not a number.\n  Write the number alone: 5."),
        ("5k", "'5k' is not a number.\n  Write the number out, in digits alone."),
        ("1st", "'1st' is not a number.\n  Mend"),
        ("x" * 70, f"'{'x' * 40}'... is not a number.\n  Mend"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_shown_with_its_line_and_column(write, cell, message):
    """File, line, column and text, and what to do."""
    path = write(f"a;b\n1;2\n3;{cell}\n".encode())
    with pytest.raises(DataError) as error:
        read_table(path, ["a", "b"], header=True, delimiter=";")
    assert str(error.value).startswith(f"{path}:3: column 'b': {message}")
