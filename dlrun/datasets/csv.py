"""A CSV file of one's own: numeric features, and a target of numbers or of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlrun.arrays import Dataset, Spec, TableForm
from dlrun.columns.column import ColumnKind, RawColumn, split_key
from dlrun.data.csv_header import choose_columns, foresee_columns, small_column, tell_header
from dlrun.data.generators import argument_error
from dlrun.data.headers import DELIMITERS
from dlrun.datasets.samples import Sample, split_column, with_target


def sample(*, path: Any, form: str | None, **arguments: Any) -> Sample:
    """The columns, and of a small file the classes."""
    found = foresee_columns({"path": path, **arguments})
    if found is None:
        return Sample(one_target=True, format="table")
    columns, delimiter = found
    apart = split_column(arguments.get("split_by"))
    read = tuple(name for name in columns.feature_names if name != apart)
    names = None if columns.header is None else read
    known = Sample((len(read),), format="table", columns=names)
    if len(columns.targets) > 1:
        return known._replace(target=(len(columns.targets),))
    first, *labels = small_column(Path(path), delimiter, columns.targets[0]) or [""]
    if columns.header is False:
        labels.append(first)
    elif columns.header is None and first not in labels:
        labels = []  # whether it is a label too, the reader of the rows tells
    return with_target(known._replace(one_target=True), labels, form)


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    sample_weight: str | None = None,
    split_by: Mapping[str, str] | None = None,
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
        header: Whether the first row holds names; null tells by whether it holds numbers, and asks
            where these look like the numbers of columns.
        delimiter: What separates the cells: a comma, a semicolon, a tab or a vertical bar; null
            reads it off the first line.
        sample_weight: The name of a column that says how much each row counts in the loss; null
            for all alike.
        split_by: A column that says which rows go together: `{group: column}` lets no group be in
            two splits, `{time: column}` takes the last rows for testing and those before for
            validation, `{column: name}` reads train, validation or test of every row. The
            network does not get it unless `columns` says what it is. Null draws by the seed.
    """
    from dlrun.data.csv import open_csv
    from dlrun.data.streams import reason_to_stream
    from dlrun.data.tables import read_dataset

    if delimiter is not None and delimiter not in DELIMITERS:
        raise argument_error("delimiter", delimiter, 'one of ",", ";", "|" and "\\t"')
    with open_csv(Path(path), delimiter=delimiter) as file:
        has_header = tell_header(file) if header is None else header
        uses = {"target": target, "features": features, "sample_weight": sample_weight}
        columns = choose_columns(file, uses, header=has_header)
        size = file.path.stat().st_size if file.path.is_file() else 0
        dataset = read_dataset(file, columns, streamed=reason_to_stream(file.path, size))
        names = columns.feature_names
        return replace(
            dataset,
            form=TableForm(columns.columns, has_header, header, delimiter),
            raw_columns=tuple(RawColumn(name, "number") for name in names),
            kinds=tuple(
                split_key(name) if name == split_column(split_by) else ColumnKind(name, "number")
                for name in names
            ),
        )


def recall_form(arguments: Mapping[str, Any], spec: Spec) -> Spec:
    """Complete the spec of an older run, which did not keep the form of its table.

    Where the targets are one-hot columns, it gets their names too.
    """
    import re

    target, header = arguments.get("target"), arguments.get("header")
    if spec.class_names is not None and isinstance(target, list | tuple):
        spec = replace(spec, target_names=tuple(target))
    read = [*(spec.feature_names or ()), *spec.target_names]
    read += [] if spec.sample_weight is None else [spec.sample_weight]
    numbers = [re.fullmatch("column_([1-9][0-9]*)", name) for name in read]
    named = bool(header) if header is not None else not all(numbers)
    columns: tuple[str, ...] | None = None
    if not named:
        last = max((int(number[1]) for number in numbers if number), default=0)
        columns = tuple(f"column_{number}" for number in range(1, last + 1))
    elif target is None and arguments.get("features") is None and spec.sample_weight is None:
        columns = tuple(read)
    return replace(spec, form=TableForm(columns, named, header, arguments.get("delimiter")))
