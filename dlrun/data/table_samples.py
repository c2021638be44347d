"""Reads later tables of rows for a trained model: their features, targets, weights."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Reading, Samples, Spec
from dlrun.column import CellError, Holds, RawColumn
from dlrun.columns.packing import pack
from dlrun.data.classes import UnseenClasses, is_single_one, match_values
from dlrun.data.columns import EmptyCells, refusals
from dlrun.data.files import files_of
from dlrun.data.headers import TABLE_SUFFIXES
from dlrun.data.image_columns import LaterImages
from dlrun.data.images import scale_pixels
from dlrun.data.labels import encode
from dlrun.data.rounding import WHOLE
from dlrun.data.scaling import apply_scaling
from dlrun.data.table_dataset import row_weights
from dlrun.data.table_match import Columns, feature_names_of, match_columns
from dlrun.data.tables import Table, open_table
from dlrun.errors import DataError
from dlrun.wording import count, list_columns, quote


@dataclass(frozen=True)
class TableRows(Samples):
    """Rows of a table, with what they were before they were turned into entries."""

    raw: NDArray[np.float64] | None = None  # (rows, columns), as `raw_columns` tell
    raw_columns: tuple[RawColumn, ...] = ()
    kept: Mapping[str, list[str | None]] = field(default_factory=dict)  # texts to be carried along
    place: Callable[[int], str] | None = None  # of one of these rows


MOST_NAMED = 5  # rows in a message
EMPTY = "Fill them, or leave the rows out: the run was trained without gaps in these columns."
AS_TRAINED = (
    "Mend the file, an empty cell for what is missing: the run reads it as it did in training."
)
A_KEY = re.compile(rf"`(?:dataset\.)?(?:columns|{'|'.join(one.name for one in fields(Reading))})\b")
"""What only the config of a new run could follow."""


@contextmanager
def open_rows(
    path: Path, spec: Spec, *, with_target: bool, keep: Sequence[str] = ()
) -> Iterator[tuple[tuple[str, ...], FileRows]]:
    """Open a table of rows; what the user should know of it comes with the rows."""
    reading = Reading() if spec.table is None else spec.table.reading
    found: list[Columns] = []

    def tell(head: Any) -> bool:
        found.append(match_columns(head, spec, with_target=with_target, kept=keep))
        return found[-1].header

    reading = replace(reading_of_later(reading, path), header=None)
    with (
        _advising_on_the_file(),
        open_table(files_of(path), reading, tell=tell, verbatim=keep) as table,
    ):
        if not found:  # JSON and Parquet have names in any case
            tell(table.head)
        rows = FileRows(table, found[0], spec, keep)
        yield (*found[0].notes, *table.notes), rows


@contextmanager
def _advising_on_the_file() -> Iterator[None]:
    """Let no error about a file advise what only the config of a new run could follow."""
    try:
        yield
    except DataError as error:
        if error.fix and A_KEY.search(error.fix):
            error.fix = AS_TRAINED
        raise


def reading_of_later(reading: Reading, path: Path) -> Reading:
    """Tell how a later file is read, which may come in another format than that of training.

    What its name says counts first.
    """
    form = None if {*map(str.lower, path.suffixes)}.intersection(TABLE_SUFFIXES) else reading.format
    return replace(reading, format=form)


class FileRows:
    """The rows of an open table, some at a time."""

    def __init__(self, table: Table, columns: Columns, spec: Spec, keep: Sequence[str]) -> None:
        self.table, self.spec, self.columns = table, spec, columns
        table.is_later = True
        self.left_out = 0  # rows that lack a target
        self.lacking: list[str] = []  # where the first of them stand
        self.unseen = UnseenClasses(spec.class_names or ())
        features = feature_names_of(spec)
        self.kept = self._kept(keep)
        names = dict(zip(columns.features, features, strict=True))
        names |= dict(zip(columns.targets, spec.target_names, strict=False))
        if columns.weight is not None and spec.sample_weight is not None:
            names[columns.weight] = spec.sample_weight
        names |= {place: name for name, place in self.kept.items() if place not in names}
        self.called = {name: names[place] for name, place in self.kept.items()}
        table.call(names)
        self.width = len(features)
        self.wanted, self.formats = self._wanted(features)

    def _kept(self, keep: Sequence[str]) -> dict[str, int]:
        columns = self.table.columns
        missing = [name for name in keep if name not in columns]
        if missing:
            what = f"there is no column {list_columns(missing)}; it has {list_columns(columns)}."
            raise DataError(what, where=str(self.table.head.where), fix="Correct `--keep`.")
        return {name: columns.index(name) for name in keep}

    def _wanted(self, features: Sequence[str]) -> tuple[dict[str, Holds], dict[str, str]]:
        spec = self.spec
        fitted = {column.name: column for column in spec.columns or ()}
        wanted: dict[str, Holds] = {}
        formats = {}
        for name in features:
            column = fitted.get(name)
            wanted[name] = "number" if column is None else column.holds
            if column is not None and column.format is not None:
                formats[name] = str(column.format)
        if self.columns.targets:
            is_text = spec.class_names is not None and spec.class_values is None
            one = len(self.columns.targets) == 1
            wanted |= dict.fromkeys(spec.target_names, "text" if is_text and one else "number")
        if self.columns.weight is not None and spec.sample_weight is not None:
            wanted[spec.sample_weight] = "number"
        return wanted, formats

    def __iter__(self) -> Iterator[TableRows]:
        """Read the rows, some at a time."""
        paths = [part.source.path for part in self.table.parts]
        with LaterImages(self.spec.columns or (), paths) as images:
            yield from self._turned(images)

    def _turned(self, images: LaterImages) -> Iterator[TableRows]:
        begin, empty = 0, self._empty_cells()
        for columns, read, texts in self._read(images):
            stay, weight = self._with_targets(read, begin), None
            if self.columns.weight is not None and self.spec.sample_weight is not None:
                weight = row_weights(read[:, -1], self.spec.sample_weight, self.table, begin)
                weight = weight[stay]
            values, place = read[stay], self._placer(begin + stay)
            empty.look(values, place)
            if empty:  # no row goes out any more: the others are looked through
                begin += len(read)
                continue
            raw, values[:, : self.width] = images.read(
                columns[: self.width], values[:, : self.width], place
            )
            features = raw, values[:, : self.width]
            x = _features(self.spec, *features, place, str(self.table.parts[0].source.path))
            y = None
            if self.columns.targets:
                end = self.width + len(self.columns.targets)
                y = self._targets(columns[self.width], values[:, self.width : end], place)
                if self.unseen:  # nor here
                    begin += len(read)
                    continue
                y = encode(y, self.spec)
            kept = {
                name: [texts[called][row] for row in stay]
                if len(stay) < len(read)
                else texts[called]
                for name, called in self.called.items()
            }
            yield TableRows(x, y, weight, features[1], raw, kept, place)
            begin += len(read)
        if empty:
            raise empty.error(EMPTY)
        if self.unseen:
            raise self.unseen.of_column(self.spec.target_names[0])

    def _read(
        self, images: LaterImages
    ) -> Iterator[tuple[tuple[RawColumn, ...], NDArray[np.float64], dict[str, list[str | None]]]]:
        """Read raw rows, as many at a time as have pixels for a while; with what is carried."""
        texts: dict[str, list[str | None]] = {called: [] for called in self.called.values()}
        for columns, read in self.table.chunks(
            self.wanted,
            self.formats,
            others=dict.fromkeys(self.spec.target_names, self.spec.labels),
            kept=texts,
        ):
            for rows in images.pieces(len(read)):
                yield columns, read[rows], {name: one[rows] for name, one in texts.items()}

    def _empty_cells(self) -> EmptyCells:
        """Nothing yet, of the columns that take no empty cells."""
        if self.spec.columns is None:
            return EmptyCells(dict(enumerate(feature_names_of(self.spec))))
        by_name = {column.name: column for column in self.spec.columns}
        names = [*self.wanted][: self.width]
        raw = [RawColumn(name, by_name[name].holds) for name in names]
        refused = refusals([by_name[name] for name in names], raw)
        return EmptyCells({place: name for place, (name, _) in refused.items()})

    def _with_targets(self, values: NDArray[np.float64], begin: int) -> NDArray[np.int64]:
        """The numbers of the rows of a chunk that lack no target; the others are noted."""
        targets = values[:, self.width : self.width + len(self.columns.targets)]
        lacking = np.isnan(targets).any(axis=1)
        room = MOST_NAMED - len(self.lacking)
        first = np.flatnonzero(lacking)[: max(room, 0)].tolist()
        self.lacking += [self.table.place(begin + row) for row in first]
        self.left_out += int(lacking.sum())
        return np.flatnonzero(~lacking)

    def _placer(self, numbers: NDArray[np.int64]) -> Callable[[int], str]:
        return lambda row: self.table.place(int(numbers[row]))

    def lacking_targets(self) -> str | None:
        """Say which of the rows read so far lack a target, and are left out."""
        if not self.left_out:
            return None
        more = self.left_out - len(self.lacking)
        rest = f" and {more} more" if more else ""
        rows = count(self.left_out, "row")
        return f"without a target, and left out: {rows}: {', '.join(self.lacking)}{rest}"

    def _targets(
        self, column: RawColumn, values: NDArray[np.float64], place: Callable[[int], str]
    ) -> NDArray[Any]:
        """Class numbers `(rows,)`, or values `(rows, targets)`."""
        spec = self.spec
        if spec.class_names is None:
            return values
        if values.shape[1] > 1:
            return self._one_hot(values, place)
        known: tuple[Any, ...] = spec.class_values or spec.class_names
        numbers = {label: number for number, label in enumerate(known)}
        if spec.class_values is None:
            of_text = np.array([numbers.get(text, -1) for text in column.texts])
            found = of_text[values[:, 0].astype(np.int64)]
        else:
            found = np.array([numbers.get(value, -1) for value in values[:, 0].tolist()])
        rows = np.flatnonzero(found < 0)
        labels = values[rows, 0].tolist()
        shown = [column.texts[int(at)] if column.texts else f"{at:g}" for at in labels]
        self.unseen.add(shown, lambda at: place(int(rows[at])))
        return found.astype(np.int64)

    def _one_hot(
        self, values: NDArray[np.float64], place: Callable[[int], str]
    ) -> NDArray[np.int64]:
        """The position of the one in each row; where classes have numbers, the class of that."""
        spec = self.spec
        wrong = np.flatnonzero(~is_single_one(values))
        if len(wrong):
            shown = ", ".join(f"{value:g}" for value in values[wrong[0]].tolist())
            raise DataError(
                f"columns {list_columns(spec.target_names)}: {shown} is no class; a single 1 among "
                "zeros was expected.",
                where=place(int(wrong[0])),
            )
        positions: NDArray[np.int64] = values.argmax(axis=1).astype(np.int64)
        if spec.class_values is None:
            return positions
        path = str(self.table.parts[0].source.path)
        return match_values(positions, np.array(spec.class_values), path)


def rows_of_numbers(cells: Mapping[str, Sequence[Any]], spec: Spec, where: str) -> Samples | None:
    """Take columns of numbers as a file of them is read, without one.

    None where there is more to it than finite numbers in the columns of a table, each of which the
    network reads as one: whatever is missing, new or wrong in them, the reader of files tells.
    """
    names = feature_names_of(spec)
    if spec.series is not None:
        return None
    kinds = [column for column in spec.columns or () if column.is_read or column.carried]
    are_numbers = all(column.holds == "number" and not column.carried for column in kinds)
    if not are_numbers or set(names) != set(cells):
        return None
    if not all(_is_plain(cell) for column in cells.values() for cell in column):
        return None
    values = np.array([cells[name] for name in names], np.float64).T  # (rows, columns)
    columns = tuple(RawColumn(name, "number") for name in names)

    def place(row: int) -> str:
        return f"{where}: row {row + 1}"

    x = _features(spec, columns, values, place, where)
    return TableRows(x, None, None, values, columns, place=place)


def _is_plain(cell: Any) -> bool:
    """Whether a cell is a number that float64 holds as it is."""
    if type(cell) is int:
        return abs(cell) <= WHOLE
    return type(cell) is float and math.isfinite(cell)


def _features(
    spec: Spec,
    columns: tuple[RawColumn, ...],
    values: NDArray[np.float64],
    place: Callable[[int], str],
    where: str,
) -> NDArray[np.float32]:
    """Turn raw rows into what the network gets, `(rows, *input_shape)`."""
    if spec.columns is not None:
        try:
            return pack(spec.columns, spec.views, columns, values)
        except CellError as error:
            what = f"column {quote(str(error.column))}: {error.what}"
            raise DataError(what, where=place(error.row)) from error
    x: NDArray[Any] = values
    if spec.pixel_max is not None:
        x = scale_pixels(x, spec.pixel_max, place(0))
    x = x.reshape(len(x), *spec.input_shape)
    scaled: NDArray[np.float32] = apply_scaling(x, spec.scaling, where=where)
    return scaled
