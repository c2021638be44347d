"""Puts the files of a table into DuckDB: formats, encodings, archives, pipes, several as one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from dlrun.arrays import Reading
from dlrun.data.cell_sql import Stored, as_text, literal
from dlrun.data.csv import CsvFile, no_rows, open_csv, reading_error, text_encoding
from dlrun.data.csv_header import column_positions
from dlrun.data.files import check_text, open_data, open_error, regular_size, spool_folder
from dlrun.data.headers import GZIP_MAGIC
from dlrun.data.quick_csv import LOOKED_AT, QuickCsv
from dlrun.errors import DataError
from dlrun.wording import count, list_columns, quote

if TYPE_CHECKING:
    import duckdb

PARQUET_MAGIC: Final = b"PAR1"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
JSON_SUFFIXES: Final = (".json", ".jsonl", ".ndjson")
PACKED_SUFFIXES: Final = (".gz", ".zst")
JSON_KINDS: Final = {"ARRAY": "a list", "VARCHAR": "a text", "NULL": "null", "BOOLEAN": "a boolean"}
NESTED: Final = "they are read as the texts that stand for them"
NO_DELIMITER: Final = "\x01"
ROWS_AT_ONCE: Final = 2**14  # how many rows that Python reads are handed over at a time
FEW: Final = 3  # rows that are all unlike the first one
SHOWN: Final = 10  # so many faults are told
HEAD_BYTES: Final = 2**16

Format = Literal["csv", "json", "parquet"]


class Head(Protocol):
    """What is known of a table before its rows are read."""

    first_row: list[str]  # the names of the columns, or perhaps the first row of data
    named: bool | None  # whether it holds names; None where that is to be told

    @property
    def where(self) -> str:
        """The place of the first row, for messages."""


@dataclass
class Names:
    """The names of the columns of a file that has names in any case."""

    path: Path
    first_row: list[str]
    named: bool | None = True
    one_column_fix: str | None = None

    @property
    def where(self) -> str:
        """The file: it has no lines."""
        return str(self.path)


@dataclass(frozen=True)
class Source:
    """A file of a table, ready to be read by name."""

    path: Path  # what messages call it
    readable: Path  # itself, or a copy that is unpacked, decoded, or was a pipe
    format: Format
    stamp: tuple[int, int] | None  # its size and when it was changed; None of a pipe
    folder: str  # where copies and what DuckDB spills lie


@dataclass
class Part:
    """The rows of one file in a table."""

    source: Source
    header: bool
    rows: int
    relation: str  # the SQL name of what holds its rows, whole
    index: str = "rowid"  # the SQL of the number of a row
    begin: int = 0  # the number of its first row
    names: list[str] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)  # lines of rows that are none


@contextmanager
def open_sources(paths: Sequence[Path], reading: Reading) -> Iterator[list[Source]]:
    """Make files readable by name; copies are gone in the end."""
    with tempfile.TemporaryDirectory(prefix="dlrun-", dir=spool_folder()) as folder:
        yield [_source(path, reading, Path(folder, str(n))) for n, path in enumerate(paths)]


def file_stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _source(path: Path, reading: Reading, copy: Path) -> Source:
    size = regular_size(path)
    readable = path
    with open_data(path) as content:
        try:
            if size is None:
                readable = copy
                with copy.open("wb") as spooled:
                    shutil.copyfileobj(content, spooled)
        except OSError as error:
            raise open_error(path, error) from error
    stamp = None if size is None else file_stamp(path)
    head = _head(readable)
    if not head:
        raise DataError("the file is empty.", where=str(path))
    form = reading.format or _format_of(path, head)
    if form == "parquet":
        return Source(path, readable, form, stamp, str(copy.parent))
    if head.startswith(ZSTD_MAGIC):
        readable = _unpack_zstd(path, readable, copy.with_suffix(".txt"))
        head = _head(readable)
    if not head.startswith(GZIP_MAGIC):
        encoding = text_encoding(head, reading)
        if not encoding.startswith("utf-8"):
            readable = _decode(path, readable, copy.with_suffix(".utf8"), encoding)
        else:
            check_text(path, head)
    return Source(path, readable, form, stamp, str(copy.parent))


def _head(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(HEAD_BYTES)


def _format_of(path: Path, head: bytes) -> Format:
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    suffixes = [one.lower() for one in path.suffixes]
    while suffixes and suffixes[-1] in PACKED_SUFFIXES:
        suffixes.pop()
    return "json" if suffixes and suffixes[-1] in JSON_SUFFIXES else "csv"


def _unpack_zstd(path: Path, packed: Path, copy: Path) -> Path:
    """Unpack with DuckDB, line by line, which keeps every character but the kind of line ends."""
    import duckdb  # noqa: PLC0415

    lines = (
        f"read_csv({literal(str(packed))}, auto_detect = false, header = false, quote = '', "
        f"escape = '', delim = {literal(NO_DELIMITER)}, columns = {{'line': 'VARCHAR'}}, "
        "compression = 'zstd', max_line_size = 16777216)"
    )
    target = f"{literal(str(copy))} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER "
    try:
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT line FROM {lines}) TO {target}{literal(NO_DELIMITER)})"
            )
    except duckdb.Error as error:
        what = "the zstd file is damaged, or holds no text in UTF-8."
        raise DataError(what, where=str(path), fix="Unpack it, and look.") from error
    return copy


def _decode(path: Path, encoded: Path, copy: Path, encoding: str) -> Path:
    """Write a file anew in UTF-8, since DuckDB knows few encodings by itself."""
    try:
        with (
            encoded.open(encoding=encoding, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            shutil.copyfileobj(source, target)
    except UnicodeError as error:
        what = f"the file is no text in the encoding {encoding}."
        raise DataError(what, where=str(path), fix="Correct `dataset.encoding`.") from error
    except (OSError, LookupError) as error:
        raise reading_error(path, error) from error
    return copy


class Loader:
    """Reads the files of a table, one after another, into one relation of a connection."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        reading: Reading,
        tell: Callable[[Any], bool],
        verbatim: Collection[str] = (),
    ) -> None:
        self.connection = connection
        self.verbatim = verbatim  # columns whose texts are carried along as they are
        self.reading = reading
        self.tell = tell
        self.columns: list[str] = []
        self.named = True
        self.head: Head | None = None  # of the first file
        self.parts: list[Part] = []
        self.notes: list[str] = []
        self.is_alone = True  # whether the table has one file
        self.has_types = False  # whether all files have them, and stay where they are

    def load(self, sources: Sequence[Source]) -> None:
        """Read all files; columns of later ones are matched by name."""
        self.is_alone = len(sources) == 1
        self.has_types = all(source.format == "parquet" for source in sources)
        for source in sources:
            load = {"csv": self._csv, "json": self._json, "parquet": self._parquet}[source.format]
            part = load(source)
            part.begin = sum(one.rows for one in self.parts)
            if source.stamp is not None and file_stamp(source.path) != source.stamp:
                what = "the file has changed while it was read."
                raise DataError(what, where=str(source.path), fix="Run it again.")
            self.parts.append(part)

    def _match(self, head: Head, *, header: bool) -> list[int]:
        """Where the columns of the table stand in a file."""
        names = list(head.first_row) if header else numbered(head.first_row)
        if not self.parts:
            self.columns, self.named, self.head = names, header, head
            return list(range(len(names)))
        first = self.parts[0].source.path
        if not header and not self.named:
            if len(names) == len(self.columns):
                return list(range(len(names)))
            what = (
                f"the file has {count(len(names), 'column')}, but {first} has {len(self.columns)}."
            )
            raise DataError(what, where=head.where)
        if names == self.columns:
            return list(range(len(names)))
        positions, missing = column_positions(names, self.columns, where=head.where)
        more = [name for name in names if name not in set(self.columns)]
        if missing or more:
            said = [f"{word} {list_columns(some)}" for word, some in
                    (("lacks", missing), ("has besides", more)) if some]  # fmt: skip
            what = f"the file {' and '.join(said)}, unlike {first}."
            raise DataError(what, where=head.where, fix="Give all files the same columns.")
        return positions

    def _create(self, types: Sequence[str]) -> None:
        if not self.parts:
            columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(types))
            self.connection.execute(f"CREATE OR REPLACE TABLE rows_of_files ({columns})")

    def _csv(self, source: Source) -> Part:
        with open_csv(source.readable, self._readable(source), shown=source.path) as file:
            header = self.tell(file)
            positions = self._match(file, header=header)
            width = len(file.first_row)
            texts = ["VARCHAR"] * width
            self._create(texts)
            part = Part(source, header, 0, "rows_of_files", names=list(self.columns),
                        stored=["text"] * len(self.columns))  # fmt: skip
            begin = self._count()
            # DuckDB skips a row of several lines as if it were one, and lines before it as if the
            # first of them told how all lines end: it would begin too late.
            is_plain = file.first_number == len(file.first_lines) == 1
            quick = QuickCsv(
                self.connection, file, source.readable, self._readable(source), header=header
            )
            if not (
                (is_plain and self._typed(quick, part))
                or (is_plain and width > 1 and quick.insert(positions, texts))
            ):
                self._carefully(file, part, positions)
            part.rows = self._count() - begin
            if not part.rows and not part.left_out:
                raise no_rows(source.path)
            return part

    def _readable(self, source: Source) -> Reading:
        """How a file is read when it may have been decoded already."""
        was_decoded = source.readable.suffix in (".utf8", ".txt")
        return replace(self.reading, encoding=None) if was_decoded else self.reading

    def _count(self) -> int:
        ((rows,),) = self.connection.execute("SELECT count(*) FROM rows_of_files").fetchall()
        return int(rows)

    def _typed(self, quick: QuickCsv, part: Part) -> bool:
        """Let DuckDB read numbers as such, where that is sure to be right; say whether it was."""
        lost = self.verbatim and self.reading.missing_values  # they would not stay what they are
        if self.parts or not self.is_alone or lost:
            return False
        numbers = quick.guess_numbers()
        if not any(numbers):
            return False
        for at in [n for n, name in enumerate(self.columns) if name in self.verbatim]:
            numbers[at] = False
        types = ["DOUBLE" if is_number else "VARCHAR" for is_number in numbers]
        self._create(types)
        if quick.insert(range(len(types)), types) and quick.are_sound(types):
            part.stored = ["number" if is_number else "text" for is_number in numbers]
            return True
        self._create(["VARCHAR"] * len(types))
        return False

    def _carefully(self, file: CsvFile, part: Part, positions: list[int]) -> None:
        """Let Python read the rows, which knows the line of each and what is wrong with it."""
        faults = 0
        told: list[DataError] = []
        widths: set[int] = set()  # of the rows that are none

        def rows() -> Iterator[list[str]]:
            nonlocal faults
            for record in file.records(header=part.header):
                if record.fault is None:
                    yield [record.cells[position] for position in positions]
                    continue
                faults += 1
                widths.add(len(record.cells))
                part.left_out.append(record.line)
                if len(told) < SHOWN:
                    where = f"{file.path}:{record.line}"
                    told.append(DataError(record.fault, where=where, fix=record.fix))
                if record.is_last and self.reading.bad_rows == "skip":
                    raise told[-1]

        lists = ", ".join(f"unnest(${n + 1}::VARCHAR[])" for n in range(len(positions)))
        chunks, right = rows(), 0
        while taken := list(islice(chunks, max(1, ROWS_AT_ONCE // len(positions)))):
            values = [list(column) for column in zip(*taken, strict=True)]
            self.connection.execute(f"INSERT INTO rows_of_files SELECT {lists}", values)
            right += len(taken)
        if faults and self.reading.bad_rows == "error":
            if not right and faults >= FEW and all("but the first row" in one.what for one in told):
                raise _unlike_the_first(file, widths)
            raise together(told, faults, "rows")

    def _json(self, source: Source) -> Part:
        import duckdb  # noqa: PLC0415

        run = self.connection.execute
        objects = f"read_json_objects({literal(str(source.readable))}, format = 'auto')"
        try:
            run(f"CREATE OR REPLACE TABLE objects AS SELECT json FROM {objects}")
        except duckdb.Error as error:
            what = f"the file is no JSON lines: {str(error).splitlines()[0]}"
            fix = 'Write one object on each line, such as {"age": 22, "sex": "male"}.'
            raise DataError(what, where=str(source.path), fix=fix) from error
        odd = run("SELECT rowid, json_type(json) FROM objects "
                  "WHERE json_type(json) <> 'OBJECT' LIMIT 1").fetchall()  # fmt: skip
        if odd:
            kind = JSON_KINDS.get(str(odd[0][1]), "a number")
            what = f"row {odd[0][0] + 1} is {kind}; an object was expected."
            raise DataError(what, where=str(source.path))
        twice = run("SELECT rowid FROM objects WHERE len(json_keys(json)) > "
                    "len(list_distinct(json_keys(json))) LIMIT 1").fetchall()  # fmt: skip
        if twice:
            what = f"row {twice[0][0] + 1} has the same name twice."
            raise DataError(what, where=str(source.path), fix="Name each value once in an object.")
        found = run("SELECT key, min(rowid), min(place) FROM (SELECT rowid, unnest(keys) AS key, "
                    "generate_subscripts(keys, 1) AS place FROM (SELECT rowid, json_keys(json) "
                    "AS keys FROM objects)) GROUP BY key ORDER BY 2, 3").fetchall()  # fmt: skip
        names = [str(name) for name, _, _ in found]
        if not names:
            raise DataError("the file has no rows.", where=str(source.path))
        positions = self._match(Names(source.path, names), header=True)
        self._create(["VARCHAR"] * len(self.columns))
        begin = self._count()
        pointers = [
            literal("/" + names[n].replace("~", "~0").replace("/", "~1")) for n in positions
        ]
        run("INSERT INTO rows_of_files SELECT "
            + ", ".join(f"json_extract_string(json, {one})" for one in pointers)
            + " FROM objects")  # fmt: skip
        nested = ", ".join(
            f"count(*) FILTER (json_type(json, {one}) IN ('ARRAY', 'OBJECT'))" for one in pointers
        )
        (counts,) = run(f"SELECT {nested} FROM (FROM objects LIMIT {LOOKED_AT})").fetchall()
        if all(counts) and self._count() - begin == 1:
            what = "the file holds one object of lists or objects: columns, it seems, and no rows."
            fix = "Write one object for each row; pandas does with `orient='records', lines=True`."
            raise DataError(what, where=str(source.path), fix=fix)
        self._tell_nested(dict(zip(self.columns, map(bool, counts), strict=True)))
        run("DROP TABLE objects")
        return Part(source, True, self._count() - begin, "rows_of_files",
                    names=list(self.columns), stored=["text"] * len(names))  # fmt: skip

    def _tell_nested(self, columns: Mapping[str, bool]) -> None:
        names = [name for name, is_nested in columns.items() if is_nested]
        if names and not self.parts:
            holds = "holds" if len(names) == 1 else "hold"
            self.notes.append(f"{list_columns(names)} {holds} lists, objects or the like: {NESTED}")

    def _parquet(self, source: Source) -> Part:
        import duckdb  # noqa: PLC0415

        run, file = self.connection.execute, literal(str(source.readable))
        try:
            described = run(f"DESCRIBE SELECT * FROM read_parquet({file})").fetchall()
            ((rows,),) = run(f"SELECT count(*) FROM read_parquet({file})").fetchall()
        except duckdb.Error as error:
            what = f"the Parquet file is damaged: {str(error).splitlines()[0]}"
            raise DataError(what, where=str(source.path), fix="Fetch or write it again.") from error
        if not rows:
            raise DataError("the file has columns but no rows.", where=str(source.path))
        names = [str(row[0]) for row in described]
        positions = self._match(Names(source.path, names), header=True)
        stored = [stored_as(str(described[n][1])) for n in positions]
        if not self.has_types:
            return self._as_texts(source, [names[n] for n in positions], stored)
        picked = ", ".join(
            f"CAST({identifier(names[n])} AS VARCHAR) AS c{at}"
            if stored[at] == "text"
            else f"{identifier(names[n])} AS c{at}"
            for at, n in enumerate(positions)
        )
        relation = f"file_{len(self.parts)}"
        run(f"CREATE TEMP VIEW {relation} AS SELECT {picked}, file_row_number AS row_of_file "
            f"FROM read_parquet({file}, file_row_number = true)")  # fmt: skip
        self._tell_nested(dict(zip(self.columns, (one == "other" for one in stored), strict=True)))
        return Part(source, True, int(rows), relation, "row_of_file",
                    names=list(self.columns), stored=stored)  # fmt: skip

    def _as_texts(self, source: Source, names: Sequence[str], stored: Sequence[Stored]) -> Part:
        """Read a Parquet file as the texts that the other files have."""
        self._create(["VARCHAR"] * len(names))
        begin = self._count()
        picked = ", ".join(map(as_text, map(identifier, names), stored))
        file = literal(str(source.readable))
        self.connection.execute(
            f"INSERT INTO rows_of_files SELECT {picked} FROM read_parquet({file})"
        )
        return Part(source, True, self._count() - begin, "rows_of_files",
                    names=list(self.columns), stored=["text"] * len(names))  # fmt: skip


def _unlike_the_first(file: CsvFile, widths: Collection[int]) -> DataError:
    """The error for a file of which all rows are wider, or narrower, than the first one."""
    names = file.first_row
    are_names = len(names) > 1 and all(names) and not names[0].startswith("#")
    if are_names and len(widths) == 1:
        what = f"the first row has {len(names)} cells, the others {min(widths)}."
        fix = "Write one name for each column; or remove the row, if it is a remark."
    else:
        shown = quote(file.delimiter.join(names))
        what = f"no row has as many cells as the first one, {shown}, which is perhaps none."
        fix = "Remove what stands before the table, such as a remark, or Excel's `sep=;`."
    return DataError(what, where=file.where, fix=fix)


def together(told: Sequence[DataError], number: int, things: str) -> DataError:
    """One error for several: the first as it is, the places and words of the next ones below it."""
    first = told[0]
    if number == 1:
        return first
    lines = [first.what, f"In all there are {number:,} such {things}; the next ones:"]
    lines += [f"{one.where}: {one.what}" for one in told[1:]]
    if number > len(told):
        lines.append(f"... and {number - len(told):,} more")
    fixes = list(dict.fromkeys(one.fix for one in told if one.fix))
    return DataError("\n  ".join(lines), where=first.where, fix="\n  ".join(fixes[:3]) or None)


def numbered(cells: Sequence[str]) -> list[str]:
    """The names of columns that have none: `column_1`, ..."""
    return [f"column_{number + 1}" for number in range(len(cells))]


def identifier(name: str) -> str:
    """Write the name of a column as SQL; the one place where a name of a file gets there."""
    return '"' + name.replace('"', '""') + '"'


def stored_as(kind: str) -> Stored:
    """What a column of a type of DuckDB holds."""
    if kind == "VARCHAR" or kind.startswith("ENUM") or kind == "UUID":
        return "text"
    if kind == "BOOLEAN":
        return "boolean"
    if kind == "DATE" or (kind.startswith("TIMESTAMP") and "[" not in kind):
        return "time"
    if "[" in kind or "(" in kind.replace("DECIMAL(", ""):
        return "other"
    if "INT" in kind and not kind.startswith("INTERVAL"):
        return "whole"
    return "number" if kind.startswith(("DECIMAL", "FLOAT", "DOUBLE", "REAL")) else "other"
