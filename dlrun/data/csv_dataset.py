"""Reads a CSV file as a dataset to train on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlrun.arrays import Dataset, Samples, StreamedArray
from dlrun.data.classes import TextClasses
from dlrun.data.csv_columns import column_positions
from dlrun.data.csv_numbers import cell_error, parse_numbers, parse_weights
from dlrun.data.rounding import WHOLE, exact_whole
from dlrun.data.spool import Pile, Spool
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.shapes.cells import is_name, number_fix, parse_number
from dlrun.wording import count, list_columns, near_word, quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlrun.data.csv import CsvFile, Piece


MAX_MISSING = 20
"""How many columns that are not there are told of."""

MAX_COMPARISONS = 50_000
"""With how many names those are compared at most, in search of what was meant."""


@dataclass(frozen=True)
class Choice:
    """Which columns of a file are what.

    Attributes:
        header: Whether the first row holds names.
        columns: All columns of the file.
        feature_names: The features, in the order in which the network gets them.
        target_names: The targets.
        features: The positions of the features, counted from 0.
        targets: The positions of the targets.
        weight: The name and the position of the column of row weights, or None.
    """

    header: bool
    columns: tuple[str, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    features: list[int]
    targets: list[int]
    weight: tuple[str, int] | None = None


def choose_columns(
    file: CsvFile,
    header: bool,
    target: str | Sequence[str] | None,
    features: Sequence[str] | None,
    sample_weight: str | None = None,
) -> Choice:
    """Finds the features and the targets in a file.

    Args:
        file: Just opened.
        header: Whether the first row holds names.
        target: One name or several; None for the last column.
        features: Names; None for all columns that are neither target nor weight.
        sample_weight: The name of the column of row weights, or None.

    Returns:
        Which columns are what.

    Raises:
        ConfigError: A name is not in the file, or stands for both.
        DataError: A column that is needed has no name or shares it, or there is only one column.
    """
    where = f"{file.path}:{file.first_number}"
    if header:
        columns = file.first_row
    else:
        columns = [f"column_{number + 1}" for number in range(len(file.first_row))]
    weights = [] if sample_weight is None else [sample_weight]
    unweighted = [column for column in columns if column not in weights]
    targets = unweighted[-1:] if target is None else _as_list("target", target)
    target_set = set(targets)
    if features is None:
        chosen = [column for column in unweighted if column not in target_set]
    else:
        chosen = _as_list("features", features)
    named = (("target", targets), ("features", chosen), ("sample_weight", weights))
    for key, names in named:
        _check_names(key, names, columns, file.path)
        if "" in names:
            place = columns.index("") + 1
            raise DataError(
                f"column {place} has no name.",
                where=where,
                fix="Name it, or list the columns to use under `dataset.features`.",
            )
    both = [name for name in chosen if name in target_set]
    if both:
        raise ConfigError(
            Problem("dataset.features", f"{quote(both[0])} is the target and a feature at once.")
        )
    if sample_weight in (*chosen, *targets):
        use = "the target" if sample_weight in targets else "a feature"
        what = f"{quote(sample_weight or '')} is the weight and {use} at once."
        raise ConfigError(Problem("dataset.sample_weight", what))
    if not chosen:
        raise DataError(
            f"the file has one column, {quote(columns[0])}; a feature and a target were expected.",
            where=where,
            fix=file.one_column_fix,
        )
    feature_positions, _ = column_positions(columns, chosen, where=where)
    target_positions, _ = column_positions(columns, targets, where=where)
    weight_positions, _ = column_positions(columns, weights, where=where)
    return Choice(
        header,
        tuple(columns),
        tuple(chosen),
        tuple(targets),
        feature_positions,
        target_positions,
        (weights[0], weight_positions[0]) if weights else None,
    )


def read_dataset(file: CsvFile, choice: Choice, *, streamed: str | None = None) -> Dataset:
    """Reads all rows.

    Args:
        file: Just opened.
        choice: Which columns are what.
        streamed: Why the numbers are to be kept on the disk; None to keep them in memory.

    Returns:
        `x`, `(rows, columns)`, float64; `y`, class numbers `(rows,)`, int64, where the target is
        text, else values `(rows, targets)`, float64; of Python's numbers where one target holds
        whole ones that float64 would merge.

    Raises:
        DataError: A cell is not what its column holds; names file, line, column and text.
    """
    classes, weights = TextClasses(choice.target_names[0]), []
    exact: dict[int, int] = {}
    rows = 0
    first: tuple[int, str] | None = None
    is_text = False
    collector = Pile if streamed is None else Spool
    with collector() as features, collector() as values:
        for piece in file.pieces(header=choice.header):
            if first is None:
                first = piece.numbers[0], piece.rows[0][choice.targets[0]].strip()
                is_text = len(choice.targets) == 1 and is_name(first[1])
            features.write(parse_numbers(piece, choice.features, choice.feature_names, file.path))
            if choice.weight is not None:
                weights.append(parse_weights(piece, *choice.weight, file.path))
            if is_text:
                classes.add(_read_labels(piece, choice, file.path, first))
            else:
                numbers = parse_numbers(piece, choice.targets, choice.target_names, file.path)
                if len(choice.targets) == 1 and streamed is None:
                    exact |= {
                        rows + row: exact_whole(piece.rows[row][choice.targets[0]])
                        for row in np.flatnonzero(np.abs(numbers[:, 0]) > WHOLE).tolist()
                    }
                values.write(numbers)
            rows += len(piece)
        x = features.array()
        class_names, y = classes.numbered() if is_text else (None, values.array())
    if exact and not isinstance(y, StreamedArray):
        y = y.astype(object)
        y[list(exact), 0] = list(exact.values())
    return Dataset(
        Samples(x, y, np.concatenate(weights) if weights else None),
        class_names=class_names,
        feature_names=choice.feature_names,
        target_names=choice.target_names,
        sample_weight=None if choice.weight is None else choice.weight[0],
        streamed=streamed,
    )


def _read_labels(piece: Piece, choice: Choice, path: Path, first: tuple[int, str]) -> list[str]:
    """The classes of some rows; `first` is that of the first row of all, with its line."""
    position, name = choice.targets[0], choice.target_names[0]
    labels = [row[position].strip() for row in piece.rows]
    for label in set(labels):
        if not is_name(label):
            if parse_number(label) is not None and number_fix(first[1]):
                raise cell_error(first[1], name, f"{path}:{first[0]}")  # the others are right
            line = piece.numbers[labels.index(label)]
            what = f"{quote(label)} is a number" if label else "the cell is empty"
            if label and parse_number(label) is None:
                what = f"{quote(label)} is no value"
            raise DataError(
                f"column {quote(name)}: {what}, but the column begins with text; "
                "a target is all numbers or all text.",
                where=f"{path}:{line}",
                fix="Mend the cell, or leave the row out.",
            )
    return labels


def _as_list(key: str, names: str | Sequence[str]) -> list[str]:
    listed = [names] if isinstance(names, str) else list(names)
    if not listed:
        raise ConfigError(Problem(f"dataset.{key}", "The list is empty; a name was expected."))
    name, times = Counter(listed).most_common(1)[0]
    if times > 1:
        raise ConfigError(Problem(f"dataset.{key}", f"{quote(name)} is listed twice."))
    return listed


def _check_names(key: str, names: Sequence[str], columns: Sequence[str], path: Path) -> None:
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
