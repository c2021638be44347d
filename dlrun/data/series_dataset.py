"""Makes a dataset of a table in the order of time: its steps, series by series, and its gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import (
    Array,
    Clock,
    Dataset,
    Reading,
    Samples,
    Series,
    SeriesForm,
    StreamedArray,
    TableForm,
)  # fmt: skip
from dlrun.column import ColumnFacts, ColumnKind, FittedColumn, Holds, RawColumn
from dlrun.columns import check_options
from dlrun.columns.inference import UNREAD, holds_of, kinds_of
from dlrun.data.clock import (
    clock_of,
    missing_steps,
    positions,
    step_in_words,
    write_time,
)
from dlrun.data.csv_header import column_positions
from dlrun.data.division import shown
from dlrun.data.series_roles import Cutting, Roles, SeriesUses, roles_of
from dlrun.data.streams import chunks
from dlrun.data.table_dataset import check_reading, reason_of
from dlrun.data.tables import Table, open_table
from dlrun.data.windows import target_names
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.wording import list_some, quote, tally

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_NAMED: Final = 5  # gaps, series or rows in a message


@dataclass(frozen=True)
class Plan:
    """What is read of a table, and as what."""

    roles: Roles
    kinds: tuple[ColumnKind, ...]  # of the features, in their order
    wanted: dict[str, Holds]  # the features first
    formats: dict[str, str]  # of times
    notes: tuple[str, ...]


def load_series(
    paths: Sequence[Path], reading: Reading, uses: SeriesUses, cutting: Cutting
) -> Dataset:
    """Read a table in the order of time to train on."""
    cutting.check()
    check_reading(reading)
    with open_table(paths, reading) as table:
        roles = roles_of(table.columns, uses, paths[0])
        read = [*roles.targets, *roles.features, *roles.keys, *filter(None, [roles.time])]
        column_positions(table.columns, read, where=str(paths[0]))  # no name comes twice
        plan = _plan(table, roles, uses.columns)
        form = SeriesForm(
            TableForm(table.columns, table.named, replace(reading, where=None, bad_rows="error")),
            cutting.window, cutting.horizon, cutting.stride, roles.targets, roles.keys, None,
            cutting.season, cutting.gaps,
        )  # fmt: skip
        return read_steps(table, plan, form, cutting.border)


def held_by_steps(form: SeriesForm) -> dict[str, Holds]:
    """Tell what the columns hold that are read besides the features."""
    held: dict[str, Holds] = dict.fromkeys(form.targets, "number")
    held |= dict.fromkeys(form.keys, "text")
    if form.clock is not None:
        held[form.clock.column] = "number" if form.clock.format is None else "time"
    return held


def plan_again(form: SeriesForm, columns: Sequence[FittedColumn], *, with_target: bool) -> Plan:
    """Plan to read a later table as the one of a run was read, whose columns were fitted then.

    Without targets only what is seen of them is read.
    """
    time = None if form.clock is None else form.clock.column
    read = {column.name: column.holds for column in columns}
    forms = {column.name: column.format for column in columns if column.format is not None}
    targets = tuple(name for name in form.targets if with_target or name in read)
    roles = Roles(targets, tuple(read), form.keys, time)
    kinds = tuple(ColumnKind(column.name, column.kind, told=True) for column in columns)
    if form.clock is not None and form.clock.format is not None:
        forms[form.clock.column] = form.clock.format
    gone = {*form.targets} - {*targets}
    held = {name: one for name, one in held_by_steps(form).items() if name not in gone}
    for name, one in held.items():  # behind the features
        read.setdefault(name, one)
    return Plan(roles, kinds, read, forms, ())


def _plan(table: Table, roles: Roles, columns: Mapping[str, Any] | None) -> Plan:
    """Decide what is read of a table, and as what."""
    written = dict(columns or {})
    check_options(written)
    facts = table.facts(roles.features)
    others = [name for name in (*roles.targets, *roles.keys, *filter(None, [roles.time]))
              if name not in roles.features]  # fmt: skip
    wanted: dict[str, Holds] = {}
    formats: dict[str, str] = {}
    read, notes = [], []
    for kind in kinds_of(facts, written, others):
        holds = holds_of(kind, facts[kind.name])
        if holds is None or kind.kind in UNREAD:
            notes.append(f"column {quote(kind.name)}: left out, {kind.reason or kind.kind}")
            continue
        wanted[kind.name] = holds
        read.append(kind)
        form = kind.options.get("format") or facts[kind.name].time_format
        if holds == "time" and form is not None:
            formats[kind.name] = str(form).partition("|")[0]
    if not read:
        fix = "Say what they are: `columns: {name: number}`."
        what = f"no column is left for the network: {'; '.join(notes)}."
        raise DataError(what, where=_path(table), fix=fix)
    for name in roles.targets:
        if wanted.setdefault(name, "number") != "number":
            what = f"column {quote(name)} is read as {wanted[name]}, and what is foretold is a "
            raise DataError(f"{what}number.", where=_path(table), fix="Name another target.")
    if roles.time is not None and roles.time not in wanted:
        holds, form = _told_time(table.facts([roles.time])[roles.time], table)
        wanted[roles.time] = holds
        formats |= {} if form is None else {roles.time: form}
    for name in roles.keys:
        wanted.setdefault(name, "text")
    return Plan(roles, tuple(read), wanted, formats, tuple(notes))


def _told_time(facts: ColumnFacts, table: Table) -> tuple[Holds, str | None]:
    """Tell what the times of a series are read as, and how they are written."""
    present = facts.rows - facts.missing
    if present and facts.numbers == present:
        return "number", None
    if "|" in (facts.time_format or ""):
        text = quote(facts.top[0][0]) if facts.top else "a time"
        what = f"column {quote(facts.name)}: {text} may begin with the day or with the month."
        fix = f"Say which: `columns: {{{facts.name}: {{type: date, format: '%d/%m/%Y'}}}}`."
        raise DataError(what, where=_path(table), fix=fix)
    if 2 * facts.times < present or not facts.times:
        words = [text for text, _ in facts.no_numbers or facts.top]
        such = f"holds text such as {quote(words[0])}" if words else "is empty"
        what = f"column {quote(facts.name)} {such}; times or numbers were expected."
        raise DataError(what, where=_path(table), fix="Name another column with `dataset.time`.")
    return "time", facts.time_format


def _path(table: Table) -> str:
    return str(table.parts[0].source.path)


def read_steps(
    table: Table,
    plan: Plan,
    form: SeriesForm,
    border: Literal["targets", "windows"] = "targets",
) -> Dataset:
    """Read the rows of a table as steps of series, in the order of their keys and times."""
    streamed = reason_of(table, len(plan.wanted))
    names, width = list(plan.wanted), len(plan.kinds)
    raw, (values,) = table.gather(
        plan.wanted, plan.formats, (range(len(names)),), streamed=streamed is not None,
        others=dict.fromkeys(set(names[width:]) & {*plan.roles.targets}, False),
    )  # fmt: skip
    columns = dict(zip(names, raw, strict=True))
    place = table.placer()

    def taken(some: Sequence[str]) -> NDArray[np.float64]:
        places = [names.index(name) for name in some]
        return np.concatenate([part[:, places] for part in chunks(values)])  # (rows, some)

    numbers, keys = _series_of([columns[name] for name in form.keys], taken(form.keys), place)
    times = np.empty(0)
    if plan.roles.time is not None:
        times = taken([plan.roles.time])[:, 0]
        _check_times(columns[plan.roles.time], times, place)
    order, notes = _order(numbers, times if len(times) else None, plan.roles.time)
    x: Array = _first(values, width)
    y = taken(plan.roles.targets)
    place_of: Callable[[int], str] = place
    if order is not None:
        x = x.at(order) if isinstance(x, StreamedArray) else x[order]
        y, numbers = y[order], numbers[order]
        times = times[order] if len(times) else times
        place_of = _place_in(place, order)
    told = _Told(numbers, keys, times, columns, place_of)
    clock = _clock(form, plan, told)
    form = replace(form, clock=clock)
    if clock is None:
        times = np.concatenate([np.arange(part) for part in np.bincount(numbers)]).astype(float)
    told = replace(told, times=times)
    runs, said = _runs(told, form)
    return Dataset(
        Samples(x, y),
        target_names=target_names(form.targets, form.horizon),
        form=form,
        streamed=streamed,
        raw_columns=raw[:width],
        kinds=plan.kinds,
        place=place_of,
        notes=(*table.notes, *plan.notes, *notes, *said),
        series=Series(form, keys, numbers, times, runs, border),
    )


@dataclass(frozen=True, eq=False)
class _Told:
    """The steps, in their order."""

    numbers: NDArray[np.int64]  # (steps,): which series
    keys: tuple[tuple[str, ...], ...]
    times: NDArray[np.float64]  # (steps,)
    columns: Mapping[str, RawColumn]
    place: Callable[[int], str]

    def series(self, step: int) -> str:
        """Name the series of a step, for messages: ` of 'A'`; nothing where there is one."""
        return of_series(self.keys, int(self.numbers[step]))

    def time(self, column: str, step: int) -> str:
        return shown(self.columns[column], float(self.times[step]))


def of_series(keys: Sequence[Sequence[str]], number: int) -> str:
    """Name a series by its keys, for messages: ` of 'A'`; nothing where there is one."""
    return f" of {', '.join(map(quote, keys[number]))}" if keys[number] else ""


def _first(values: Array, width: int) -> Array:
    if isinstance(values, StreamedArray):
        return values.changed(lambda rows: rows[:, :width])
    return np.ascontiguousarray(values[:, :width])


def _place_in(place: Callable[[int], str], order: NDArray[np.int64]) -> Callable[[int], str]:
    return lambda step: place(int(order[step]))


def _series_of(
    columns: Sequence[RawColumn], values: NDArray[np.float64], place: Callable[[int], str]
) -> tuple[NDArray[np.int64], tuple[tuple[str, ...], ...]]:
    """Number the series by their keys, sorted: which each row belongs to, and their cells."""
    for column, cells in zip(columns, values.T, strict=True):
        missing = np.flatnonzero(np.isnan(cells))
        if len(missing):
            what = f"column {quote(column.name)}: {tally(len(missing), 'row')} without a key."
            fix = "Fill the cells, or leave the rows out with `dataset.where`."
            raise DataError(what, where=place(int(missing[0])), fix=fix)
    if not columns:
        return np.zeros(len(values), np.int64), ((),)
    found, numbers = np.unique(values, axis=0, return_inverse=True)
    cells = [
        tuple(shown_key(column, cell) for column, cell in zip(columns, row, strict=True))
        for row in found.tolist()
    ]
    return numbers.reshape(-1).astype(np.int64), tuple(cells)


def shown_key(column: RawColumn, value: float) -> str:
    """Write a key as the table has it."""
    return column.texts[int(value)] if column.holds == "text" else shown(column, value)


def _check_times(
    column: RawColumn, times: NDArray[np.float64], place: Callable[[int], str]
) -> None:
    """Refuse what cannot be put in order."""
    if column.holds == "text":
        what = f"column {quote(column.name)} is read as text; a time has a kind such as date."
        raise ConfigError(Problem("dataset.time", what, "Leave it out of `columns`."))
    missing = np.flatnonzero(np.isnan(times))
    if len(missing):
        what = f"column {quote(column.name)}: {tally(len(missing), 'row')} without a time"
        places = list_some([place(int(row)) for row in missing[:MOST_NAMED]], MOST_NAMED)
        fix = "Fill the cells, or leave the rows out with `dataset.where`."
        raise DataError(f"{what}: {places}.", fix=fix)


def _order(
    numbers: NDArray[np.int64], times: NDArray[np.float64] | None, name: str | None
) -> tuple[NDArray[np.int64] | None, list[str]]:
    """Give the order of rows by series and time, None where they have it; and what to say of it."""
    keys = (numbers,) if times is None else (times, numbers)
    order = np.lexsort(keys)
    if (order[1:] > order[:-1]).all():
        return None, []
    if times is None:
        return order, []
    # Series may take turns in a table; only within one the order of time is worth a word.
    by_series = np.argsort(numbers, kind="stable")
    same = np.diff(numbers[by_series]) == 0
    if (np.diff(times[by_series])[same] >= 0).all():
        return order, []
    return order, [f"the rows are put in the order of {quote(name or '')}"]


def _clock(form: SeriesForm, plan: Plan, told: _Told) -> Clock | None:
    """Find how times go on; that of a run stays, but for how large a step is where it had none."""
    name = plan.roles.time
    if name is None:
        return None
    _check_twins(name, told)
    written = None if told.columns[name].holds == "number" else plan.formats.get(name, "iso")
    found = clock_of(name, written, told.times, told.numbers)
    return found if form.clock is None or form.clock.step is None else form.clock


def _check_twins(name: str, told: _Told) -> None:
    """Refuse two steps of a series at one time."""
    same = (np.diff(told.times) == 0) & (np.diff(told.numbers) == 0)
    twins = np.flatnonzero(same)
    if not len(twins):
        return
    first = int(twins[0])
    what = (
        f"column {quote(name)}: {told.time(name, first)}{told.series(first)} comes twice "
        f"({told.place(first)} and {told.place(first + 1)})"
    )
    more = f", and so do {len(twins) - 1:,} more" if len(twins) > 1 else ""
    fix = "Leave one of the rows out"
    fix += "; if there are several series, name the column that tells them apart: `dataset.key`."
    raise DataError(f"{what}{more}; a series has one row for each time.", fix=fix)


def _runs(told: _Told, form: SeriesForm) -> tuple[NDArray[np.int64], list[str]]:
    """Part the steps where a series ends, or has a gap: begins and ends, `(runs, 2)`."""
    numbers, clock = told.numbers, form.clock
    ends = np.flatnonzero(np.diff(numbers)) + 1
    notes: list[str] = []
    if clock is not None and clock.step is not None:
        distances = np.diff(positions(told.times, clock.unit))
        inner = np.diff(numbers) == 0
        lacking = np.where(inner, missing_steps(distances, clock.step), 0)
        odd = np.flatnonzero(lacking != 0)  # NaN, too
        notes += _say_gaps(odd, lacking, told, form)
        if form.gaps == "break":
            ends = np.union1d(ends, odd + 1)
    edges = np.concatenate([[0], ends, [len(numbers)]]).astype(np.int64)
    return np.stack([edges[:-1], edges[1:]], axis=1), notes


def _say_gaps(
    odd: NDArray[np.int64], lacking: NDArray[np.float64], told: _Told, form: SeriesForm
) -> Iterator[str]:
    """Say how times go on, and where they do not."""
    clock = form.clock
    if clock is None or clock.step is None:
        return
    first, last = write_time(clock, told.times.min()), write_time(clock, told.times.max())
    usual = step_in_words(clock)
    series = f" of {len(told.keys):,} series" if form.keys else ""
    yield f"time {quote(clock.column)}{series}: from {first} to {last}, a step is {usual}"
    if not len(odd):
        return
    parts = []
    for step in odd[:MOST_NAMED].tolist():
        number = lacking[step]
        after = f"after {write_time(clock, float(told.times[step]))}{told.series(step)}"
        next_one = write_time(clock, float(told.times[step + 1]))
        unequal = f"the next is {next_one}"
        missing = unequal if np.isnan(number) else f"{tally(int(number), 'step')} missing"
        parts.append(f"{after} {missing}")
    more = f" and {len(odd) - MOST_NAMED:,} more" if len(odd) > MOST_NAMED else ""
    unequal_ones = int(np.isnan(lacking[odd]).sum())
    of_both = [
        tally(len(odd) - unequal_ones, "gap") if unequal_ones < len(odd) else "",
        tally(unequal_ones, "unequal step") if unequal_ones else "",
    ]
    said = f"time {quote(clock.column)}: {' and '.join(filter(None, of_both))}: "
    said += f"{'; '.join(parts)}{more}"
    fill = "fill in the missing rows"
    if form.gaps == "error":
        fix = f"Write {fill.removeprefix('fill in ')}, or say `gaps: break` or `gaps: join`."
        raise DataError(f"{said}.", fix=fix)
    done = f"no window goes across ({fill}, or `gaps: join` takes the steps as they come)"
    if form.gaps == "join":
        done = "`gaps: join` takes the steps as they come"
    yield f"warning: {said}; {done}"
