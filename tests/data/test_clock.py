"""What the times of series are counted in, and what comes next."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from dlrun.arrays import Clock
from dlrun.data.clock import clock_of, later, missing_steps, step_in_words, write_times


def seconds(*texts):
    """Give times as a table is read."""
    return np.array(
        [datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in texts]
    )


def clock(*texts, form="iso"):
    times = seconds(*texts)
    return clock_of("t", form, times, np.zeros(len(times), np.int64))


@pytest.mark.parametrize(
    ("texts", "words", "following"),
    [
        (["2024-01-31", "2024-02-29", "2024-03-31"], "1 month", ["2024-04-30", "2024-05-31"]),
        (["2023-11-30", "2023-12-31", "2024-01-31"], "1 month", ["2024-02-29", "2024-03-31"]),
        (["2024-01-01", "2024-04-01", "2024-07-01"], "1 quarter", ["2024-10-01", "2025-01-01"]),
        (["2022-02-28", "2023-02-28", "2024-02-28"], "1 year", ["2025-02-28", "2026-02-28"]),
        (["2024-02-28", "2024-02-29"], "1 day", ["2024-03-01", "2024-03-02"]),
        (["2024-01-01", "2024-01-08"], "1 week", ["2024-01-15", "2024-01-22"]),
        (
            ["2024-12-31 23:15:00", "2024-12-31 23:30:00"],
            "15 minutes",
            ["2024-12-31 23:45:00", "2025-01-01 00:00:00"],
        ),
        (["2022-02-28", "2023-02-28"], "1 year", ["2024-02-28", "2025-02-28"]),
        (["2023-11-30", "2023-12-30", "2024-01-30"], "1 month", ["2024-02-29", "2024-03-30"]),
        (["1899-12-31", "1900-01-31"], "1 month", ["1900-02-28", "1900-03-31"]),
    ],
)
def test_times_go_on(texts, words, following):
    """By the calendar, over leap years and the ends of years, written as before."""
    found = clock(*texts)
    last = float(seconds(*texts)[-1])
    assert step_in_words(found) == words
    assert write_times(found, [later(found, last, step) for step in (1, 2)]) == following


def test_times_are_written_as_the_table_has_them():
    """In the format of the file."""
    found = clock("2024-01-01", "2024-02-01", form="%b %Y")
    assert write_times(found, [later(found, float(seconds("2024-02-01")[0]), 1)]) == ["Mar 2024"]


def test_numbers_go_on_by_their_usual_step():
    """Which need not be whole, nor add up to the last bit."""
    times = np.arange(10) * 0.1
    found = clock_of("t", None, times, np.zeros(10, np.int64))
    assert found.step == pytest.approx(0.1)
    assert write_times(found, [later(found, 0.9, 1)]) == ["1"]
    assert (missing_steps(np.diff(times), found.step) == 0).all()
    assert missing_steps(np.array([0.3]), found.step).tolist() == [2]
    assert np.isnan(missing_steps(np.array([0.25]), found.step)).all()


def test_one_moment_has_no_step():
    """Nothing is guessed of a single row."""
    assert clock("2024-01-01").step is None
    assert Clock("t", None, "number", None).step is None
