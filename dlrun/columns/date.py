"""A day or a time: its year, its month, its hour, ..., or the seconds since the first one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlrun.column import Holds, RawColumn
from dlrun.columns.filling import Filling, fit_filling
from dlrun.columns.fitted import Ranged, column_error, option_problem
from dlrun.columns.graphs import Lookups, civil, days_since_1970, seconds_of
from dlrun.columns.plain_numpy import SHARES, PlainNumpy
from dlrun.columns.scales import Scale, fit_scale
from dlrun.columns.values import TrainingValues, count_between, edges_between
from dlrun.errors import Problem

READS = ("time",)
DAY = 86400
THURSDAY = 3  # the weekday of 1970-01-01, Monday being 0


class Clock(NamedTuple):
    """Times, taken apart; each `(rows,)`."""

    year: NDArray[np.int64]
    month: NDArray[np.int64]  # from 0
    day: NDArray[np.int64]  # of the month, from 0
    days: NDArray[np.int64]  # that the month has
    yearday: NDArray[np.int64]  # from 0
    yeardays: NDArray[np.int64]  # that the year has
    weekday: NDArray[np.int64]  # Monday is 0
    hour: NDArray[np.int64]
    minute: NDArray[np.int64]
    second: NDArray[np.float64]


def take_apart(seconds: NDArray[np.float64]) -> Clock:
    """Tell the parts of times, seconds since 1970-01-01 00:00, in the proleptic calendar."""
    days = np.floor_divide(seconds, DAY).astype(np.int64)
    rest = seconds - days * float(DAY)
    date = days.astype("datetime64[D]")
    months, years = date.astype("datetime64[M]"), date.astype("datetime64[Y]")
    return Clock(
        year=years.astype(np.int64) + 1970,
        month=months.astype(np.int64) % 12,
        day=(date - months.astype(date.dtype)).astype(np.int64),
        days=((months + 1).astype(date.dtype) - months.astype(date.dtype)).astype(np.int64),
        yearday=(date - years.astype(date.dtype)).astype(np.int64),
        yeardays=((years + 1).astype(date.dtype) - years.astype(date.dtype)).astype(np.int64),
        weekday=(days + THURSDAY) % 7,
        hour=(rest // 3600).astype(np.int64),
        minute=(rest // 60 % 60).astype(np.int64),
        second=rest % 60,
    )


# Which part of its round each has gone, from 0 to 1: where it begins again it is 0 again.
ROUNDS: Final = {
    "month": lambda clock: clock.month / 12,
    "day": lambda clock: clock.day / clock.days,
    "weekday": lambda clock: clock.weekday / 7,
    "yearday": lambda clock: clock.yearday / clock.yeardays,
    "hour": lambda clock: clock.hour / 24,
    "minute": lambda clock: clock.minute / 60,
    "second": lambda clock: clock.second / 60,
}
LENGTHS: Final = {
    "month": 12, "day": 31, "weekday": 7, "yearday": 366, "hour": 24, "minute": 60, "second": 60,
}  # fmt: skip
FROM_ONE: Final = ("day", "yearday")  # the others are counted from 0
NAMES: Final = {
    "month": ("January", "February", "March", "April", "May", "June", "July", "August",
              "September", "October", "November", "December"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}  # fmt: skip
"""What people call them, whatever the language of the machine."""
STRAIGHT: Final = ("year", "seconds")
PARTS: Final = ("year", *ROUNDS, "seconds")
ENCODE: Final = '''\
def encode_date(column, cells):
    """Years and seconds straight on, else sine and cosine of what comes round: (rows, entries)."""
    told = np.array([seconds_of(column, row, cell) for row, cell in enumerate(cells)], float)
    seconds = filled(column, told)
    days = np.floor_divide(seconds, 86400).astype(int)
    rest = seconds - days * 86400.0
    date = days.astype("datetime64[D]")
    months, years = date.astype("datetime64[M]"), date.astype("datetime64[Y]")
    first_of_month, first_of_year = months.astype(date.dtype), years.astype(date.dtype)
    straight = {"year": years.astype(int) + 1970.0, "seconds": seconds - column["first"]}
    gone = {
        "month": months.astype(int) % 12 / 12,
        "day": (date - first_of_month) / ((months + 1).astype(date.dtype) - first_of_month),
        "yearday": (date - first_of_year) / ((years + 1).astype(date.dtype) - first_of_year),
        "weekday": (days + 3) % 7 / 7,
        "hour": rest // 3600 / 24,
        "minute": rest // 60 % 60 / 60,
        "second": rest % 60 / 60,
    }
    entries = []
    for part in column["parts"]:
        if part in straight:
            ranks = column["quantiles"][part]
            entries.append(straight[part] if ranks is None else shares(ranks, straight[part]))
        else:
            angle = 2 * np.pi * gone[part]
            entries += [np.sin(angle), np.cos(angle)]
    if column["told"] is not None:
        entries.append(np.isnan(told) * column["told"])
    return np.stack(entries, axis=1)'''
SECONDS: Final = '''\
ISO = re.compile(
    r"(\\d{4})-(\\d\\d)-(\\d\\d)(?:[T ](\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,9}))?)?"
    r"(?: ?(?:Z|([+-]\\d\\d)(?::?(\\d\\d))?))?)?"
)


def seconds_of(column, row, cell):
    """The seconds of a time since 1970-01-01 00:00 UTC; NaN where it is missing."""
    told = text_of(cell)
    if told is None:
        return math.nan
    form, parts = column["format"], ISO.fullmatch(told)
    try:
        if form is not None:
            moment, fraction, zone = datetime.strptime(told, form), 0.0, timedelta()
            if moment.tzinfo is not None:
                zone, moment = moment.utcoffset(), moment.replace(tzinfo=None)
        else:
            whole = [int(one or 0) for one in parts.groups()[:6]]
            moment, fraction = datetime(*whole), float(f"0.{parts[7] or 0}")
            minutes = int(parts[9] or 0) * (-1 if (parts[8] or "").startswith("-") else 1)
            zone = timedelta(hours=int(parts[8] or 0), minutes=minutes)
    except (AttributeError, ValueError):
        wanted = form or "ISO 8601"
        what = f"{told!r} is no time; {wanted} was expected"
        raise ValueError(f"row {row}, column {column['name']!r}: {what}") from None
    return (moment - zone - datetime(1970, 1, 1)).total_seconds() + fraction'''


@dataclass(frozen=True, kw_only=True)
class Date(Ranged):
    """A date, fitted."""

    kind: Literal["date"] = "date"
    holds: Holds = "time"
    written: str | None  # how its times are written; None for ISO 8601
    parts: tuple[str, ...]
    filling: Filling
    scales: tuple[Scale, ...]  # of the parts that go straight on, in their order

    @property
    def format(self) -> str | None:
        """How its times are written."""
        return self.written

    @property
    def entries(self) -> tuple[str, ...]:
        """One for a part that goes straight on, two for one that goes round."""
        names: list[str] = []
        for part in self.parts:
            ways = ("",) if part in STRAIGHT else (", sine", ", cosine")
            names += [f"{self.name} ({part}{way})" for way in ways]
        return (*names, self._flag) if self.filling.flags else tuple(names)

    @property
    def _flag(self) -> str:
        return f"{self.name} (missing)"

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.float64]:
        """Fill, take apart, scale or bend: `(rows, entries)`."""
        del texts
        entries = self.from_units(_straight_and_round(self.filling.fill(self.name, values), self))
        if self.filling.flags:
            entries = np.concatenate([entries, self.filling.told(values)[:, None]], axis=1)
        return entries

    def apply_tf(self, values: Any, lookups: Lookups) -> Any:
        """Read, fill, take apart, scale or bend: `(rows, entries)`."""
        from dlrun.backend import tf

        del lookups
        seconds = seconds_of(values, values == "", self.written, self.name)
        filled = self.filling.fill_tf(self.name, seconds)
        scales, entries = iter(self.scales), []
        for part in self.parts:
            if part in STRAIGHT:
                gone = filled - self.low if part == "seconds" else _turns_tf(filled, part)
                entries.append(next(scales).apply_tf(gone))
            else:
                angle = 2 * np.pi * _turns_tf(filled, part)
                entries += [tf.sin(angle), tf.cos(angle)]
        if self.filling.flags:
            entries.append(self.filling.told_tf(seconds))
        return tf.stack(entries, axis=1)

    def plain_numpy(self) -> PlainNumpy:
        """Read, fill, take apart, bend; years and seconds are scaled by ranks alone."""
        straight = [part for part in self.parts if part in STRAIGHT]
        ranks = dict(zip(straight, (scale.ranks for scale in self.scales), strict=True))
        facts = {
            **self.filling.facts,
            "format": self.written,
            "parts": [*self.parts],
            "first": self.low,
            "quantiles": ranks,
        }
        needed = (SHARES,) if any(ranks.values()) else ()
        return PlainNumpy(ENCODE, facts, (SECONDS, *needed))

    def in_units(self, entries: NDArray[Any]) -> NDArray[np.float64]:
        """Undo the scaling of years and seconds."""
        values = np.array(entries, np.float64)
        for place, scale in zip(self._straight, self.scales, strict=True):
            values[:, place] = scale.undo(values[:, place])
        return values

    def from_units(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale years and seconds."""
        entries = np.array(values, np.float64)
        for place, scale in zip(self._straight, self.scales, strict=True):
            entries[:, place] = scale.apply(entries[:, place])
        return entries

    @property
    def _straight(self) -> list[int]:
        """Where the entries of years and seconds stand."""
        ends = (f" ({part})" for part in STRAIGHT)
        wanted = {self.name + end for end in ends}
        return [place for place, name in enumerate(self.entries) if name in wanted]

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write the time where its seconds are known, else its parts; nothing for a missing one.

        Months and weekdays by their names, others by their numbers.
        """
        values = self.in_units(entries)
        rows = [self._undone(row) for row in values.tolist()]
        if not self.filling.flags:
            return rows
        return ["" if told else row for row, told in zip(rows, values[:, -1].tolist(), strict=True)]

    def _undone(self, row: list[float]) -> str:
        said, place = [], 0
        for part in self.parts:
            if part == "seconds":
                return self.write(row[place] + self.low)
            if part in STRAIGHT:
                said.append(f"{part} {round(row[place])}")
            else:
                gone = float(np.arctan2(row[place], row[place + 1])) / (2 * np.pi) % 1
                number = round(gone * LENGTHS[part]) % LENGTHS[part]
                names = NAMES.get(part)
                said.append(names[number] if names else f"{part} {number + (part in FROM_ONE)}")
                place += 1
            place += 1
        return ", ".join(said)

    def notes(self) -> list[str]:
        """Say what was filled."""
        return self.filling.note(self._flag, self.write)

    @staticmethod
    def write(value: float) -> str:
        """Write a time as ISO 8601 has it; a day alone where it is midnight."""
        days, rest = divmod(value, DAY)
        date = str(np.datetime64(int(days), "D"))
        if not rest:
            return date
        hours, rest = divmod(rest, 3600)
        minutes, left = divmod(rest, 60)
        return f"{date} {int(hours):02}:{int(minutes):02}:{int(left):02}"

    @property
    def outside(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Earlier and later than all."""
        return ("before", "the first"), ("after", "the last")

    def misfit(self) -> str | None:
        """Say what does not fit."""
        if not set(self.parts) <= {*PARTS}:
            return f"parts should be some of {', '.join(PARTS)}"
        if len(self.scales) != len(self._straight) or any(not one.factor for one in self.scales):
            return "scales should be one for each of year and seconds"
        return super().misfit()


def check(column: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what cannot be asked of one, whatever its values are."""
    parts = options.get("parts")
    if parts is None:
        return
    written = [*map(str, parts)]
    if not written or not {*written} <= {*PARTS} or len({*written}) < len(written):
        yield option_problem(column, "parts", parts, f"some of {', '.join(PARTS)}, each once")


def fit(
    *,
    column: RawColumn,
    values: TrainingValues,
    parts: list[str] | None = None,
    format: str | None = None,  # noqa: A002  that is what a config says
    missing: Literal["error", "median", "mean", "flag"] = "error",
    scale: Literal["standard", "minmax", "quantile", "log", "none"] | None = None,
) -> Date:
    """A day or a time, by its parts, or by the seconds since the first one.

    What comes round again, as months, weekdays and hours do, is told by its sine and cosine, so
    that December is beside January; years and seconds go straight on, and are scaled as numbers.

    Args:
        column: How it was read.
        values: Its times in the training rows.
        parts: Some of year, month, day, weekday, yearday (the day of the year), hour, minute,
            second and seconds (since the first training row); null for those of year, month,
            weekday and hour that differ in the training rows.
        format: How times are written, such as "%d/%m/%Y"; null for what the values tell.
        missing: What a missing time becomes: the median or the mean of all; flag fills in the
            median and tells the network by one more entry; error refuses it.
        scale: How years and seconds are scaled, as those of a number; null for what
            `dataset.scale` says.
    """
    name = column.name
    filling = fit_filling(name, values, missing)
    filled = filling.fill_training(values)
    if values.missing == len(values):
        raise column_error(name, "no training row has a time.", f"Leave it out: {name}: ignore.")
    wanted = _wanted(parts, filled)
    (low, high), sample = values.range(), values.sample
    edges = edges_between(sample)
    straight = {
        "year": filled.changed(lambda part: take_apart(part).year.astype(np.float64)),
        "seconds": filled.changed(lambda part: part - low),
    }
    return Date(
        name=name,
        written=format,
        parts=wanted,
        filling=filling,
        scales=tuple(fit_scale(name, scale or "none", straight[part])
                     for part in wanted if part in STRAIGHT),
        low=low,
        high=high,
        edges=edges,
        seen=tuple(count_between(sample, edges).tolist()),
    )  # fmt: skip


def _wanted(parts: Sequence[str] | None, filled: TrainingValues) -> tuple[str, ...]:
    """Choose the parts that are asked for, or those that differ."""
    if parts is not None:
        return tuple(parts)
    found: dict[str, set[int]] = {"year": set(), "month": set(), "weekday": set(), "hour": set()}
    days: set[int] = set()
    are_last = True  # of their months
    for part in filled.blocks():
        clock = take_apart(part)
        for name, seen in found.items():
            seen.update(np.unique(getattr(clock, name)).tolist())
        days.update(np.unique(clock.day).tolist())
        are_last &= bool((clock.day == clock.days - 1).all())
    differ = {name: len(seen) > 1 for name, seen in found.items()}
    differ["weekday"] &= len(days) > 1 and not are_last  # rows are months
    return tuple(part for part, it_differs in differ.items() if it_differs) or ("seconds",)


def _straight_and_round(seconds: NDArray[np.float64], column: Date) -> NDArray[np.float64]:
    """Years and seconds as they are; sine and cosine of what comes round: `(rows, entries)`."""
    clock = take_apart(seconds)
    taken: list[NDArray[np.float64]] = []
    for part in column.parts:
        if part == "year":
            taken.append(clock.year.astype(np.float64))
        elif part == "seconds":
            taken.append(seconds - column.low)
        else:
            angle = 2 * np.pi * ROUNDS[part](clock)
            taken += [np.sin(angle), np.cos(angle)]
    return np.stack(taken, axis=1)


def _turns_tf(seconds: Any, part: str) -> Any:
    """Give the year of times, float64, or which part of its round one has gone; see `ROUNDS`."""
    from dlrun.backend import tf

    def number(whole: Any) -> Any:
        return tf.cast(whole, tf.float64)

    days = tf.cast(tf.floor(seconds / DAY), tf.int64)
    rest = seconds - number(days) * DAY
    year, month, day = civil(days)
    january = days_since_1970(year, tf.ones_like(month), tf.ones_like(day))
    first = days - day + 1  # of the month
    after = days_since_1970(year + month // 12, month % 12 + 1, tf.ones_like(day))
    clock = Clock(
        year=year,
        month=number(month - 1),
        day=number(day - 1),
        days=number(after - first),
        yearday=number(days - january),
        yeardays=number(
            days_since_1970(year + 1, tf.ones_like(month), tf.ones_like(day)) - january
        ),
        weekday=number((days + THURSDAY) % 7),
        hour=tf.floor(rest / 3600),
        minute=tf.floor(rest / 60) % 60,
        second=rest % 60,
    )
    return number(year) if part == "year" else ROUNDS[part](clock)
