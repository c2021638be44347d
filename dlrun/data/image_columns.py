"""Decodes the images that the columns of a table name: of one to train on, and of later ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, Dataset, ImageForm, Reading, StreamedArray
from dlrun.column import FittedColumn, RawColumn
from dlrun.columns.image import Asked, asked
from dlrun.columns.inference import reads, told
from dlrun.data.bad_files import MOST_TOLD, Bad, bad_files_error
from dlrun.data.files import files_of
from dlrun.data.image_decoding import Decoder, decode_files
from dlrun.data.streaming import reason_to_stream
from dlrun.data.streams import chunks
from dlrun.data.tables import open_table
from dlrun.errors import DataError, DlrunError
from dlrun.shapes.images import CHANNELS_OF
from dlrun.shapes.layer import show
from dlrun.wording import list_some, listed, printable, quote, tally

PIECE_BYTES: Final = 2**24
"""About so many bytes of pixels are decoded at a time for a trained model."""


def home_of(paths: Sequence[Path], below: str | None) -> Path:
    """Tell what the names of images in some files of rows are relative to.

    Raises:
        DataError: The files lie in several folders, and nothing says which one is meant.
    """
    homes = [*dict.fromkeys(path.absolute().parent for path in paths)]
    if len(homes) > 1 and not Path(below or "").is_absolute():
        what = "the files of the table lie in several folders, and names of images are relative to "
        what += f"that of their table: {listed([str(home) for home in homes[:5]])}."
        fix = "Put them side by side, or let `folder` of the column be an absolute path."
        raise DataError(what, where=str(paths[0]), fix=fix)
    return homes[0] / (below or "")


def with_images(
    dataset: Dataset, paths: Sequence[Path], test: Dataset | None, test_paths: Sequence[Path]
) -> tuple[Dataset, Dataset | None]:
    """Decode all images of a table, and of one of test rows that is read for itself.

    The columns of images of both are the same then: the files of the test rows alone stand behind
    the others, and rows of files that cannot be read are gone where the config says so.
    """
    kinds = {kind.name: kind for kind in dataset.kinds}
    for place, raw in enumerate(dataset.raw_columns or ()):
        if raw.holds != "image":
            continue
        wanted = asked(kinds[raw.name].options)
        names = _found(raw, home_of(paths, wanted.folder))
        tested = () if test is None or test.raw_columns is None else _found(
            test.raw_columns[place], home_of(test_paths, wanted.folder))  # fmt: skip
        numbers = {file: number for number, file in enumerate(dict.fromkeys((*names, *tested)))}
        column = _Column(raw.name, place, wanted, tuple(numbers))
        both = [dataset] if test is None else [dataset, test]
        rows = sum(len(one.train) for one in both)
        codes = [np.array([numbers[file] for file in of]) for of in (names, tested)]
        both = [_numbered(one, place, of) for one, of in zip(both, codes, strict=False)]
        pixels, bad, streamed = _decoded(column, both, rows)
        read = RawColumn(raw.name, "image", column.files, pixels)
        both = [_completed(one, column, read, bad, streamed) for one in both]
        _check_rows(raw.name, dataset, both[0])
        dataset, test = both[0], both[1] if test is not None else None
    return dataset, test


@dataclass(frozen=True)
class _Column:
    name: str
    place: int  # among the columns of raw rows
    wanted: Asked
    files: tuple[str, ...]  # all different


def _found(raw: RawColumn, home: Path) -> tuple[str, ...]:
    """The files that the texts of a column name."""
    return tuple(str(home / text) for text in raw.texts)


def _numbered(dataset: Dataset, place: int, codes: NDArray[Any]) -> Dataset:
    """Give the files of a column other numbers; `codes` are the new ones by the old ones."""
    if np.array_equal(codes, np.arange(len(codes))):
        return dataset
    change = partial(_renumbered, place=place, codes=codes.astype(np.float64))
    x = dataset.train.x
    x = x.changed(change) if isinstance(x, StreamedArray) else change(x)
    return replace(dataset, train=replace(dataset.train, x=x))


def _renumbered(
    rows: NDArray[np.float64], *, place: int, codes: NDArray[np.float64]
) -> NDArray[np.float64]:
    rows = rows.copy()
    there = ~np.isnan(rows[:, place])
    rows[there, place] = codes[rows[there, place].astype(np.int64)]
    return rows


def _decoded(
    column: _Column, datasets: Sequence[Dataset], rows: int
) -> tuple[Array, Bad, str | None]:
    """Decode files: bytes, `(files, height, width, channels)`; what is bad; why it is streamed."""
    wanted, files = column.wanted, column.files
    where = f"column {quote(column.name)}"
    decoded = decode_files(files, wanted.form, wanted.size, where=where)
    bad, shape = decoded.bad, decoded.shape
    if bad and (not wanted.skip or bad.other_sizes or len(bad) == len(files)):
        raise _refused(column, bad, datasets, shape)
    taken = decoded.rows[:] if decoded.streamed is None else StreamedArray(decoded.rows)
    return taken, bad, reason_to_stream(where, rows * math.prod(shape))


def _refused(
    column: _Column, bad: Bad, datasets: Sequence[Dataset], shape: tuple[int, ...]
) -> DataError:
    option = f"dataset.columns.{column.name}"
    if bad.other_sizes:
        fix = f"The first one has {shape[0]} x {shape[1]}: say which size all are to have, "
        fix += f"such as `{option}.size: [{shape[0]}, {shape[1]}]`."
    elif column.wanted.skip:
        fix = "None is left."
    else:
        fix = f"Mend them or their names, or leave the rows out with `{option}.bad_files: skip`."
    stands = _places(column, bad, datasets)
    files = [f"{stands[place]}: {file}" if place in stands else file
             for place, file in enumerate(column.files)]  # fmt: skip
    error = bad_files_error(files, bad, where=None, fix=fix)
    return DataError(f"column {quote(column.name)}: {error.what}", fix=fix)


def _places(column: _Column, bad: Bad, datasets: Sequence[Dataset]) -> dict[int, str]:
    """Where the first bad files are named, by their numbers."""
    left = {*[*bad][:MOST_TOLD]}
    found: dict[int, str] = {}
    for dataset in datasets:
        begin = 0
        for chunk in chunks(dataset.train.x):
            if not left or dataset.place is None:
                break
            codes = chunk[:, column.place]
            for row in np.flatnonzero(np.isin(codes, [*left])).tolist():
                code = int(codes[row])
                if code in left:
                    found[code] = dataset.place(begin + row)
                    left.discard(code)
            begin += len(chunk)
    return found


def _completed(
    dataset: Dataset, column: _Column, read: RawColumn, bad: Bad, streamed: str | None
) -> Dataset:
    """Put a column that is read in the place of its names; leave out rows of bad files."""
    columns = list(dataset.raw_columns or ())
    columns[column.place] = read
    train, place, notes = dataset.train, dataset.place, list(dataset.notes)
    if bad:
        codes = np.concatenate([chunk[:, column.place] for chunk in chunks(train.x)])
        wrong = np.isin(codes, [*bad])
        stay = np.flatnonzero(~wrong)
        notes += _left_out(column, bad, wrong, dataset)
        train = train.at(stay)
        place = None if place is None else partial(_place_of, place, stay)
    if streamed is not None and not isinstance(train.x, StreamedArray):
        train = replace(train, x=StreamedArray(train.x))
    return replace(
        dataset,
        train=train,
        raw_columns=tuple(columns),
        place=place,
        streamed=dataset.streamed or streamed,
        notes=tuple(notes),
    )


def _check_rows(column: str, before: Dataset, left: Dataset) -> None:
    """Refuse to lose all rows to train on, or all of a class."""
    what = "" if len(left.train) else "no row has an image that can be read."
    if before.class_names is not None and before.train.y is not None and left.train.y is not None:
        gone = np.setdiff1d(before.train.y[:], left.train.y[:]).tolist()
        names = [before.class_names[int(number)] for number in gone]
        if names and not what:
            what = f"no image of the class {list_some(names, 5, quote)} can be read."
    if what:
        fix = "Mend one of them, or leave the class out by `dataset.where`."
        raise DataError(f"column {quote(column)}: {what}", fix=fix)


def _place_of(place: Callable[[int], str], rows: NDArray[np.int64], row: int) -> str:
    return place(int(rows[row]))


def _left_out(
    column: _Column, bad: Bad, wrong: NDArray[np.bool_], dataset: Dataset
) -> Iterator[str]:
    """Say which rows are left out for their files."""
    if not wrong.any():
        return
    stands = _places(column, bad, [dataset])
    rows = tally(int(wrong.sum()), "row")
    yield f"warning: column {quote(column.name)}: {rows} left out for files that cannot be read:"
    shown = [(place, bad[place]) for place in bad if place in stands]
    for place, why in shown:
        yield f"  {stands[place]}: {printable(column.files[place])}: {why}"
    more = len(bad) - len(shown)
    if more > 0:
        yield f"  and {tally(more, 'file')} more"


class LaterImages(ExitStack):
    """Decodes the images that later tables name, for a trained model; a context manager."""

    def __init__(self, columns: Sequence[FittedColumn], paths: Sequence[Path]) -> None:
        super().__init__()
        self._columns = {one.name: asked(one.reread) for one in columns if one.holds == "image"}
        self._homes = {
            name: home_of(paths, wanted.folder) for name, wanted in self._columns.items()
        }
        sizes = [one.sample or () for one in columns if one.holds == "image"]
        self._row_bytes = sum(math.prod(size) for size in sizes)
        self._decoders: dict[ImageForm, Decoder] = {}

    def pieces(self, rows: int) -> Iterator[slice]:
        """Cut so many rows into pieces whose pixels are held at a time; one without images."""
        step = max(1, PIECE_BYTES // self._row_bytes) if self._row_bytes else max(1, rows)
        for begin in range(0, max(rows, 1), step):
            yield slice(begin, begin + step)

    def read(
        self,
        raw: Sequence[RawColumn],
        values: NDArray[np.float64],
        place: Callable[[int], str],
    ) -> tuple[tuple[RawColumn, ...], NDArray[np.float64]]:
        """Decode what some rows, `(rows, columns)`, name: the columns, and rows that fit them.

        Raises:
            DataError: Files cannot be read; it names them with their rows.
        """
        columns = list(raw)
        values = values.copy() if self._columns else values
        for number, column in enumerate(raw):
            wanted = self._columns.get(column.name)
            if wanted is None or wanted.size is None:
                continue
            there = ~np.isnan(values[:, number])
            codes, turned = np.unique(values[there, number].astype(np.int64), return_inverse=True)
            names = tuple(column.texts[code] for code in codes.tolist())
            files = [str(self._homes[column.name] / name) for name in names]
            values[there, number] = turned
            pixels = self._decode(column.name, files, wanted, values[:, number], place)
            columns[number] = RawColumn(column.name, "image", names, pixels)
        return tuple(columns), values

    def _decode(
        self,
        name: str,
        files: Sequence[str],
        wanted: Asked,
        codes: NDArray[np.float64],
        place: Callable[[int], str],
    ) -> NDArray[Any]:
        form, size = wanted.form, wanted.size or (1, 1)
        if form not in self._decoders:
            new = Decoder(form, files=len(files), on_disk=False)
            self._decoders[form] = self.enter_context(new)
        shape = (*size, CHANNELS_OF[form.color])
        bad = self._decoders[form].decode(files, size)
        if bad:
            lines = [*files]
            for number in [*bad][:MOST_TOLD]:
                lines[number] = f"{place(int(np.argmax(codes == number)))}: {files[number]}"
            fix = "Mend them, or leave the rows out."
            if bad.other_sizes:
                fix = f"The run was trained on images of {show(shape)} alone."
            error = bad_files_error(lines, bad, where=None, fix=fix)
            raise DataError(f"column {quote(name)}: {error.what}", fix=fix)
        return self._decoders[form].rows(len(files), shape)[:]


def images_named(
    arguments: Mapping[str, Any], reading_of: Callable[[Mapping[str, Any]], Reading]
) -> list[tuple[str, Path]]:
    """Tell which images a table names, and which files those are, by the arguments of its dataset.

    None where no column is one, or the table cannot be read, of which its readers tell.
    """
    written = arguments.get("columns")
    kinds = [told(*one) for one in written.items()] if isinstance(written, Mapping) else []
    wanted = {one.name: asked(one.options) for one in kinds if reads(one.kind) == ("image",)}
    found: set[tuple[str, Path]] = set()
    for key in ("path", "test_path") if wanted else ():
        if arguments.get(key) is None:
            continue
        with suppress(DlrunError, OSError):
            files = files_of(arguments[key])
            with open_table(files, reading_of(arguments)) as table:
                for name in wanted.keys() & {*table.columns}:
                    home = home_of(files, wanted[name].folder)
                    found |= {(text, home / text) for text in table.distinct(name)}
    return sorted(found)
