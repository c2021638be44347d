"""Which columns of a CSV file are what: whether its first row names them, and which are read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.catalog.spelling import near_word
from dlrun.data.csv import QUOTE
from dlrun.data.wording import count, list_columns
from dlrun.errors import ConfigError, DataError, DlrunError, Problem, cut, quote
from dlrun.shapes.cells import parse_number
from dlrun.shapes.files import csv_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.data.csv import CsvFile

LOOKED_AT = 100
"""How many lines below the first row are looked at."""
FEWEST_COUNTED = 3
"""So many numbers in a row that count up are no chance; of two, only 0 and 1 are asked about."""
SHOWN = 6
"""So many cells of a first row are shown."""
MAX_MISSING = 20
"""How many columns that are not there are told of."""
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


def choose_columns(
    file: CsvFile,
    header: bool,
    target: str | Sequence[str] | None,
    features: Sequence[str] | None,
    sample_weight: str | None = None,
) -> Choice:
    """Find the features and the targets in a file that was just opened; see `choose`."""
    return choose(
        file.first_row,
        {"target": target, "features": features, "sample_weight": sample_weight},
        header=header,
        where=(file.path, file.first_number),
        fix=file.one_column_fix,
    )


def choose(
    first_row: Sequence[str],
    arguments: Mapping[str, Any],
    *,
    header: bool | None,
    where: tuple[Path, int],
    fix: str | None = None,
) -> Choice:
    """Find the features and the targets among the columns of a file.

    Args:
        first_row: Its cells, stripped.
        arguments: `target`, one name or several, None for the last column; `features`, names,
            None for all columns that are neither target nor weight; `sample_weight`, a name or
            None.
        header: Whether the first row holds names.
        where: The file and the first row's line, for messages.
        fix: What to do where there is only one column.

    Raises:
        ConfigError: A name is not in the file, or stands for both.
        DataError: A column that is needed has no name or shares it, or there is only one column.
    """
    path, line = f"{where[0]}", f"{where[0]}:{where[1]}"
    columns = [*first_row] if header else _numbered(first_row)
    weights = [] if arguments["sample_weight"] is None else [arguments["sample_weight"]]
    unweighted = [column for column in columns if column not in weights]
    target, features = arguments["target"], arguments["features"]
    targets = unweighted[-1:] if target is None else _as_list("target", target)
    target_set = set(targets)
    if features is None:
        chosen = [column for column in unweighted if column not in target_set]
    else:
        chosen = _as_list("features", features)
    for key, names in (("target", targets), ("features", chosen), ("sample_weight", weights)):
        _check_names(key, names, columns, path)
        if "" in names:
            raise DataError(
                f"column {columns.index('') + 1} has no name.",
                where=line,
                fix="Name it, or list the columns to use under `dataset.features`.",
            )
    _check_uses(chosen, targets, weights)
    if not chosen:
        raise DataError(
            f"the file has one column, {quote(columns[0])}; a feature and a target were expected.",
            where=line,
            fix=fix,
        )
    (feature_places, _), (target_places, _), (weight_places, _) = (
        column_positions(columns, names, where=line) for names in (chosen, targets, weights)
    )
    return Choice(
        header,
        tuple(columns),
        tuple(chosen),
        tuple(targets),
        feature_places,
        target_places,
        (weights[0], weight_places[0]) if weights else None,
    )


def foresee_columns(arguments: Mapping[str, Any]) -> tuple[Choice, str] | None:
    """Tell which columns `choose_columns` will take, and the delimiter, by the first row alone.

    The arguments are those of a dataset of a table. None where they or the file do not tell.
    """
    path, header = arguments["path"], arguments["header"]
    is_path = isinstance(path, str | Path)
    found = csv_columns(Path(path), arguments["delimiter"]) if is_path else None
    if found is None:
        return None
    cells, delimiter = found
    given = [name for key in ("target", "features", "sample_weight") for name in
             _as_names(arguments[key])]  # fmt: skip
    if not isinstance(header, bool):
        has_numbers = any(parse_number(cell) is not None for cell in cells)
        header = None if has_numbers else True
    # A first row that holds numbers may be data, unless what is named stands in it.
    is_named = header is None and bool(given) and {*given} <= {*cells}
    is_read = bool(header) or is_named
    if not {*given} <= {*(cells if is_read else _numbered(cells))}:
        return None
    try:
        choice = choose(cells, arguments, header=is_read, where=(Path(path), 1))
    except DlrunError:
        return None
    return replace(choice, header=header), delimiter


def column_positions(
    header: Sequence[str], names: Sequence[str], *, where: str
) -> tuple[list[int], list[str]]:
    """Find columns by name: the positions of those that are there, and the names of the others.

    Raises:
        DataError: A name to find stands in the header twice.
    """
    places_of: dict[str, list[int]] = {}
    for index, column in enumerate(header):
        places_of.setdefault(column, []).append(index)
    positions, missing = [], []
    for name in names:
        found = places_of.get(name, [])
        if len(found) > 1:
            places = ", ".join(str(index + 1) for index in found)
            raise DataError(
                f"column {quote(name)} appears {count(len(found), 'time')} (columns {places}).",
                where=where,
                fix="Give each column a name of its own.",
            )
        if found:
            positions.append(found[0])
        else:
            missing.append(name)
    return positions, missing


def tell_header(file: CsvFile) -> bool:
    """Whether the first row of a file that was just opened holds names: none is a number.

    Raises:
        DataError: It could be either: some cells are numbers and some are not, or the numbers
            look like those of columns.
    """
    where, fix = f"{file.path}:{file.first_number}", "Set `dataset.header` to true or to false."
    numbers = [cell for cell in file.first_row if parse_number(cell) is not None]
    texts = [cell for cell in file.first_row if parse_number(cell) is None]
    if numbers and texts:
        raise DataError(
            f"the first row has numbers such as {quote(numbers[0])} and texts such as "
            f"{quote(texts[0])}; it could be a header or data.",
            where=where,
            fix=fix,
        )
    if numbers and numbers_columns(file):
        raise DataError(_doubt(numbers), where=where, fix=fix)
    return not numbers


def check_no_numbering(file: CsvFile, names: Sequence[str]) -> None:
    """Refuse rows without a header whose first row looks like the numbers of its columns."""
    if numbers_columns(file):
        numbers = [cell for cell in file.first_row if parse_number(cell) is not None]
        shown = ",".join(names) if len(names) <= SHOWN else f"{names[0]},{names[1]},..."
        raise DataError(
            _doubt(numbers),
            where=f"{file.path}:{file.first_number}",
            fix=f"Write the names of the columns into a first row ({shown}).",
        )


def numbers_columns(file: CsvFile) -> bool:
    """Whether the numbers of the first row look like those of columns; texts are passed over.

    They are whole, without a sign or a point, and grow. They count up from any number, or every
    column below them is written with points: nobody writes whole numbers on one line only.
    """
    places = [place for place, cell in enumerate(file.first_row) if parse_number(cell) is not None]
    cells = [file.first_row[place] for place in places]
    if not cells or not all(cell.isdecimal() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    if any(later <= number for number, later in pairwise(numbers)):
        return False
    counted = numbers[-1] - numbers[0] == len(numbers) - 1
    if counted and (len(numbers) >= FEWEST_COUNTED or numbers == [0, 1]):
        return len(numbers) > len((0, 1)) or bool(file.next_lines(1))
    return (len(numbers) > 1 or numbers == [0]) and _points_below(file, places)


def _points_below(file: CsvFile, places: Sequence[int]) -> bool:
    """Whether two rows or more follow, in which each of some columns is written with a point."""
    lines = [line.strip() for line in file.next_lines(LOOKED_AT)]
    rows = [line.split(file.delimiter) for line in lines if line and QUOTE not in line]
    rows = [row for row in rows if len(row) == len(file.first_row)]
    return len(rows) > 1 and all("." in row[place] for row in rows for place in places)


def _doubt(numbers: Sequence[str]) -> str:
    few = len(numbers) <= SHOWN
    shown = cut(",".join(numbers) if few else f"{numbers[0]},{numbers[1]},...,{numbers[-1]}")
    return (
        f"the first row, {shown}, looks like numbers of the columns, as pandas writes them; it "
        "could be a header or data."
    )


def _numbered(cells: Sequence[str]) -> list[str]:
    return [f"column_{number + 1}" for number in range(len(cells))]


def _as_names(given: Any) -> Sequence[str]:
    return [given] if isinstance(given, str) else given or []


def _as_list(key: str, names: str | Sequence[str]) -> list[str]:
    listed = list(_as_names(names))
    if not listed:
        raise ConfigError(Problem(f"dataset.{key}", "The list is empty; a name was expected."))
    name, times = Counter(listed).most_common(1)[0]
    if times > 1:
        raise ConfigError(Problem(f"dataset.{key}", f"{quote(name)} is listed twice."))
    return listed


def _check_names(key: str, names: Sequence[str], columns: Sequence[str], path: str) -> None:
    problems = []
    there = set(columns)
    missing = [name for name in names if name not in there]
    for number, name in enumerate(missing[:MAX_MISSING]):
        is_compared = number * len(columns) < MAX_COMPARISONS
        near = near_word(name, columns) if is_compared else None
        problems.append(
            Problem(
                f"dataset.{key}",
                f"There is no column {quote(name)} in {path}; it has {list_columns(columns)}.",
                f"Did you mean {quote(near)}?" if near else None,
            )
        )
    if len(missing) > MAX_MISSING:
        more = count(len(missing) - MAX_MISSING, "more column is", "more columns are")
        problems.append(Problem(f"dataset.{key}", f"{more} not there."))
    if problems:
        raise ConfigError(*problems)


def _check_uses(features: Sequence[str], targets: Sequence[str], weights: Sequence[str]) -> None:
    """Refuse a column that is two things at once."""
    targets_set = set(targets)
    both = [name for name in features if name in targets_set]
    if both:
        raise ConfigError(
            Problem("dataset.features", f"{quote(both[0])} is the target and a feature at once.")
        )
    for name in weights:
        if name in targets or name in features:
            use = "the target" if name in targets else "a feature"
            what = f"{quote(name)} is the weight and {use} at once."
            raise ConfigError(Problem("dataset.sample_weight", what))
