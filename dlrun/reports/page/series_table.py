"""Scores the forecasts of each series for itself: of all together much variance is that between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from dlrun.reports.run_data import ReportData, Rows
from dlrun.reports.scores import distances
from dlrun.wording import cut

MOST_SERIES: Final = 12


@dataclass(frozen=True)
class SeriesRow:
    """One series, or a column of one where several are foretold."""

    name: str
    windows: int
    absolute: float  # the mean absolute error
    squared: float  # the root of the mean squared error
    naive: float | None  # the same of the baseline on the same windows; None: it says nothing


@dataclass(frozen=True)
class SeriesTable:
    """The series, in their order; of many those that are worst against the baseline, first."""

    rows: tuple[SeriesRow, ...]
    total: int
    naive: str  # what the baseline is called
    looked_at: int  # windows
    windows: int  # in all


def series_table(data: ReportData) -> SeriesTable | None:
    """Score series by series; None where there is one, or the answers are not forecasts."""
    told, rows = data.judged.foretold, data.judged
    if told is None or data.spec.series is None or rows.y_pred.shape != rows.y_true.shape:
        return None
    if len(np.unique(told.numbers)) == 1 or not told.naive:
        return None
    name = "" if data.baseline is None else data.baseline.name
    name = name if name in told.naive else next(iter(told.naive))
    found = list(_scored(rows, name, data.spec.series.targets))
    shown = found
    if len(found) > MOST_SERIES:
        shown = sorted(found, key=_share, reverse=True)[:MOST_SERIES]
    return SeriesTable(tuple(shown), len(found), name, len(rows), rows.total)


def _scored(rows: Rows, name: str, targets: tuple[str, ...]) -> Iterator[SeriesRow]:
    """Measure each series on the windows of which the baseline says something, or on all."""
    told = rows.foretold
    if told is None:
        return
    naive = np.asarray(told.naive[name], np.float64)
    shape = (-1, naive.shape[1] // len(targets), len(targets))  # (windows, horizon, targets)
    known = np.isfinite(naive).all(axis=1)
    for number in np.unique(told.numbers).tolist():
        own = told.numbers == number
        is_known = bool((own & known).any())
        own &= known | (not is_known)
        true, said, base = (
            np.asarray(one, np.float64)[own].reshape(shape)
            for one in (rows.y_true, rows.y_pred, naive)
        )
        for column, target in enumerate(targets):
            of = distances(true[..., column].ravel(), said[..., column].ravel())
            other = distances(true[..., column].ravel(), base[..., column].ravel())
            several = (target,) if len(targets) > 1 else ()
            yield SeriesRow(
                cut(", ".join((*told.keys[number], *several))),
                int(own.sum()),
                of.absolute,
                of.squared,
                other.squared if is_known else None,
            )


def _share(row: SeriesRow) -> float:
    """The error as a share of that of the baseline; what has none comes last."""
    if row.naive is None:
        return -1.0
    return row.squared / row.naive if row.naive else np.inf
