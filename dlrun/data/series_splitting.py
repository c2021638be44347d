"""Splits series by time: the last moments are for testing, those before them for validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import (
    Array,
    Dataset,
    Foretold,
    Samples,
    Series,
    Spec,
    Splits,
    Steps,
    StreamedArray,
)
from dlrun.column import CellError, FittedColumn
from dlrun.columns.filling import Filling
from dlrun.columns.fitted import Ranged
from dlrun.columns.packing import ways_to_read
from dlrun.data.clock import write_time
from dlrun.data.columns import check_missing, column_notes, fit_columns, pack_rows, wrong_cell
from dlrun.data.division import Division, split_error
from dlrun.data.scaling import to_float32
from dlrun.data.series_dataset import MOST_NAMED, of_series
from dlrun.data.streams import chunks
from dlrun.data.windows import (
    Cut,
    Windows,
    cut_windows,
    is_large,
    naive_forecasts,
    targets_of,
)
from dlrun.errors import DataError
from dlrun.rundir.names import SPLITS, TEST, TRAIN, VALIDATION
from dlrun.wording import list_some, quote, tally

IN_WINDOWS: Final = (
    "streaming windows: each step stands in many of them, and all of them do not fit into memory"
)


def split_series(
    dataset: Dataset, series: Series, division: Division, *, scale: str, told: Spec | None
) -> Splits:
    """Split series by time, scale steps by those that are trained on, and cut windows.

    A window belongs to the split in which all of its targets lie; what it sees may lie before, as
    it does when one forecasts. Shares are those of the moments: test moments are taken first.
    What was fitted before (`told`) is applied again, else `scale` and the kinds of columns fit.
    """
    if division.by is not None or division.fold is not None:
        what = "Series are split by time: the last moments are for testing."
        raise split_error("fold" if division.fold else "split_by", what, "Leave it out.")
    of_steps = _divide(series, division)  # (steps,)
    columns = _columns(dataset, of_steps == 0, scale=scale, told=told)
    check_missing(dataset, columns)
    steps = packed_steps(dataset, columns)
    form = series.form
    present = [TRAIN, *(split for split, share in zip(
        (VALIDATION, TEST), (division.validation_split, division.test_split), strict=True,
    ) if share)]  # fmt: skip
    y = np.asarray(dataset.train.y)
    cuts = {split: _cut(series, y, of_steps == SPLITS.index(split), split) for split in present}
    width = sum(len(column.entries) for column in columns)
    windows = sum(len(cut.begins) for cut, _ in cuts.values())
    streamed = dataset.streamed
    if streamed is None and is_large(windows, form, width, y.shape[1]):
        streamed = IN_WINDOWS
    ready = {
        split: samples_of(series, steps, y, cut, streamed=streamed is not None)
        for split, (cut, _) in cuts.items()
    }
    spec = Spec(
        input_shape=(form.window, width),
        target_names=dataset.target_names,
        form=form,
        columns=tuple(columns),
        rows={split: len(rows) for split, rows in ready.items()},
    )
    notes = [*dataset.notes, *_say_splits(series, {split: cut for split, (cut, _) in cuts.items()})]
    for split, (_, lacking) in cuts.items():
        notes += _say_lacking(split, lacking)
    notes += _say_short(series)
    if told is None:
        notes += column_notes(columns, dataset.kinds)
        notes += _say_shared_fillings(dataset, series, columns, of_steps == 0)
    return Splits(
        ready[TRAIN], ready.get(VALIDATION), ready.get(TEST), spec, streamed, notes=tuple(notes)
    )


def _divide(series: Series, asked: Division) -> NDArray[np.int64]:
    """Say of each step, `(steps,)`, which split it belongs to: 0 train, 1 validation, 2 test."""
    moments = np.unique(series.times)
    left, found = len(moments), np.zeros(len(series.times), np.int64)
    ends = np.array([np.inf, np.inf])  # the first moments of validation and test
    for place, (key, share) in enumerate(
        (("test_split", asked.test_split), ("validation_split", asked.validation_split))
    ):
        if not share:
            continue
        taken = int(share * left + 0.5)
        if taken == 0 or taken >= left:
            what = f"{share:g} of {tally(left, 'moment')} is "
            what += "none at all." if taken == 0 else "all of them."
            fix = f"Choose a {'larger' if taken == 0 else 'smaller'} share."
            raise split_error(key, what, fix)
        left -= taken
        ends[1 - place] = moments[left]
    test, validation = ends[1], ends[0]
    found[series.times >= validation] = SPLITS.index(VALIDATION)
    found[series.times >= test] = SPLITS.index(TEST)
    return found


def _columns(
    dataset: Dataset, trained: NDArray[np.bool_], *, scale: str, told: Spec | None
) -> tuple[FittedColumn, ...]:
    """Fit the columns to the steps before the first border; or take those that were fitted."""
    if told is not None:
        return told.columns or ()
    x = dataset.train.x
    steps = x.pick(trained) if isinstance(x, StreamedArray) else x[trained]
    raw, kinds = dataset.raw_columns or (), dataset.kinds
    columns = fit_columns(steps, raw, kinds, scale=scale, ways=ways_to_read(kinds, ()))
    for column in columns:
        if column.is_read and (column.sample or not column.entries):
            what = f"column {quote(column.name)} is {column.kind}; a step of a window has numbers."
            fix = f"Leave it out: `columns: {{{column.name}: ignore}}`."
            raise DataError(what, fix=fix)
    if not any(column.entries for column in columns):
        what = "no column is left for the network: all are ignored or constant."
        raise DataError(what, fix="Say what they are with `dataset.columns`.")
    return columns


def _say_shared_fillings(
    dataset: Dataset,
    series: Series,
    columns: Sequence[FittedColumn],
    trained: NDArray[np.bool_],
) -> Iterator[str]:
    """Warn where the gaps of several series become one number, which is that of none of them."""
    for place, column in enumerate(columns if len(series.keys) > 1 else ()):
        filling = getattr(column, "filling", None)
        if not isinstance(column, Ranged) or not isinstance(filling, Filling):
            continue
        common = filling.value
        if common is None or filling.how == "value" or not filling.missing:
            continue
        values = np.concatenate([part[:, place] for part in chunks(dataset.train.x)])[trained]
        numbers, lacking = series.numbers[trained], np.isnan(values)
        # Steps stand series by series.
        there, ends = values[~lacking], np.flatnonzero(np.diff(numbers[~lacking])) + 1
        medians = [float(np.median(part)) for part in np.split(there, ends)]
        if min(medians) == max(medians):
            continue
        word = "mean" if filling.how == "mean" else "median"
        low, high, value = map(column.write, (min(medians), max(medians), common))
        some = len(np.unique(numbers[lacking]))
        yield (
            f"warning: column {quote(column.name)}: the gaps of {some:,} series become {value}, "
            f"the {word} of all {len(series.keys):,} series together, whose own medians go from "
            f"{low} to {high}. Fill them in the table, each from the past of its own series, or "
            "leave these steps out with 'dataset.where': then no window goes across"
        )


def packed_steps(dataset: Dataset, columns: tuple[FittedColumn, ...]) -> Array:
    """Turn the raw steps of a dataset into what a network gets, `(steps, width)`."""
    try:
        packed: Array = pack_rows(dataset.train.x, dataset.raw_columns or (), columns, ())
    except CellError as error:
        raise wrong_cell(error, dataset, dataset.train.x) from error
    return packed


def _cut(
    series: Series, y: NDArray[np.float64], inside: NDArray[np.bool_], split: str
) -> tuple[Cut, int]:
    """Cut the windows of a split, but for those that lack a target; and how many these are."""
    form = series.form
    cut, lacking = with_targets(
        cut_windows(form, series.runs, inside, border=series.border), y, form.window, form.horizon
    )
    if not len(cut.begins):
        held = int(np.unique(series.times[inside]).size)
        longest = int(max((end - begin for begin, end in series.runs.tolist()), default=0))
        what = (
            f"no {split} window fits: its {tally(held, 'moment')} must hold {form.horizon} to be "
            f"foretold, after {form.window} that are seen; the longest series without a gap has "
            f"{tally(longest, 'step')}."
        )
        if lacking:
            what = f"none of the {tally(lacking, f'{split} window')} has all its targets."
        key = {TRAIN: "window", VALIDATION: "validation_split", TEST: "test_split"}[split]
        fix = "Choose a smaller window or horizon, or other shares"
        fix += "." if form.gaps == "join" else "; `gaps: join` passes over gaps."
        raise split_error(key, what, fix)
    return cut, lacking


def with_targets(cut: Cut, y: NDArray[np.float64], window: int, horizon: int) -> tuple[Cut, int]:
    """Leave out windows that lack a target; how many these are."""
    gone = np.concatenate([[0], np.cumsum(np.isnan(y).any(axis=1))])  # (steps + 1,)
    first = cut.begins + window
    whole = gone[first + horizon] == gone[first]
    return Cut(cut.begins[whole], cut.runs[whole]), int((~whole).sum())


def samples_of(
    series: Series, steps: Array, y: NDArray[np.float64], cut: Cut, *, streamed: bool
) -> Samples:
    """Give the windows of a cut: what is seen, what is to be foretold, and naive forecasts."""
    form = series.form
    x = Windows(steps, cut.begins, np.arange(form.window)).gathered(streamed=streamed)
    targets = to_float32(targets_of(y, cut, form, streamed=streamed), "targets")
    ahead = form.window + np.arange(form.horizon)
    told = Foretold(
        Windows(series.times, cut.begins, ahead).gathered(streamed=streamed),
        series.numbers[cut.begins],
        series.keys,
        naive_forecasts(y, cut, form, streamed=streamed),
        Steps(series.numbers, series.times, y),
    )
    return Samples(x, targets, foretold=told)


def _say_splits(series: Series, cuts: dict[str, Cut]) -> Iterator[str]:
    """Say from when to when the targets of each split are."""
    form, said = series.form, []
    for split, cut in cuts.items():
        first = series.times[cut.begins + form.window].min()
        last = series.times[cut.begins + form.window + form.horizon - 1].max()
        clock = form.clock
        begin, end = (
            (f"step {first:.0f}", f"{last:.0f}")
            if clock is None
            else (write_time(clock, float(first)), write_time(clock, float(last)))
        )
        said.append(f"{split} {tally(len(cut.begins), 'window')} of {begin} to {end}")
    yield f"split by time, by what is foretold: {', '.join(said)}"


def _say_lacking(split: str, lacking: int) -> list[str]:
    if not lacking:
        return []
    are = "window lacks" if lacking == 1 else "windows lack"
    return [f"{lacking:,} {split} {are} a target and {'is' if lacking == 1 else 'are'} left out"]


def _say_short(series: Series) -> list[str]:
    """Name the series of which no window can be cut."""
    form = series.form
    if not form.keys:
        return []
    needed = form.window + form.horizon
    longest: Any = np.zeros(len(series.keys), np.int64)
    begins, ends = series.runs.T
    np.maximum.at(longest, series.numbers[begins], ends - begins)
    short = np.flatnonzero(longest < needed).tolist()
    if not short:
        return []
    named = [of_series(series.keys, one).removeprefix(" of ") for one in short]
    have = "has" if len(short) == 1 else "have"
    said = f"{len(short):,} of {len(series.keys):,} series {have} no {needed:,} "
    return [f"{said}steps without a gap, and no window: {list_some(named, MOST_NAMED)}"]
