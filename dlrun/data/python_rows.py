"""Rows that Python or a command line gives, as a file that every reader takes; rows given back."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from dlrun.arrays import Reading, Spec, TableForm
from dlrun.columns.inference import TEXT
from dlrun.data.prediction_files import Column, Named, Rows
from dlrun.data.samples import SampleFile, open_samples
from dlrun.data.series_samples import refuse_a_row
from dlrun.data.table_samples import AS_TRAINED, EMPTY, rows_of_numbers
from dlrun.errors import DataError, UsageError
from dlrun.shapes.cells import parse_number
from dlrun.wording import count, quote

GIVEN: Final = "rows"
"""What messages call them."""
_MOST_NAMED: Final = 20  # columns
_OF_ROWS: Final = AS_TRAINED.replace("the file", "the rows").replace("reads it", "reads them")
"""What can be done about rows, where that is said of their file."""
_OF_A_ROW: Final = {
    _OF_ROWS: AS_TRAINED.replace("the file", "the row"),
    EMPTY: "Give it a value: the run was trained without gaps in this column.",
}
"""What can be done about a row of a command line, by what is said of several."""


@contextmanager
def as_file(rows: Any, spec: Spec) -> Iterator[tuple[Path, Spec]]:
    """Write rows into a file of their own for the block, with the spec by which it is read.

    Rows are a mapping of columns, or what has `columns` as a DataFrame; or an array, `(rows,
    *input_shape)`. A path stays what it is. An image is a path, relative to where Python works; the
    bytes of a file; or an array of bytes, `(height, width)` or `(height, width, channels)`.

    Raises:
        DataError: They are neither, their columns differ in length, or a cell is no value.
    """
    if isinstance(rows, str | Path):
        yield Path(rows), spec
        return
    with TemporaryDirectory(prefix="dlrun-") as folder:
        columns = _columns(rows, spec)
        if columns is None:
            path = Path(folder, f"{GIVEN}.npy")
            np.save(path, _array(rows))
            with _named(path):
                yield path, spec
            return
        path = Path(folder, f"{GIVEN}.jsonl")
        columns = _with_files(columns, spec, Path(folder))
        with path.open("w", encoding="utf-8") as file:
            for cells in zip(*columns.values(), strict=True):
                file.write(json.dumps(dict(zip(columns, cells, strict=True))) + "\n")
        with _named(path):
            yield path, _read_plainly(spec, tuple(columns))


@contextmanager
def open_given(
    rows: Any, spec: Spec, *, keep: Sequence[str] = (), skip_bad: bool = False
) -> Iterator[SampleFile]:
    """Open rows that Python gives, see `as_file`; numbers alone need no file."""
    columns = None if keep or isinstance(rows, str | Path) else _columns(rows, spec)
    known = None if columns is None else rows_of_numbers(columns, spec, GIVEN)
    if known is not None:
        yield SampleFile((), iter([known]))
        return
    with (
        as_file(rows if columns is None else columns, spec) as (path, passing),
        open_samples(path, passing, with_target=False, keep=keep, skip_bad=skip_bad) as samples,
    ):
        yield samples


@contextmanager
def typed_as_file(text: str, spec: Spec, *, where: str) -> Iterator[tuple[Path, Spec]]:
    """Write a row that was typed, `0.3,0.1`, into a file as `as_file` does.

    Raises:
        UsageError: There are more or fewer cells than the run takes, or the run cannot read one:
            whoever reads the file in the block is spared its name.
    """
    try:
        with as_file(_typed_row(text, spec, where), spec) as file:
            yield file
    except DataError as error:
        what = str(error.what if error.where in (None, GIVEN) else f"{error.where}: {error.what}")
        what = what.replace(f"{GIVEN}: row 1: ", "").removeprefix("row 1: ")
        fix = _OF_A_ROW.get(error.fix or "", error.fix)
        raise UsageError(what, where=where, fix=fix) from error


def _typed_row(text: str, spec: Spec, where: str) -> Any:
    if (reason := refuse_a_row(spec)) is not None:
        raise UsageError(reason, where=where)
    cells = next(csv.reader([text], skipinitialspace=True), [])
    columns = [one for one in spec.columns or () if one.is_read or one.carried]
    read = [one.name for one in columns if one.is_read]
    names = read or spec.feature_names or ()
    if [one.kind for one in columns if one.is_read] == [TEXT]:
        cells = [text]  # whatever commas and quotes it has
    wanted = len(names) or math.prod(spec.input_shape)
    if len(cells) != wanted:
        listed = f": {', '.join(names)}" if 0 < len(names) <= _MOST_NAMED else ""
        raise UsageError(
            f"received {count(len(cells), 'value')}, the run takes {wanted}{listed}.",
            where=where,
            fix="Separate them by commas, such as 0.3,0.1.",
        )
    if columns:
        left = iter(cells)
        return {one.name: next(left) if one.is_read else "" for one in columns}
    numbers = [parse_number(cell.strip()) for cell in cells]
    for cell, number in zip(cells, numbers, strict=True):
        if number is None or not math.isfinite(number):
            raise UsageError(f"'{cell.strip()}' is not a number.", where=where)
    if names:
        return dict(zip(names, numbers, strict=True))
    row = np.array(numbers).reshape(1, *spec.input_shape)
    # Pixels are whole numbers, or fractions from 0 to 1.
    return row.astype(np.int64) if spec.pixel_max and not (row % 1).any() else row


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors call the rows so, and not by a file that nobody knows."""
    try:
        yield
    except DataError as error:
        texts = (error.what, error.where, error.fix)
        what, where, fix = (
            text
            and text.replace(str(path), GIVEN)
            .replace(path.name, GIVEN)
            .replace(f"{path.parent}/", "")
            for text in texts
        )
        fix = _OF_ROWS if fix == AS_TRAINED else fix
        raise DataError(what or "", where=where, fix=fix) from error


def _read_plainly(spec: Spec, columns: tuple[str, ...]) -> Spec:
    """Read numbers as Python writes them, whatever the run's own file does."""
    form = spec.table if spec.series is None else spec.series.table
    if form is None:
        return spec
    # What stands for a missing value does so in texts of Python too.
    reading = Reading(missing_values=form.reading.missing_values)
    known = columns if form.columns is None else form.columns
    read = TableForm(known, named=True, reading=reading)
    return replace(spec, form=read if spec.series is None else replace(spec.series, table=read))


def _with_files(columns: Mapping[str, list[Any]], spec: Spec, home: Path) -> dict[str, list[Any]]:
    """Write images that are given as such into files of a folder, and name them in their place."""
    filed = dict(columns)
    for name in images_of(spec) & columns.keys():
        filed[name] = [
            _filed(cell, home / f"image {row + 1}") for row, cell in enumerate(columns[name])
        ]
    return filed


def _filed(cell: Any, path: Path) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, str | Path):
        return str(Path(cell).absolute())
    path.write_bytes(cell)
    return str(path)


def images_of(spec: Spec) -> set[str]:
    """Name the columns whose values are images."""
    return {column.name for column in spec.columns or () if column.holds == "image"}


def _columns(rows: Any, spec: Spec) -> dict[str, list[Any]] | None:
    """Give the cells by column, as JSON has them; None where the rows are an array.

    Of images they are bytes, or paths.
    """
    if isinstance(rows, Mapping):
        named: Mapping[Any, Any] = rows
    elif hasattr(rows, "columns") and hasattr(rows, "__getitem__"):  # pandas, polars
        named = {name: rows[name] for name in rows.columns}
    elif isinstance(rows, Sequence) and rows and all(isinstance(row, Mapping) for row in rows):
        names = dict.fromkeys(name for row in rows for name in row)
        named = {name: [row.get(name) for row in rows] for name in names}
    else:
        return None
    images = images_of(spec)
    columns = {
        str(name): _images(str(name), column) if str(name) in images else _cells(str(name), column)
        for name, column in named.items()
    }
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{quote(name)} {length}" for name, length in lengths.items())
        raise DataError(f"the columns have different lengths: {told}.", where=GIVEN)
    if not any(lengths.values()):
        raise DataError("there are no rows.", where=GIVEN)
    return columns


def _cells(name: str, column: Any) -> list[Any]:
    """Give the cells of a column; a single value is a column of one row."""
    if isinstance(column, str | bytes) or not hasattr(column, "__iter__"):
        column = [column]
    return [_cell(name, at, cell) for at, cell in enumerate(column)]


def _images(name: str, column: Any) -> list[Any]:
    """Give images: bytes of files, paths, or None where one is missing; a single one is a row."""
    is_one = isinstance(column, str | bytes | Path) or getattr(column, "ndim", 0) == len("hw")
    cells = [column] if is_one or not hasattr(column, "__iter__") else column
    return [_image(name, at, cell) for at, cell in enumerate(cells)]


def _image(name: str, at: int, cell: Any) -> Any:
    if isinstance(cell, str | bytes | Path):
        return cell
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    array = np.asarray(cell)
    is_image = array.dtype == np.uint8 and array.ndim in (2, 3)
    if not is_image or (array.ndim > 2 and array.shape[2] not in (1, 3, 4)):  # noqa: PLR2004
        raise DataError(
            f"row {at} of the column {quote(name)} is no image.",
            where=GIVEN,
            fix="Give a path, the bytes of a file, or (height, width, channels) of uint8.",
        )
    from PIL import Image  # noqa: PLC0415  who names files does not pay for it

    stream = io.BytesIO()
    Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array).save(stream, "PNG")
    return stream.getvalue()


def _cell(name: str, at: int, cell: Any) -> Any:
    """Give a cell as JSON has it: null where it is missing, times as ISO 8601 writes them."""
    if hasattr(cell, "item") and getattr(cell, "shape", None) == ():
        # NumPy's times of nanoseconds would become whole numbers.
        cell = cell.astype("datetime64[us]").item() if cell.dtype.kind == "M" else cell.item()
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float):
        if math.isinf(cell):
            raise DataError(f"row {at} of the column {quote(name)} is infinite.", where=GIVEN)
        return None if math.isnan(cell) else cell
    if type(cell).__name__ in ("NaTType", "NAType"):  # of pandas, which need not be there
        return None
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    raise DataError(
        f"row {at} of the column {quote(name)} is of the type {type(cell).__name__}.",
        where=GIVEN,
        fix="A cell is a number, a text, a boolean, a date, or missing: None or NaN.",
    )


def _array(rows: Any) -> Any:
    """Give an array of numbers, whatever it was made of."""
    array = np.asarray(rows)
    if array.dtype.kind not in "biuf" or not array.ndim:
        raise DataError(
            f"received {type(rows).__name__}; expected a table (a DataFrame or a mapping of "
            "columns), an array of numbers, or a path.",
            where=GIVEN,
        )
    return array


class CollectedRows(Rows):
    """Keeps rows as lists, by column."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}

    def write(self, names: Sequence[str], columns: Sequence[Column]) -> None:
        """Add one chunk."""
        for name, column in zip(names, columns, strict=True):
            self.columns.setdefault(name, []).extend(_listed(column))


def _listed(column: Column) -> Sequence[Any]:
    if isinstance(column, Named):
        return [column.names[number] for number in column.numbers.tolist()]
    return column.tolist() if isinstance(column, np.ndarray) else column
