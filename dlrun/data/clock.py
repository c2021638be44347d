"""How the times of series go on: in what steps, where one is missing, and what comes next."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Clock
from dlrun.data.cell_sql import ISO
from dlrun.wording import tally

Unit = Literal["number", "second", "month", "month_end"]

EXACT: Final = 1e-3
"""By so much of a step may a distance differ: numbers such as 0.1 do not add up exactly."""
DAY: Final = 86_400
ALWAYS: Final = 28  # days that every month has
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NAMED: Final = {
    ("second", 1.0): "second", ("second", 60.0): "minute", ("second", 3600.0): "hour",
    ("second", 86_400.0): "day", ("second", 604_800.0): "week",
    ("month", 1.0): "month", ("month", 3.0): "quarter", ("month", 12.0): "year",
}  # fmt: skip
"""What steps of some size are called, by their unit."""
LARGER: Final = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def find_unit(times: NDArray[np.float64], *, are_numbers: bool) -> Unit:
    """Tell in what unit steps are counted: in months where all times are on one day of the month.

    The last days of months are such a day, too. Otherwise in seconds, or in units of the numbers.
    """
    if are_numbers:
        return "number"
    whole = times.astype(np.int64)
    if not len(times) or (whole != times).any():
        return "second"
    # What is on the 31st is rather the end of a month than a day that most months lack.
    shifts: tuple[tuple[Unit, int, int], ...] = (
        ("month", 0, ALWAYS * DAY), ("month_end", DAY, DAY), ("month", 0, 31 * DAY)
    )  # fmt: skip
    for unit, shift, most in shifts:
        months, inside = _months(whole + shift)
        is_one = inside[0] == inside.min() == inside.max()
        if is_one and inside[0] < most and months.min() < months.max():
            return unit
    return "second"


def _months(moments: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The months since 1970, and the seconds since each has begun; `(rows,)` both."""
    months = moments.astype("datetime64[s]").astype("datetime64[M]")
    inside = moments - months.astype("datetime64[s]").astype(np.int64)
    return months.astype(np.int64), inside


def positions(times: NDArray[np.float64], unit: Unit) -> NDArray[np.float64]:
    """Give times, `(rows,)`, as numbers of units, of which equal steps are equally far apart."""
    if unit in ("number", "second"):
        return times
    moments = times.astype(np.int64) + (DAY if unit == "month_end" else 0)
    return _months(moments)[0].astype(np.float64)


def usual_step(distances: NDArray[np.float64]) -> float | None:
    """Give the most frequent of some distances above 0; of equally frequent ones the smallest."""
    if not len(distances):
        return None
    middle = float(np.median(distances))
    found, counts = np.unique(np.round(distances / middle, 6), return_counts=True)
    return float(found[np.argmax(counts)]) * middle


def missing_steps(distances: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Tell how many steps are missing in each distance: 0 for none, NaN where it is no multiple."""
    steps = distances / step
    whole = np.round(steps)
    fits = (np.abs(steps - whole) <= EXACT) & (whole >= 1)
    return np.where(fits, whole - 1, np.nan)


def later(clock: Clock, time: float, steps: int) -> float:
    """Give the time some steps after another one."""
    size = clock.step or 1.0
    if clock.unit in ("number", "second"):
        return time + steps * size
    moment = EPOCH + timedelta(seconds=time)
    if clock.unit == "month_end":
        moment += timedelta(days=1)
    month = moment.year * 12 + moment.month - 1 + round(steps * size)
    year, month = month // 12, month % 12 + 1
    moment = moment.replace(day=min(moment.day, monthrange(year, month)[1]), month=month, year=year)
    if clock.unit == "month_end":
        moment -= timedelta(days=1)
    return (moment - EPOCH).total_seconds()


def write_times(clock: Clock, times: Sequence[float]) -> list[str]:
    """Write times as the table of the series has them."""
    if clock.unit == "number":
        return [f"{time:.12g}" for time in times]
    form = clock.format or ISO
    if form == ISO:
        form = "%Y-%m-%d" if all(time % DAY == 0 for time in times) else "%Y-%m-%d %H:%M:%S"
    return [(EPOCH + timedelta(seconds=time)).strftime(form) for time in times]


def write_time(clock: Clock, time: float) -> str:
    """Write one time; see `write_times`."""
    return write_times(clock, [time])[0]


def step_in_words(clock: Clock) -> str:
    """Say how large a step is: `1 month`, `15 minutes`, `0.5`."""
    size, unit = clock.step or 0.0, "month" if clock.unit == "month_end" else clock.unit
    if unit == "number":
        return f"{size:g}"
    if (unit, size) in NAMED:
        return f"1 {NAMED[unit, size]}"
    if unit == "month":
        return tally(round(size), "month")
    for seconds, name in LARGER:
        if size % seconds == 0:
            return tally(round(size / seconds), name)
    return f"{size:g} seconds"


def clock_of(column: str, form: Any, times: NDArray[np.float64], numbers: NDArray[Any]) -> Clock:
    """Find how the times of series go on.

    Args:
        column: What it is called.
        form: How its times are written; None where they are numbers.
        times: Those of all steps, `(steps,)`, ascending in each series.
        numbers: Which series each step belongs to, `(steps,)`, ascending.
    """
    unit = find_unit(times, are_numbers=form is None)
    distances = np.diff(positions(times, unit))[numbers[1:] == numbers[:-1]]
    return Clock(column, None if form is None else str(form), unit, usual_step(distances))
