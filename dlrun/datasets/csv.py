"""A CSV file of one's own: numeric features, and a target of numbers or of classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlrun.data.arguments import argument_error
from dlrun.data.csv import open_csv
from dlrun.data.csv_dataset import choose_columns, read_dataset, tell_header
from dlrun.data.memory import reason_to_stream
from dlrun.shapes.files import DELIMITERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.arrays import Dataset


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    sample_weight: str | None = None,
) -> Dataset:
    """The rows of a CSV file, in their order.

    A target column of text holds classes, numbered in the order of their sorted names. One of
    numbers holds values, which become classes if the loss asks for classes. Columns without a
    header are named `column_1`, `column_2`, ...

    Args:
        seed: Not used.
        path: The file: UTF-8, cells quoted where need be.
        target: The name of the target column, or names of several columns of numbers; null
            takes the last column.
        features: The names of the feature columns, in the order in which the network gets them;
            null takes all columns but the target and the weight.
        header: Whether the first row holds names; null tells by whether it holds numbers.
        delimiter: What separates the cells: a comma, a semicolon, a tab or a vertical bar; null
            reads it off the first line.
        sample_weight: The name of a column that says how much each row counts in the loss; null
            for all alike.

    Returns:
        `x`, `(rows, columns)`, float64; `y`, class numbers `(rows,)` or values
        `(rows, targets)`, float64.

    Raises:
        ConfigError: A column of that name is not in the file.
        DataError: The file is missing or malformed; names line, column and cell.
    """
    if delimiter is not None and delimiter not in DELIMITERS:
        raise argument_error("delimiter", delimiter, 'one of ",", ";", "|" and "\\t"')
    with open_csv(Path(path), delimiter=delimiter) as file:
        has_header = tell_header(file) if header is None else header
        columns = choose_columns(file, has_header, target, features, sample_weight)
        size = file.path.stat().st_size if file.path.is_file() else 0
        return read_dataset(file, columns, streamed=reason_to_stream(file.path, size))
