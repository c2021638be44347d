"""Tables as DuckDB reads them: the same bits however that is done, and what is told of odd ones."""

from __future__ import annotations

import gzip
import json
import math
import random
import re

import duckdb
import numpy as np
import pytest

from dlrun.absent import ABSENT
from dlrun.arrays import Reading
from dlrun.columns.inference import kinds_of
from dlrun.conditions import parse_condition
from dlrun.data import quick_csv, tables
from dlrun.data.cell_sql import Cell
from dlrun.data.tables import open_table
from dlrun.data.where_sql import where_sql
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError, DataError, DlrunError
from dlrun.shapes.cells import parse_number
from tests.marking import first

WANTED = {"size": "number", "colour": "text", "day": "time", "sold": "number"}


def rows_of(number, seed=0):
    """Rows of every kind of value, some of them missing."""
    draw = random.Random(seed)
    return [
        (
            None if draw.random() < 0.1 else round(draw.gauss(0, 5), draw.randint(0, 9)),
            draw.choice(["red", "blue, dark", "gr\u00fcn", None]),
            f"20{draw.randint(10, 24)}-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}",
            draw.choice(["yes", "no"]),
        )
        for _ in range(number)
    ]


def write_csv(path, rows, names=tuple(WANTED)):
    def cell(value):
        text = "" if value is None else str(value)
        return f'"{text}"' if "," in text else text

    lines = [",".join(names), *(",".join(map(cell, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path, *, threads=None, streamed=False, reading=None):
    with open_table([path], reading, threads=threads) as table:
        columns, values = table.read(WANTED, streamed=streamed)
        return columns, values[:].tobytes()


@pytest.mark.parametrize("number", first(1, [3, 3000]))
def test_the_bits_do_not_depend_on_how_rows_are_read(number, tmp_path, monkeypatch):
    """On 1, 2 or 8 threads, in memory or on the disk, packed, guessed to be numbers, in chunks."""
    rows = rows_of(number)
    path = write_csv(tmp_path / "a.csv", rows)
    expected = read(path)
    for threads in (1, 2, 8):
        assert read(path, threads=threads) == expected
    assert read(path, streamed=True) == expected
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read(tmp_path / "a.csv.gz") == expected
    with monkeypatch.context() as patch:
        patch.setattr(quick_csv, "LARGE", 0)
        assert read(path) == expected
    monkeypatch.setattr(tables, "CELLS_PER_CHUNK", 64)
    assert read(path) == expected


@pytest.mark.parametrize("large", [0, 2**40])
def test_values_are_told_as_the_file_has_them(large, tmp_path, monkeypatch):
    """Also where they were read as numbers: 7 is not 7.0."""
    monkeypatch.setattr(quick_csv, "LARGE", large)
    path = write_csv(tmp_path / "a.csv", [(7, 0.5), (7, 1.5), (10, 0.5)], ("x", "y"))
    with open_table([path]) as table:
        facts = table.facts()
    assert facts["x"].top == (("7", 2), ("10", 1))
    assert facts["y"].top == (("0.5", 2), ("1.5", 1))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("code", ["007", "00", " 07", '"01"', "00.5", "0123456789012"])
def test_a_code_makes_its_column_one_of_codes(mark, end, code, tmp_path, monkeypatch):
    """Wherever in a large file the first one stands: as a number it would lose its zeros."""
    monkeypatch.setattr(quick_csv, "LARGE", 0)
    monkeypatch.setattr(quick_csv, "LOOKED_AT", 5)
    rows = [[str(one), f"{one / 4:g}", f"{one}.05 08:30"] for one in range(10, 40)]
    place = len(code) % 2  # of one column or the other
    rows[-1][place] = code
    lines = [mark.join(row) for row in [["a", "b", "c"], *rows]]
    (tmp_path / "a.csv").write_text(end.join(lines), newline="")
    with open_table([tmp_path / "a.csv"]) as table:
        assert table.stored == ["text" if n in (place, 2) else "number" for n in range(3)]
        kind = kinds_of(table.facts(), None)[place]
        assert kind.reason.startswith("numbers with zeros before them are codes; ")
        assert table.texts("ab"[place], [29]) == [code.strip(' "')]


def test_formats_give_the_same_rows(tmp_path):
    """CSV, JSON lines, Parquet and zstd of the same rows."""
    rows = rows_of(500)
    path = write_csv(tmp_path / "a.csv", rows)
    lines = [json.dumps(dict(zip(WANTED, row, strict=True))) for row in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    source = f"read_csv('{path}', types = {{'day': 'DATE', 'sold': 'VARCHAR'}})"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM {source}) TO '{tmp_path}/a.parquet'")
        connection.execute(f"COPY (FROM {source}) TO '{tmp_path}/a.csv.zst' (HEADER)")
    expected = read(path)
    for name in ("a.jsonl", "a.parquet", "a.csv.zst"):
        assert read(tmp_path / name) == expected, name


def test_files_of_one_table_are_matched_by_name(tmp_path):
    """A list, or a glob in the order of the names; columns in any order."""
    rows = rows_of(9)
    write_csv(tmp_path / "1.csv", rows[:4])
    turned = [tuple(reversed(row)) for row in rows[4:]]
    write_csv(tmp_path / "2.csv", turned, tuple(reversed(WANTED)))
    expected = read(write_csv(tmp_path / "all.csv", rows))
    with open_table([tmp_path / "1.csv", tmp_path / "2.csv"]) as table:
        columns, values = table.read(WANTED)
        assert (columns, values.tobytes()) == expected
        assert [table.place(row) for row in (0, 4)] == [
            f"{tmp_path}/1.csv:2",
            f"{tmp_path}/2.csv:2",
        ]
    given = {"target": "sold", "path": tmp_path / "[12].csv"}
    assert len(load_dataset("table", seed=0, **given).train) == 9
    write_csv(tmp_path / "2.csv", [("x",)], ("other",))
    with pytest.raises(DataError, match=r"2\.csv:1: the file lacks 'size', .* has besides 'other'"):
        load_dataset("table", seed=0, **given)


@pytest.mark.parametrize(
    ("text", "reading", "numbers"),
    [
        ("a;b\n1,5;2\n-3;,5\n", Reading(decimal=","), [[1.5, 2], [-3, 0.5]]),
        ("a;b\n1.234,5;2\n", Reading(decimal=",", thousands="."), [[1234.5, 2]]),
        ('a,b\n"1,234,567",2\n', Reading(thousands=","), [[1234567, 2]]),
        ("a,b\n?,2\n-999.0,NA\n", Reading(missing_values=("?", "NA", "-999")),
         [[math.nan, 2], [math.nan, math.nan]]),
        ("1,2\n3,4\n", Reading(header=False), [[1, 2], [3, 4]]),
        ("a,b\ntrue,Yes\nFALSE,no\n", Reading(), [[1, 1], [0, 0]]),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text, reading, numbers, tmp_path):
    """Decimal commas, thousands, words for missing values, yes and no."""
    (tmp_path / "a.csv").write_text(text)
    with open_table([tmp_path / "a.csv"], reading) as table:
        _, values = table.read(dict.fromkeys(table.columns, "number"))
    np.testing.assert_array_equal(values, numbers)


DECIMAL_COMMA = re.compile(r"\s*[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?\s*")
WORDS = ("NA", "-999", "?")


@pytest.mark.parametrize("large", first(0, [2**40, 0]))
def test_cells_with_decimal_commas_are_numbers_where_python_says_so(large, tmp_path, monkeypatch):
    """Random cells, one a file: the number, a missing value, or an error; however they are read."""
    monkeypatch.setattr(quick_csv, "LARGE", large)
    draw = random.Random(5)
    reading = Reading(decimal=",", missing_values=WORDS)
    for _ in range(60):
        cell = "".join(draw.choices("1290,.+-eE_ ", k=draw.randint(1, 5)))
        cell = draw.choice([cell, cell, cell, "-999", "-999,0", "NA", " NA ", "?", "1.5", "2,50"])
        (tmp_path / "a.csv").write_text(f"a;b\n0,5;u\n{cell};NA\n7;v\n")
        expected = None
        if cell.strip() not in {"", *WORDS}:
            expected = math.inf
            if DECIMAL_COMMA.fullmatch(cell):
                expected = float(cell.replace(",", "."))
                expected = None if expected == -999 else expected
        with open_table([tmp_path / "a.csv"], reading) as table:
            if expected == math.inf:
                with pytest.raises(DataError, match="is no"):
                    table.read({"a": "number", "b": "text"})
                continue
            columns, values = table.read({"a": "number", "b": "text"})
        found = [0.5, math.nan if expected is None else expected, 7.0]
        np.testing.assert_array_equal(values[:, 0], found, err_msg=repr(cell))
        assert columns[1].texts == ("u", "v")
        assert math.isnan(values[1, 1])


GROUPED = re.compile(r"\s*[+-]?(([1-9]\d{0,2}(T\d{3})+|\d+)(D\d*)?|D\d+)([eE][+-]?\d+)?\s*")


@pytest.mark.slow
@pytest.mark.parametrize("marks", first(1, [".,;", ",.;", ",.,", " ,;", "'.,"]))
def test_cells_with_thousands_are_numbers_where_python_says_so(marks, tmp_path, monkeypatch):
    """Random cells: the number or none, whether DuckDB reads it as one or as a text."""
    mark, decimal, delimiter = marks
    draw = random.Random(7)
    reading = Reading(decimal=decimal, thousands=mark, delimiter=delimiter)
    pattern = GROUPED.pattern.replace("T", re.escape(mark)).replace("D", re.escape(decimal))
    for turn in range(30):
        digits = ["".join(draw.choices("0123", k=draw.choice([1, 2, 3, 3, 3, 4]))) for _ in "ab"]
        cell = draw.choice(["", "-", "+", "2e", "1,", "0.", "10"]) + mark.join(digits)
        cell += draw.choice(["", "", f"{decimal}5", "e2", mark, " "])
        rows = "".join(f'"{one}"{delimiter}u\n' for one in ("4", cell, f"7{mark}000"))
        (tmp_path / "a.csv").write_text(f"a{delimiter}b\n{rows}")
        monkeypatch.setattr(quick_csv, "LARGE", (turn % 2) * 2**40)
        with open_table([tmp_path / "a.csv"], reading) as table:
            if not re.fullmatch(pattern, cell):
                with pytest.raises(DataError, match="is no"):
                    table.read({"a": "number"})
                continue
            _, values = table.read({"a": "number"})
        plain = cell.replace(mark, "").replace(decimal, ".")
        np.testing.assert_array_equal(values[:, 0], [4, float(plain), 7000], err_msg=repr(cell))


@pytest.mark.parametrize("words", [(), ("NA",)])
def test_texts_that_are_carried_along_are_those_of_the_file(words, tmp_path, monkeypatch):
    """An id of 7 is neither 7.0 nor 07, and NA stays NA."""
    monkeypatch.setattr(quick_csv, "LARGE", 0)
    (tmp_path / "a.csv").write_text("id,x,note\n7,1.50,NA\n8,2.0,\n,-3,c\n")
    kept = {"id": [], "note": []}
    with open_table([tmp_path / "a.csv"], Reading(missing_values=words), verbatim=kept) as table:
        ((_, values),) = table.chunks({"id": "number", "x": "number"}, kept=kept)
    assert kept == {"id": ["7", "8", None], "note": ["NA", None, "c"]}
    np.testing.assert_array_equal(values, [[7, 1.5], [8, 2], [math.nan, -3]])


@pytest.mark.parametrize("cell", ["1.5", "0.001", "0.500", "01.234", "-0.250"])
def test_thousands_that_do_not_group_are_no_numbers(cell, tmp_path):
    """With a point between thousands, 1.5 would be 15, and 0.500 be 500."""
    (tmp_path / "a.csv").write_text(f"a;b\n{cell};2\n")
    reading = Reading(decimal=",", thousands=".")
    with (
        open_table([tmp_path / "a.csv"], reading) as table,
        pytest.raises(DataError, match=f"'{cell}'"),
    ):
        table.read({"a": "number"})


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252", "utf-8-sig"])
def test_encodings(encoding, tmp_path):
    """What the config says, or a mark at the beginning."""
    (tmp_path / "a.csv").write_bytes("a,größe\nä,2\n".encode(encoding))
    given = None if encoding.startswith("utf") else encoding
    with open_table([tmp_path / "a.csv"], Reading(encoding=given)) as table:
        assert table.columns == ("a", "größe")
        assert table.read({"a": "text"})[0][0].texts == ("ä",)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_an_encoding_that_does_not_say_itself_is_named(encoding, tmp_path):
    """Where half of a file is zeros."""
    path = tmp_path / "a.csv"
    path.write_bytes("name,y\ngr\u00fcn,1\nrot,2\n".encode(encoding))
    with pytest.raises(DataError) as error, open_table([path]):
        pass
    assert str(error.value) == (
        f"{path}: the file seems to be UTF-16 without a mark that says so; UTF-8 was expected.\n"
        f"  Say so with `dataset.encoding: {encoding}`, or save it as UTF-8."
    )
    with open_table([path], Reading(encoding=encoding)) as table:
        assert table.columns == ("name", "y")


def test_all_bad_cells_are_told_at_once(tmp_path):
    """The first ten with their places, and how many there are."""
    lines = [f"{'x' if row % 2 else row},{row}" for row in range(40)]
    (tmp_path / "a.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    with open_table([tmp_path / "a.csv"]) as table, pytest.raises(DataError) as error:
        table.read({"a": "number", "b": "number"})
    told = str(error.value)
    assert told.startswith(f"{tmp_path}/a.csv:3: column 'a': 'x' is not a number.\n")
    assert "In all there are 20 such cells; the next ones:" in told
    assert f"{tmp_path}/a.csv:21: column 'a': 'x' is not a number.\n  ... and 10 more" in told
    assert "missing_values: ['x']" in told
    assert "columns: {a: category}" in told


@pytest.mark.parametrize("bad_rows", ["error", "skip"])
def test_an_odd_cell_among_yes_and_no_is_told_alone(bad_rows, tmp_path):
    """Not every yes and no beside it; a column of numbers with a yes stays one of numbers."""
    (tmp_path / "a.csv").write_text("a,b\nyes,1\nno,2\nmaybe,3\nno,yes\n1,5\n")
    with open_table([tmp_path / "a.csv"], Reading(bad_rows=bad_rows)) as table:
        if bad_rows == "skip":
            _, values = table.read({"a": "number", "b": "number"})
            assert values.tolist() == [[1, 1], [0, 2], [1, 5]]
            return
        with pytest.raises(DataError) as error:
            table.read({"a": "number", "b": "number"})
    told = str(error.value)
    assert told.startswith(
        f"{tmp_path}/a.csv:4: column 'a': 'maybe' is neither yes nor no, which the column holds.\n"
    )
    assert "In all there are 2 such cells" in told
    assert "a.csv:5: column 'b': 'yes' is not a number." in told


def test_bad_rows_are_left_out_and_told(tmp_path):
    """Ragged ones and those with bad cells; the rows that stay keep their lines."""
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3\nx,4\n5,6\n")
    with open_table([tmp_path / "a.csv"], Reading(bad_rows="skip")) as table:
        _, values = table.read({"a": "number", "b": "number"})
        assert values.tolist() == [[1, 2], [5, 6]]
        assert table.place(1) == f"{tmp_path}/a.csv:5"
        assert "bad_rows: 1 row is left out of a.csv: lines 3" in table.notes
        assert "a.csv:4" in table.notes[-1]


@pytest.mark.parametrize("line", ["sep=;", "# by hand, 2024"])
def test_what_stands_before_a_table_is_told(line, tmp_path):
    """Once, and not as a fault of every row."""
    (tmp_path / "a.csv").write_text("\n".join([line, "a;b;c", *["1;2;3"] * 20]))
    with pytest.raises(DataError, match=r"a\.csv:1: no row has as many cells as the first") as told:
        with open_table([tmp_path / "a.csv"], Reading(delimiter=";")):
            pass
    assert "Remove what stands before the table" in str(told.value)


@pytest.mark.parametrize("names", ["a;b;c;d", "a;b"])
def test_a_header_of_another_width_is_told_as_one(names, tmp_path, dlrun):
    """It holds names, and no remark."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join([names, *["1;2;3"] * 20]))
    width = names.count(";") + 1
    assert dlrun("data", path, code=3).err.endswith(
        f"error: {path}:1: the first row has {width} cells, the others 3.\n"
        "  Write one name for each column; or remove the row, if it is a remark.\n"
    )


@pytest.mark.parametrize("cells", [[1, 2, 3], {"0": 1, "1": 2}])
def test_columns_of_json_are_no_rows(cells, tmp_path):
    """As pandas writes them, unless it is asked for records."""
    (tmp_path / "a.json").write_text(json.dumps({"x": cells, "y": cells}))
    with pytest.raises(DataError, match=r"columns, it seems, and no rows.*\n?.*records"):
        with open_table([tmp_path / "a.json"]):
            pass


def test_a_file_that_changes_is_told(tmp_path, monkeypatch):
    """Half of the rows would be of another file."""
    path = write_csv(tmp_path / "a.csv", rows_of(5))
    monkeypatch.setattr("dlrun.data.table_files.file_stamp", lambda _: random.random())
    with pytest.raises(DataError, match="has changed while it was read"), open_table([path]):
        pass


TEXTS = [
    "1", "-1.5", "+.5", "1e5", "1E-400", "1e400", " 7 ", "\t8", "1_000", "0x1p3", "nan", "inf",
    "-Infinity", "+-5", "--5", "5.", ".", "", "1e", "12345678901234567890", "0.1", "1d", "\u0663",
    "\u00a05", "1,5", "5f", "true", "9007199254740993", "2.2250738585072014e-308", "4.9e-324",
]  # fmt: skip


def test_numbers_are_those_of_python():
    """DuckDB and `float` agree on what a number is, and on all of its bits."""
    draw = random.Random(0)
    texts = TEXTS + [
        "".join(draw.choice("0123456789.eE+-_ ") for _ in range(draw.randint(1, 12)))
        for _ in range(5000)
    ]
    texts += [repr(draw.gauss(0, 1) * 10 ** draw.randint(-300, 300)) for _ in range(5000)]
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {Cell('t', 'text', Reading()).number} "
            "FROM (SELECT unnest($1::VARCHAR[]) AS t)",
            [texts],
        ).fetchall()
    for text, (number,) in zip(texts, found, strict=True):
        expected = parse_number(text)
        assert (number is None) == (expected is None), text
        assert number is None or number.hex() == expected.hex(), text


CELLS = [
    "1",
    "2.5",
    "-3",
    "1e3",
    "7200",
    "red",
    "Red",
    "2h",
    "",
    "true",
    "FALSE",
    "yes",
    "zürich",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "123456789012345678901234567891",
    "9007199254740992.0",
]
CONDITIONS = ["a=1", "a!=1", "a<2.5", "a>=-3", "a=null", "a!=null", "a=true", "a!=false", "a=red",
              'a="1"', "a<red", "a>=2h", "a=2h", "a~RE", "a~1", 'a<="true"', "a>9007199254740993",
              "a=9007199254740993", "a!=9007199254740993", "a<=9007199254740992",
              "a<-9007199254740992",
              "a=9007199254740992", "a>123456789012345678901234567890", "a<9007199254740991",
              "a=.nan", "a<.inf", "not a=1", "a~e and not a~red",
              "(a>0 or a=red) and a!=2.5"]  # fmt: skip


@pytest.mark.parametrize("where", CONDITIONS)
def test_conditions_hold_for_the_rows_for_which_they_hold(where):
    """As `dlrun runs` has them: SQL and Python choose the same cells."""
    condition = parse_condition(where)
    contains = any(one.sign == "~" for one in condition.comparisons())

    def value(text):
        if not text:
            return ABSENT
        number = int(text) if text.lstrip("-").isdecimal() else parse_number(text)
        if contains:
            return text  # `~` looks into what is written
        said = {"true": True, "FALSE": False}
        return said.get(text, text) if number is None else number

    with duckdb.connect() as connection:
        run = connection.execute
        run("CREATE TABLE t AS SELECT unnest($1::VARCHAR[]) AS c0", [CELLS])

        def distinct(expression):
            return [one for (one,) in run(f"SELECT DISTINCT {expression} FROM t").fetchall() if one]

        sql = where_sql(where, {"a": Cell("c0", "text", Reading())}, distinct)
        found = [text for (text,) in run(f"SELECT c0 FROM t WHERE {sql}").fetchall()]
    assert found == [text for text in CELLS if condition.holds(lambda _, text=text: value(text))]


@pytest.mark.parametrize("kind", ["BIGINT", "UBIGINT", "DECIMAL(20, 0)", "VARCHAR"])
def test_whole_numbers_of_a_condition_are_exact(kind, tmp_path):
    """Also where float64 has no number of its own for them."""
    path = tmp_path / "a.parquet"
    numbers = ", ".join(f"({2**53 + one}, 1)" for one in range(4))
    duckdb.sql(f"COPY (SELECT CAST(n AS {kind}) AS n, x FROM (VALUES {numbers}) AS t(n, x)) "
               f"TO '{path}'")  # fmt: skip
    with open_table([path], Reading(where=f"n={2**53 + 1} or n>{2**53 + 2}")) as table:
        assert table.rows == 2
        assert table.texts("n", [0, 1]) == [str(2**53 + 1), str(2**53 + 3)]


def test_a_condition_on_a_column_that_is_not_there(tmp_path):
    """With what was meant."""
    path = write_csv(tmp_path / "a.csv", rows_of(5))
    with pytest.raises(ConfigError, match=r"There is no column 'sise'.* Did you mean 'size'"):
        load_dataset("table", seed=0, path=path, where="sise > 1")


@pytest.mark.parametrize("where", ["size='; DROP TABLE t --", 'colour="red\' OR 1=1 --"'])
def test_no_text_of_a_config_is_sql(where, tmp_path):
    """It is a text that no cell has, or no condition."""
    path = write_csv(tmp_path / "a.csv", rows_of(5))
    with pytest.raises(DlrunError, match=r"no row fulfils|never closed"):
        load_dataset("table", seed=0, path=path, where=where)


def test_names_of_columns_are_no_sql(tmp_path):
    """Quotes, semicolons and words of SQL in a header, of CSV and of Parquet."""
    names = ('a"; DROP TABLE x --', "select", "c0", "gr\u00f6\u00dfe '1'")
    path = tmp_path / "a.csv"
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    path.write_text(f"{quoted}\n1,2,3,4\n")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM read_csv('{path}')) TO '{tmp_path}/a.parquet'")
    for file in (path, tmp_path / "a.parquet"):
        with open_table([file]) as table:
            assert table.columns == names
            assert table.read(dict.fromkeys(names, "number"))[1].tolist() == [[1, 2, 3, 4]]


def test_nothing_else_can_be_opened(tmp_path):
    """The connection sees the files of the table, and its own folder."""
    path = write_csv(tmp_path / "a.csv", rows_of(5))
    other = write_csv(tmp_path / "b.csv", rows_of(5))
    with open_table([path]) as table:
        for query in (f"SELECT * FROM '{other}'", "INSTALL httpfs", "SET enable_external_access=1"):
            with pytest.raises(duckdb.Error):
                table.connection.execute(query)


def _parquet(path, *rows):
    """Write a Parquet file of rows that SQL selects."""
    duckdb.sql(f"COPY ({' UNION ALL '.join(f'SELECT {row}' for row in rows)}) TO '{path}'")
    return path


def _rows(paths, reading=None, **wanted):
    """Read columns, texts as such."""
    with open_table(paths, reading) as table:
        columns, values = table.read(wanted)
    return [
        tuple(
            one if column.holds != "text" or math.isnan(one) else column.texts[int(one)]
            for column, one in zip(columns, row, strict=True)
        )
        for row in values[:].tolist()
    ]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_files_of_several_formats_and_types_are_one_table(order, tmp_path):
    """None of their rows is dropped, and numbers are numbers in all."""
    (tmp_path / "a.csv").write_text("x,y\n1,u\n1.5,v\n")
    (tmp_path / "b.jsonl").write_text('{"y": "w", "x": 2}\n')
    paths = [tmp_path / "a.csv", tmp_path / "b.jsonl"]
    paths.append(_parquet(tmp_path / "c.parquet", "3 AS x, 'p' AS y"))
    paths.append(_parquet(tmp_path / "d.parquet", "'q' AS y, 0.1::DOUBLE AS x"))
    held = [[(1, "u"), (1.5, "v")], [(2, "w")], [(3, "p")], [(0.1, "q")]]
    found = _rows([paths[one] for one in order], x="number", y="text")
    assert found == [row for one in order for row in held[one]]


def test_columns_of_parquet_files_of_several_types(tmp_path):
    """Numbers and texts of numbers, dates and moments, whole numbers and others."""
    first = _parquet(tmp_path / "a.parquet", "7 AS n, DATE '2024-01-02' AS t, 1::BIGINT AS k")
    second = _parquet(
        tmp_path / "b.parquet", "'8' AS n, TIMESTAMP '2024-01-03' AS t, 0.5::DOUBLE AS k"
    )
    found = _rows([first, second], n="number", t="time", k="number")
    assert found == [(7, 1704153600, 1), (8, 1704240000, 0.5)]
    assert _rows([first, second], Reading(where="n > 7 and k < 1"), n="number") == [(8,)]
    assert [row[0] for row in _rows([second, first], k="text")] == ["0.5", "1.0"]


@pytest.mark.parametrize(
    ("value", "held"),
    [("'inf'::DOUBLE", "number"), ("DATE '2024-01-02'", "number"), ("[1, 2]", "number"),
     ("TIME '12:34:56'", "number"), ("5", "time"), ("TRUE", "time"),
     ("DATE 'infinity'", "time")],
)  # fmt: skip
def test_values_of_another_type_are_told_and_none_is_taken_for_a_missing_one(value, held, tmp_path):
    """A later file may have other types than that of training."""
    path = _parquet(tmp_path / "t.parquet", "NULL AS x, 1 AS y", f"{value} AS x, 2 AS y")
    with pytest.raises(DataError, match=r"t.parquet: row 2: column 'x': .* is no"):
        _rows([path], x=held)


@pytest.mark.parametrize(
    ("value", "held", "word"),
    [("'inf'::DOUBLE", "number", "inf"), ("-999", "number", "-999.0"),
     ("DATE '1900-01-01'", "time", "1900-01-01"), ("FALSE", "number", "false")],
)  # fmt: skip
def test_values_with_types_that_mean_missing_ones(value, held, word, tmp_path):
    """As in a CSV file, where they are texts."""
    path = _parquet(tmp_path / "t.parquet", f"{value} AS x, 2 AS y")
    ((found,),) = _rows([path], Reading(missing_values=(word,)), x=held)
    assert math.isnan(found)


def test_an_object_with_a_name_twice_is_told(tmp_path):
    """It would be one of its values that counts, nobody knows which."""
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": 1}\n{"a": 1, "b": 2, "a": 3}\n')
    with pytest.raises(DataError, match=r"row 2 has the same name twice"):
        _rows([path], a="number")


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2024-01-01 12:00", 12), ("2024-01-01 12:00+02", 10), ("2024-01-01T12:00:00-05:00", 17),
     ("2024-01-01T12:00:00Z", 12), ("2024-01-01T12:00:00,000 +0130", 10.5)],
)  # fmt: skip
def test_times_with_a_zone_are_those_of_utc(text, hour, tmp_path):
    """And without one they are taken as they are."""
    (tmp_path / "a.csv").write_text(f'x;y\n"{text}";1\n')
    ((found,),) = _rows([tmp_path / "a.csv"], x="time")
    assert found == 1704067200 + 3600 * hour


def test_two_digits_are_no_year_of_four(tmp_path):
    """It would be that of the Romans."""
    (tmp_path / "a.csv").write_text("x;y\n13/02/2024;1\n14/02/24;2\n")
    with (
        open_table([tmp_path / "a.csv"]) as table,
        pytest.raises(DataError, match=r"a.csv:3: column 'x': '14/02/24' is no time"),
    ):
        table.read({"x": "time"}, {"x": "%d/%m/%Y"})
    (tmp_path / "a.csv").write_text("x;y\n13/02/24;1\n14/02/24;2\n")
    with open_table([tmp_path / "a.csv"]) as table:
        assert table.facts(["x"])["x"].time_format == "%d/%m/%y"
