"""Dates: their parts are those of Python's `datetime`; what comes round is a point of a circle."""

import calendar
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dlrun.column import ColumnKind, RawColumn
from dlrun.columns import column_from_json, column_to_json, fit_column
from dlrun.columns.date import take_apart
from dlrun.errors import ConfigError, DataError

DAYS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1899, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(1900, 2, 28, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 12, 30, tzinfo=UTC),
    datetime(2000, 2, 29, 6, 7, 8, tzinfo=UTC),
    datetime(2024, 12, 31, tzinfo=UTC),
    datetime(9999, 12, 31, 23, tzinfo=UTC),
]


def fitted(times, *, scale="none", **options):
    """Fit times, None being missing; what is stored reads again as the same."""
    seconds = np.array([np.nan if time is None else time.timestamp() for time in times])
    raw = RawColumn("t", "time")
    column = fit_column(ColumnKind("t", "date", options), raw, seconds, scale=scale)
    assert column_from_json(column_to_json(column)) == column
    return column, column.apply(seconds, ())


def test_parts_are_those_of_the_calendar():
    """From year 1 to year 9999, leap years and times before 1970 included."""
    clock = take_apart(np.array([day.timestamp() for day in DAYS]))
    for place, day in enumerate(DAYS):
        assert (clock.year[place], clock.month[place] + 1) == (day.year, day.month)
        assert (clock.day[place] + 1, clock.weekday[place]) == (day.day, day.weekday())
        assert clock.yearday[place] + 1 == day.timetuple().tm_yday
        assert (clock.hour[place], clock.minute[place]) == (day.hour, day.minute)
        assert clock.second[place] == day.second
        january = datetime(day.year, 1, 1, tzinfo=UTC)
        december = datetime(day.year, 12, 31, tzinfo=UTC)
        assert clock.yeardays[place] == (december - january).days + 1


def test_what_comes_round_is_told_by_sine_and_cosine():
    """December is as far from January as February is."""
    times = [datetime(2023, month, 1, tzinfo=UTC) for month in range(1, 13)]
    column, entries = fitted(times, parts=["month"])
    assert column.entries == ("t (month, sine)", "t (month, cosine)")
    angles = 2 * np.pi * np.arange(12) / 12
    np.testing.assert_allclose(entries, np.stack([np.sin(angles), np.cos(angles)], axis=1))
    far = np.linalg.norm(entries - entries[0], axis=1)
    assert far[11] == pytest.approx(far[1])
    assert column.undo(entries) == list(calendar.month_name)[1:]


def test_years_and_seconds_go_straight_on():
    """Scaled as numbers are."""
    times = [datetime(year, 1, 1, tzinfo=UTC) for year in (2000, 2001, 2002)]
    column, entries = fitted(times, parts=["year", "seconds"], scale="minmax")
    assert column.entries == ("t (year)", "t (seconds)")
    assert entries[:, 0].tolist() == [0, 0.5, 1]
    assert entries[:, 1].tolist() == [0, pytest.approx(366 / 731), 1]
    assert column.in_units(entries)[:, 0].tolist() == [2000, 2001, 2002]
    _, plain = fitted(times, parts=["seconds"])
    assert plain[:, 0].tolist() == [0, 366 * 86400, 731 * 86400]


@pytest.mark.parametrize(
    ("times", "parts"),
    [
        ([datetime(1949 + k // 12, k % 12 + 1, 1, tzinfo=UTC) for k in range(24)],
         ("year", "month")),
        ([datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=k) for k in range(9)], ("weekday",)),
        ([datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=7 * k) for k in range(900)],
         ("month", "weekday", "hour")),
        ([datetime(2024, 1, 1, 12, k, tzinfo=UTC) for k in range(9)], ("seconds",)),
    ],
)  # fmt: skip
def test_parts_that_differ_are_chosen(times, parts):
    """A month that stands for itself has no weekday."""
    assert fitted(times)[0].parts == parts


def test_a_missing_time_is_filled_and_told():
    """As that of a number."""
    times = [datetime(2000, 1, day, tzinfo=UTC) for day in (1, 3, 5)]
    column, entries = fitted([*times, None], parts=["seconds"], missing="flag")
    assert entries[:, 1].tolist() == [0, 0, 0, 1]
    assert column.undo(entries) == ["2000-01-01", "2000-01-03", "2000-01-05", ""]
    assert column.notes() == [
        (
            "1 missing value of the training rows becomes the median, 2000-01-03, and 't "
            "(missing)' tells of them"
        )
    ]
    new = np.array([datetime(1999, 1, 1, tzinfo=UTC).timestamp(), np.nan])
    assert column.unknown(new, ()) == {"missing": 1, "before 2000-01-01 (the first in training)": 1}


def test_options_that_cannot_be_are_refused():
    """With what can be."""
    day = [datetime(2000, 1, 1, tzinfo=UTC)]
    for wrong in (["moon"], [], ["day", "day"]):
        with pytest.raises(ConfigError, match=r"t.parts: Expected some of year, month, day, "):
            fitted(day, parts=wrong)
    with pytest.raises(DataError, match="no training row"):
        fitted([None], missing="median")
