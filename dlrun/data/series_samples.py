"""Reads later tables of series for a trained model: their windows, or the last one of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples, Series, SeriesForm, Spec
from dlrun.column import RawColumn
from dlrun.data.clock import later, write_times
from dlrun.data.columns import check_missing
from dlrun.data.csv_header import column_positions
from dlrun.data.labels import encode
from dlrun.data.series_dataset import MOST_NAMED, of_series, plan_again, read_steps
from dlrun.data.series_splitting import packed_steps, samples_of, with_targets
from dlrun.data.table_samples import reading_of_later
from dlrun.data.tables import Table, open_table
from dlrun.data.windows import Windows, cut_windows, is_large
from dlrun.errors import DataError
from dlrun.wording import list_columns, list_some, quote, tally

AHEAD: Final = "ahead"
"""What the steps that follow are called where there are no times: 1, 2, ..."""


@dataclass(frozen=True)
class LastWindows(Samples):
    """The last window of each series, from which what follows is foretold."""

    # What each forecast is of, `series * horizon` texts a column: the keys, and the time.
    kept: Mapping[str, list[str]] = field(default_factory=dict)
    raw: NDArray[np.float64] | None = None  # (series * window, columns), as `raw_columns` tell
    raw_columns: tuple[RawColumn, ...] = ()


@contextmanager
def open_steps(
    path: Path | Sequence[Path], spec: Spec, form: SeriesForm, *, with_target: bool
) -> Iterator[Dataset]:
    """Read a later table as that of a run was read: its steps, in their order."""
    from dlrun.data.files import files_of  # noqa: PLC0415

    files = files_of(path)
    reading = reading_of_later(form.table.reading, files[0])
    with open_table(files, reading) as table:
        plan = plan_again(form, spec.columns or (), with_target=with_target)
        _check_columns(table, list(plan.wanted), str(files[0]))
        yield read_steps(table, plan, form)


def _check_columns(table: Table, names: Sequence[str], where: str) -> None:
    _, missing = column_positions(table.columns, names, where=where)
    if missing:
        word = "column" if len(missing) == 1 else "columns"
        what = f"missing {word} {list_columns(missing)}; the file has {list_columns(table.columns)}"
        raise DataError(f"{what}.", where=where)


def read_windows(path: Path, spec: Spec, form: SeriesForm) -> tuple[Samples, tuple[str, ...]]:
    """Read all windows of a later table that have targets, and what is to be said of them."""
    with open_steps(path, spec, form, with_target=True) as dataset:
        series = _series(dataset)
        columns = spec.columns or ()
        check_missing(dataset, columns)
        y = np.asarray(dataset.train.y)
        cut, lacking = with_targets(
            cut_windows(series.form, series.runs), y, form.window, form.horizon
        )
        if not len(cut.begins):
            what = f"no window has {tally(form.window, 'step')} and {form.horizon} to be foretold."
            raise DataError(what, where=str(path))
        width, targets = spec.input_shape[-1], y.shape[1]
        streamed = dataset.streamed is not None or is_large(len(cut.begins), form, width, targets)
        samples = samples_of(series, packed_steps(dataset, columns), y, cut, streamed=streamed)
        notes = list(dataset.notes)
        if lacking:
            notes.append(f"windows that lack a target, and are left out: {lacking:,}")
        encoded = None if samples.y is None else encode(samples.y, spec)
        return replace(samples, y=encoded), tuple(notes)


def last_windows(
    dataset: Dataset, spec: Spec, *, where: str
) -> tuple[LastWindows, tuple[str, ...]]:
    """Give the last window of each series of a table, and what is to be said of them."""
    series = _series(dataset)
    form, columns = series.form, spec.columns or ()
    last_runs = {int(series.numbers[begin]): (begin, end) for begin, end in series.runs.tolist()}
    long = {number: end for number, (begin, end) in last_runs.items()
            if end - begin >= form.window}  # fmt: skip
    short = [of_series(series.keys, one).removeprefix(" of ") for one in last_runs.keys() - long]
    if not long:
        ends = [end - begin for begin, end in last_runs.values()]
        what = (
            f"{tally(form.window, 'step')} without a gap, up to the last one, are seen; the table"
        )
        what += f" has {max(ends, default=0):,}{' at most' if len(ends) > 1 else ''}."
        raise DataError(what, where=where)
    notes = [*dataset.notes]
    if short and form.keys:
        named = list_some(sorted(short), MOST_NAMED)
        notes.append(f"too short for a window, and left out: {named}")
    begins = np.array([end - form.window for end in long.values()], np.int64)
    inside = np.arange(form.window)
    seen = (begins[:, None] + inside).reshape(-1)
    raw = np.asarray(dataset.train.x[seen])
    few = replace(dataset, train=Samples(raw), place=_place_of(dataset, seen))
    check_missing(few, columns)
    steps = packed_steps(few, columns)
    x = Windows(steps, np.arange(len(begins)) * form.window, inside)[:]
    rows = LastWindows(x, kept=_what(series, list(long), begins + form.window - 1),
                       raw=raw, raw_columns=dataset.raw_columns or ())  # fmt: skip
    return rows, tuple(notes)


def _place_of(dataset: Dataset, seen: NDArray[np.int64]) -> Any:
    place = dataset.place
    return None if place is None else lambda row: place(int(seen[row]))


def columns_of_forecasts(form: SeriesForm | None) -> tuple[str, ...]:
    """Name the columns that say what a forecast is of: the keys, and the time; none without one."""
    if form is None:
        return ()
    return *form.keys, AHEAD if form.clock is None else form.clock.column


def by_step(outputs: NDArray[np.float32], spec: Spec) -> tuple[NDArray[np.float32], Spec]:
    """Give a row for each step that is foretold, `(series * horizon, targets)`, and their spec."""
    if spec.series is None:
        return outputs, spec
    targets = spec.series.targets
    return outputs.reshape(-1, len(targets)), replace(spec, target_names=targets)


def _what(series: Series, numbers: Sequence[int], last: NDArray[np.int64]) -> dict[str, list[str]]:
    """Say what the forecasts are of: the keys, and the times that follow the last ones."""
    form = series.form
    steps = range(1, form.horizon + 1)
    kept = [
        [series.keys[number][place] for number in numbers for _ in steps]
        for place in range(len(form.keys))
    ]
    if (clock := form.clock) is None:
        when = [str(step) for _ in numbers for step in steps]
    else:
        ends = series.times[last].tolist()
        when = write_times(clock, [later(clock, end, step) for end in ends for step in steps])
    return dict(zip(columns_of_forecasts(form), [*kept, when], strict=True))


def said_of_windows(samples: Samples, spec: Spec) -> dict[str, list[str]]:
    """Give the keys of windows, and the time of the first step that each foretells, `(windows,)`.

    Of rows that are no windows of series there is nothing to be said.
    """
    told, form = samples.foretold, spec.series
    if told is None or form is None:
        return {}
    said = {
        name: [told.keys[number][place] for number in told.numbers.tolist()]
        for place, name in enumerate(form.keys)
    }
    if form.clock is not None:
        first = np.asarray(told.times)[:, 0].tolist()
        said[form.clock.column] = write_times(form.clock, first)
    return said


def _series(dataset: Dataset) -> Series:
    assert dataset.series is not None  # noqa: S101  who asks has read steps
    return dataset.series


def columns_of_steps(form: SeriesForm, features: Sequence[str]) -> tuple[str, ...]:
    """Name what a table of series must have for a forecast: the keys, the time, the rest."""
    time = [] if form.clock is None else [form.clock.column]
    return tuple(dict.fromkeys((*form.keys, *time, *features)))


def refuse_a_row(spec: Spec) -> str | None:
    """Say why one row alone is not enough; None where it is."""
    if spec.series is None:
        return None
    return (
        f"the run reads windows of {tally(spec.series.window, 'step')}, and no single row; "
        f"give a table with {quote(spec.series.targets[0])} and the rest."
    )
