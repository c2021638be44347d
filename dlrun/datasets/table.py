"""A table of one's own: CSV, JSON lines or Parquet, in one file or in several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal

from dlrun.arrays import Dataset, Reading, Spec, TableForm
from dlrun.column import split_column
from dlrun.columns.inference import names_an_id, shapes_told
from dlrun.data.csv_header import Choice, are_numbers, foresee_columns, small_column
from dlrun.datasets.samples import Sample, with_target
from dlrun.wording import as_text

SECOND_NAMES = ("csv",)


def sample(*, path: Any, form: str | None, **arguments: Any) -> Sample:
    """The columns, and of a small file the classes; the shapes of images that the config tells."""
    known = _sample(path=path, form=form, **arguments)
    return known._replace(named=shapes_told(arguments.get("columns") or {}))


def _sample(*, path: Any, form: str | None, **arguments: Any) -> Sample:
    found = foresee_columns({"path": path, **arguments})
    if found is None:
        # What the columns are does not change the classes.
        found = foresee_columns({"path": path, **arguments, "columns": None})
        known = Sample(one_target=True, format="table")
        if found is None or len(found[0].targets) > 1 or not arguments.get("columns"):
            return known
        return _with_labels(known, path, form, found, arguments)
    columns, delimiter = found
    apart = split_column(arguments.get("split_by"))
    read = tuple(name for name in columns.feature_names if name != apart)
    names = None if columns.header is None else read
    width = len(read) if _is_plain(Path(path), delimiter, columns, read) else None
    known = Sample((width,), format="table", columns=names)
    if len(columns.targets) > 1:
        return known._replace(target=(len(columns.targets),))
    return _with_labels(known._replace(one_target=True), path, form, found, arguments)


def _with_labels(
    known: Sample,
    path: Any,
    form: str | None,
    found: tuple[Choice, str],
    arguments: Mapping[str, Any],
) -> Sample:
    """Add the classes, or that the target is a number, where the file is small."""
    columns, delimiter = found
    first, *labels = small_column(Path(path), delimiter, columns.targets[0]) or [""]
    if columns.header is False:
        labels.append(first)
    elif columns.header is None and first not in labels:
        labels = []  # whether it is a label too, the reader of the rows tells
    missing = {"", *(arguments.get("missing_values") or ())}
    return with_target(known, [label for label in labels if label not in missing], form)


def _is_plain(path: Path, delimiter: str, choice: Choice, read: Sequence[str]) -> bool:
    """Whether each column surely is one entry: all are numbers, and none is left out as an id."""
    if choice.header is True and any(map(names_an_id, read)):
        return False
    chosen = set(read)
    places = [place for name, place in zip(choice.feature_names, choice.features, strict=True)
              if name in chosen]  # fmt: skip
    return are_numbers(path, delimiter, places, header=choice.header is True)


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path | Sequence[Path],
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    columns: Mapping[str, Any] | None = None,
    where: str | None = None,
    sample_weight: str | None = None,
    test_path: Path | Sequence[Path] | None = None,
    split_by: Mapping[str, str] | None = None,
    format: Literal["csv", "json", "parquet"] | None = None,  # noqa: A002  what people call it
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    missing_values: Sequence[str] | None = None,
    bad_rows: Literal["error", "skip"] = "error",
) -> Dataset:
    """The rows of a table, in their order.

    A target column of text holds classes, numbered in the order of their sorted names. One of
    numbers holds values, which become classes if the loss asks for classes.

    Args:
        seed: Not used.
        path: A file, a list of files, or a glob such as `rides/*.parquet`, also gzipped or packed
            with zstd; columns of several files are matched by name.
        target: The target column, or several columns of numbers; null takes the last column.
        features: The feature columns, in the order in which the network gets them; null takes all
            columns but the target and the weight.
        columns: What kind each column is, by name: a word, or a mapping with `type`; the values
            tell of all others.
        where: Which rows are read, such as `fare < 300 and not embarked=null`.
        sample_weight: A column that says how much each row counts in the loss; null: all alike.
        test_path: The file, or the files, of the test rows, with the same columns.
        split_by: `{group: column}` (no group is in two splits), `{time: column}` (the last rows
            are for testing) or `{column: name}` (it names the splits); null draws by the seed.
        format: What the file is; null tells by what it begins with, and by its name.
        header: Whether the first row of a CSV file holds names; null tells by whether it holds
            numbers. Columns without names are called `column_1`, `column_2`, ...
        delimiter: What separates cells: a comma, a semicolon, a tab or a vertical bar; null: as in
            the first line.
        encoding: The encoding of the text, such as `latin-1`; null: UTF-8, or what a byte-order
            mark says.
        decimal: What stands before the decimals of a number: a point or a comma.
        thousands: What sets thousands apart in a number; null: nothing.
        missing_values: Texts that stand for a missing value, besides the empty cell.
        bad_rows: Rows that cannot be read are an error, or are left out and counted (`skip`).
    """
    from dlrun.data.table_dataset import Uses, load_table

    uses = Uses(target, features, columns, sample_weight, split_by)
    words = tuple(map(as_text, missing_values or ()))
    reading = Reading(
        delimiter, header, encoding, decimal, thousands, words, format, bad_rows, where
    )  # fmt: skip
    tests = None if test_path is None else paths_of(test_path)
    return load_table(paths_of(path), tests, reading, uses)


def paths_of(path: Any) -> list[Path]:
    """The files that a path, a list of paths or a glob names."""
    from dlrun.data.files import files_of

    return files_of(path)


def reading_of(arguments: Mapping[str, Any]) -> Reading:
    """How the files are read, of the arguments of `load_data`."""
    given = {one.name: arguments[one.name] for one in fields(Reading) if one.name in arguments}
    given["missing_values"] = tuple(map(as_text, given.get("missing_values") or ()))
    return Reading(**given)


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
    reading = Reading(arguments.get("delimiter"), header)
    return replace(spec, form=TableForm(columns, named, reading))
