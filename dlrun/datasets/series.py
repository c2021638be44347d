"""Series of one's own: a table in the order of time, cut into windows; what follows is foretold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dlrun.arrays import Dataset, Reading
from dlrun.data.series_roles import Cutting, SeriesUses, foresee, foresee_width
from dlrun.datasets.samples import Sample
from dlrun.datasets.table import paths_of
from dlrun.wording import as_text


def sample(*, path: Any, window: Any, horizon: Any, form: str | None, **arguments: Any) -> Sample:
    """The shape of a window, where all columns that it shows are numbers, and of its targets."""
    del form
    known = Sample(columns=(), is_regression=True, format="steps", enough_rows=None)
    seen = foresee({"path": path, **arguments})
    if seen is None or not (type(window) is type(horizon) is int):
        return known
    width = foresee_width(Path(path), seen, arguments.get("columns"))
    return known._replace(
        shape=None if width is None else (window, width),
        target=(horizon * len(seen.roles.targets),),
    )


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path | Sequence[Path],
    window: int,
    horizon: int = 1,
    stride: int = 1,
    target: str | Sequence[str] | None = None,
    time: str | None = None,
    key: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    columns: Mapping[str, Any] | None = None,
    season: int | None = None,
    gaps: Literal["break", "join", "error"] = "break",
    border: Literal["targets", "windows"] = "targets",
    where: str | None = None,
    format: Literal["csv", "json", "parquet"] | None = None,  # noqa: A002  what people call it
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    missing_values: Sequence[str] | None = None,
    bad_rows: Literal["error", "skip"] = "error",
) -> Dataset:
    """Windows of a table in the order of time, `(window, features)`, and what follows each.

    Targets: `(horizon * targets,)`, step by step. Test, then validation rows are the last ones.

    Args:
        seed: Not used.
        path: A file, a list of files, or a glob such as `rides/*.parquet`, also gzipped or zstd.
        window: How many steps are seen.
        horizon: How many steps are foretold.
        stride: How many steps lie between the begins of two windows.
        target: The column that is foretold, or several; null takes the last one.
        time: The column of times, or of numbers; null: the rows stand in order.
        key: The column, or columns, that tell one series from another; null: there is one.
        features: The columns that are seen; null: all but time and keys, the targets among them.
        columns: What kind each column is, by name; with one, time and keys are seen, too.
        season: After how many steps a season begins again, such as 12; a baseline repeats the last.
        gaps: Where steps are missing: `break` lets no window across, `join` does, `error` refuses.
        border: What is in one split: the `targets` of a window, which sees the past, or `windows`.
        where: Which rows are read, such as `store=3 and not sales=null`.
        format: What the file is; null tells by what it begins with, and by its name.
        header: Whether the first row of a CSV file holds names; null tells by its cells.
        delimiter: A comma, a semicolon, a tab or a vertical bar; null: as in the first line.
        encoding: That of the text, such as `latin-1`; null: UTF-8, or as a byte-order mark says.
        decimal: What stands before the decimals of a number: a point or a comma.
        thousands: What sets thousands apart in a number; null: nothing.
        missing_values: Texts that stand for a missing value, besides the empty cell.
        bad_rows: Rows that cannot be read are an error, or are left out and counted (`skip`).
    """
    from dlrun.data.series_dataset import load_series

    words = tuple(map(as_text, missing_values or ()))
    read = Reading(delimiter, header, encoding, decimal, thousands, words, format, bad_rows, where)
    uses = SeriesUses(target, time, key, features, columns)
    cutting = Cutting(window, horizon, stride, season, gaps, border)
    return load_series(paths_of(path), read, uses, cutting)
