"""Which columns of a CSV file are what: whether its first row names them, and which are read."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from dlrun.arrays import Reading
from dlrun.data.csv import QUOTE, CsvFile, open_csv
from dlrun.data.headers import DELIMITERS, SMALL, TABLE_SUFFIXES
from dlrun.errors import ConfigError, DataError, DlrunError, Problem
from dlrun.shapes.cells import parse_number
from dlrun.wording import count, cut, did_you_mean, list_columns, near_word, quote

LOOKED_AT = 100  # how many lines below the first row are looked at
FEWEST_COUNTED = 3
"""So many numbers in a row that count up are no chance; of two, only 0 and 1 are asked about."""
SHOWN = 6  # so many cells of a first row are shown
MAX_MISSING = 20  # how many columns that are not there are told of
MAX_COMPARISONS = 50_000
"""With how many names those are compared at most, in search of what was meant."""


@dataclass(frozen=True)
class Choice:
    """Which columns of a file are what; positions count from 0."""

    header: bool | None  # whether the first row holds names; None where it may be either
    columns: tuple[str, ...]  # all of them; `column_1`, ... where they have no names
    feature_names: tuple[str, ...]  # in the order in which the network gets them
    target_names: tuple[str, ...]
    features: list[int]
    targets: list[int]
    weight: tuple[str, int] | None = None  # the name and the position


def choose_columns(file: CsvFile, arguments: Mapping[str, Any], *, header: bool) -> Choice:
    """Find the features and the targets in a file that was just opened.

    Of the arguments, `target` is one name or several, None for the last column; `features` are
    names, None for all columns that are neither target nor weight; `sample_weight` is a name or
    None. A `ConfigError` says that a name is not in the file, or stands for both.
    """
    columns = file.first_row if header else _numbered(file.first_row)
    target, features, weight = (arguments[key] for key in ("target", "features", "sample_weight"))
    weights = [] if weight is None else [weight]
    unweighted = [column for column in columns if column not in weights]
    targets = unweighted[-1:] if target is None else as_list("target", target)
    target_set = set(targets)
    if features is None:
        chosen = [column for column in unweighted if column not in target_set]
    else:
        chosen = as_list("features", features)
    for key, names in (("target", targets), ("features", chosen), ("sample_weight", weights)):
        check_names(key, names, columns, file.path)
        if "" in names:
            what = f"column {columns.index('') + 1} has no name."
            fix = "Name it, or list the columns to use under `dataset.features`."
            raise DataError(what, where=file.where, fix=fix)
    _check_uses(chosen, targets, weights)
    if not chosen:
        raise DataError(
            f"the file has one column, {quote(columns[0])}; a feature and a target were expected.",
            where=file.where,
            fix=file.one_column_fix,
        )
    features_at, targets_at, weights_at = (
        column_positions(columns, names, where=file.where)[0]
        for names in (chosen, targets, weights)
    )
    named = tuple(columns), tuple(chosen), tuple(targets)
    return Choice(
        header, *named, features_at, targets_at, (weight, weights_at[0]) if weights else None
    )


def foresee_columns(arguments: Mapping[str, Any]) -> tuple[Choice, str] | None:
    """Tell which columns of a table will be read, and the delimiter, by its first row alone.

    The arguments are the dataset's own. None where they or the file do not tell: a pipe is not
    opened, since it could not be read again.
    """
    path, header, delimiter = (arguments[key] for key in ("path", "header", "delimiter"))
    is_file = isinstance(path, str | Path) and os.path.isfile(path)  # noqa: PTH113  no error
    if not is_file or delimiter not in (None, *DELIMITERS):
        return None
    plain = {name: arguments.get(name) for name in ("encoding", "thousands", "format", "columns")}
    if any(plain.values()) or arguments.get("decimal", ".") != "." or arguments.get("where"):
        return None  # what is written in another way is told when the rows are read
    given = [name for key in ("target", "features", "sample_weight") for name in
             _as_names(arguments[key])]  # fmt: skip
    try:
        with open_csv(Path(path), Reading(delimiter)) as file:
            if header is None and not file.numbers:
                header = True
            # A first row that holds numbers may be data, unless what is named stands in it.
            is_named = header is None and bool(given) and {*given} <= {*file.first_row}
            is_read = bool(header) or is_named
            columns = file.first_row if is_read else _numbered(file.first_row)
            if not {*given} <= {*columns}:
                return None  # told when the rows are read; to look for what was meant takes long
            choice = choose_columns(file, arguments, header=is_read)
    except DlrunError:
        return None
    return replace(choice, header=header), file.delimiter


def foresee_names(arguments: Mapping[str, Any]) -> tuple[Path, tuple[str, ...]] | None:
    """Read the names of the columns of a CSV file, and only these; None where it is for the rows.

    The arguments are the dataset's own; of several files it is the first that counts.
    """
    paths, header, delimiter = (arguments.get(key) for key in ("path", "header", "delimiter"))
    path: Any = paths[0] if isinstance(paths, list | tuple) and paths else paths
    is_file = isinstance(path, str | Path) and os.path.isfile(path)  # noqa: PTH113  no error
    if not is_file or header is False or delimiter not in (None, *DELIMITERS):
        return None
    is_other = {*map(str.lower, Path(path).suffixes)} & {*TABLE_SUFFIXES} - {".csv", ".tsv"}
    if is_other or arguments.get("format") not in (None, "csv"):
        return None
    has_own_numbers = arguments.get("decimal", ".") != "." or arguments.get("thousands")
    if header is None and has_own_numbers:
        return None  # whether a first row holds some is not told so
    try:
        with open_csv(Path(path), Reading(delimiter, encoding=arguments.get("encoding"))) as file:
            if header is None and (file.numbers or file.named is False):
                return None
            return Path(path), tuple(file.first_row)
    except DlrunError:
        return None


def names_in_use(arguments: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """List the columns that the arguments of a dataset name, by key; not those of `columns`."""
    for key in ("time", "key", "target", "features", "sample_weight"):
        if given := _as_names(arguments.get(key)):
            yield key, [name for name in given if isinstance(name, str)]


def no_split_column(name: str, columns: Sequence[str]) -> Problem:
    """Say that the column by which rows are split is not there."""
    fix = did_you_mean(name, columns) or f"It has {list_columns(columns)}."
    return Problem("dataset.split_by", f"The table has no column {quote(name)}.", fix)


def unknown_in_where(keys: Sequence[str], columns: Sequence[str]) -> list[Problem]:
    """Tell which columns of a condition are not there."""
    has = f"the table has {list_columns(columns)}."
    return [
        Problem("dataset.where", f"There is no column {key!r}; {has}", did_you_mean(key, columns))
        for key in dict.fromkeys(keys)
        if key not in columns
    ]


def small_column(path: Path, delimiter: str, position: int) -> tuple[str, ...] | None:
    """All cells of a column, stripped; None where the file is not small, or is malformed."""
    try:
        status = path.stat()
    except OSError:
        return None
    if status.st_size > SMALL:
        return None
    return _column(path, (status.st_size, status.st_mtime_ns), delimiter, position)


@lru_cache(maxsize=16)
def _column(
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001  a file that was changed is another one
    delimiter: str,
    position: int,
) -> tuple[str, ...] | None:
    """Read a column; several rules ask for the same one."""
    try:
        with open_csv(path, Reading(delimiter)) as file:
            return tuple(row.cells[position].strip() for row in file.rows(header=False))
    except DlrunError:
        return None


def are_numbers(path: Path, delimiter: str, positions: Sequence[int], *, header: bool) -> bool:
    """Whether all cells of columns are numbers, in a small file or the first rows of another."""
    try:
        status = path.stat()
    except OSError:
        return False
    stamp, most = (status.st_size, status.st_mtime_ns), None
    if status.st_size > SMALL:
        most = LOOKED_AT
    return _are_numbers(path, stamp, (delimiter, header), tuple(positions), most)


@lru_cache(maxsize=16)
def _are_numbers(
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001  a file that was changed is another one
    form: tuple[str, bool],  # the delimiter, and whether the first row is a header
    positions: tuple[int, ...],
    most: int | None,
) -> bool:
    try:
        with open_csv(path, Reading(form[0])) as file:
            return all(
                parse_number(row.cells[position]) is not None
                for row in islice(file.rows(header=form[1]), most)
                for position in positions
            )
    except DlrunError:
        return False


def column_positions(
    header: Sequence[str], names: Sequence[str], *, where: str
) -> tuple[list[int], list[str]]:
    """Find columns by name: the positions of those that are there, and the names of the others."""
    places_of: dict[str, list[int]] = {}
    for index, column in enumerate(header):
        places_of.setdefault(column, []).append(index)
    positions, missing = [], []
    for name in names:
        found = places_of.get(name, [])
        if len(found) > 1:
            places = ", ".join(str(index + 1) for index in found)
            what = f"column {quote(name)} appears {count(len(found), 'time')} (columns {places})."
            raise DataError(what, where=where, fix="Give each column a name of its own.")
        if found:
            positions.append(found[0])
        else:
            missing.append(name)
    return positions, missing


def tell_header(file: CsvFile) -> bool:
    """Whether the first row of a file that was just opened holds names: none is a number."""
    if file.named is not None:
        return file.named
    fix = "Set `dataset.header` to true or to false."
    texts = [cell for cell in file.first_row if parse_number(cell) is None]
    if file.numbers and texts:
        raise DataError(
            f"the first row has numbers such as {quote(file.numbers[0])} and texts such as "
            f"{quote(texts[0])}; it could be a header or data.",
            where=file.where,
            fix=fix,
        )
    if file.numbers and numbers_columns(file):
        raise _doubt(file, fix)
    return not file.numbers


def check_no_numbering(file: CsvFile, names: Sequence[str]) -> None:
    """Refuse rows without a header whose first row looks like the numbers of its columns."""
    if numbers_columns(file):
        shown = ",".join(names) if len(names) <= SHOWN else f"{names[0]},{names[1]},..."
        raise _doubt(file, f"Write the names of the columns into a first row ({shown}).")


def numbers_columns(file: CsvFile) -> bool:
    """Whether the numbers of the first row look like those of columns; texts are passed over.

    They are whole, without a sign or a point, and grow. They count up from any number, or every
    column below them is written with points: nobody writes whole numbers on one line only.
    """
    if not file.numbers or not all(cell.isdecimal() for cell in file.numbers):
        return False
    numbers = [int(cell) for cell in file.numbers]
    if any(later <= number for number, later in pairwise(numbers)):
        return False
    counted = numbers[-1] - numbers[0] == len(numbers) - 1
    if counted and (len(numbers) >= FEWEST_COUNTED or numbers == [0, 1]):
        return len(numbers) > len((0, 1)) or bool(file.next_lines(1))
    return (len(numbers) > 1 or numbers == [0]) and _points_below(file)


def _points_below(file: CsvFile) -> bool:
    """Whether two rows or more follow, with a point in each cell below a number."""
    places = [place for place, cell in enumerate(file.first_row) if parse_number(cell) is not None]
    lines = [line.strip() for line in file.next_lines(LOOKED_AT)]
    rows = [line.split(file.delimiter) for line in lines if line and QUOTE not in line]
    rows = [row for row in rows if len(row) == len(file.first_row)]
    return len(rows) > 1 and all("." in row[place] for row in rows for place in places)


def _doubt(file: CsvFile, fix: str) -> DataError:
    numbers = file.numbers
    few = len(numbers) <= SHOWN
    shown = cut(",".join(numbers) if few else f"{numbers[0]},{numbers[1]},...,{numbers[-1]}")
    return DataError(
        f"the first row, {shown}, looks like numbers of the columns, as pandas writes them; it "
        "could be a header or data.",
        where=file.where,
        fix=fix,
    )


def _numbered(cells: Sequence[str]) -> list[str]:
    return [f"column_{number + 1}" for number in range(len(cells))]


def _as_names(given: Any) -> Sequence[str]:
    return [given] if isinstance(given, str) else given or []


def as_list(key: str, names: str | Sequence[str]) -> list[str]:
    """Give the names that a key holds: one at least, and none twice."""
    listed = list(_as_names(names))
    if not listed:
        raise ConfigError(Problem(f"dataset.{key}", "The list is empty; a name was expected."))
    name, times = Counter(listed).most_common(1)[0]
    if times > 1:
        raise ConfigError(Problem(f"dataset.{key}", f"{quote(name)} is listed twice."))
    return listed


def near_names(missing: Sequence[str], columns: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Give names of columns that are not there, so many are told of, with the likeliest column."""
    for number, name in enumerate(missing[:MAX_MISSING]):
        is_compared = number * len(columns) < MAX_COMPARISONS
        yield name, near_word(name, columns) if is_compared else None


def check_names(key: str, names: Sequence[str], columns: Sequence[str], path: Path) -> None:
    """Refuse names of columns that are not there; say what may have been meant."""
    problems = []
    there = set(columns)
    missing = [name for name in names if name not in there]
    for name, near in near_names(missing, columns):
        what = f"There is no column {quote(name)} in {path}; it has {list_columns(columns)}."
        fix = _other_delimiter(name, columns) or (f"Did you mean {quote(near)}?" if near else None)
        problems.append(Problem(f"dataset.{key}", what, fix))
    if len(missing) > MAX_MISSING:
        more = count(len(missing) - MAX_MISSING, "more column is", "more columns are")
        problems.append(Problem(f"dataset.{key}", f"{more} not there."))
    if problems:
        raise ConfigError(*problems)


def _other_delimiter(name: str, columns: Sequence[str]) -> str | None:
    """The key by which a name is found in a first row that was read as a single one."""
    for mark in DELIMITERS if len(columns) == 1 else ():
        if name in (cell.strip() for cell in columns[0].split(mark)):
            return f"Say what separates the columns: `delimiter: {json.dumps(mark)}`."
    return None


def _check_uses(features: Sequence[str], targets: Sequence[str], weights: Sequence[str]) -> None:
    """Refuse a column that is two things at once."""
    targets_set = set(targets)
    both = [name for name in features if name in targets_set]
    if both:
        what = f"{quote(both[0])} is the target and a feature at once."
        raise ConfigError(Problem("dataset.features", what))
    for name in weights:
        if name in targets or name in features:
            use = "the target" if name in targets else "a feature"
            what = f"{quote(name)} is the weight and {use} at once."
            raise ConfigError(Problem("dataset.sample_weight", what))
