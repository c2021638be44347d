"""Counts what the values of a column are, in plain Python, for tests of what is told by them."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime

from dlrun.column import ColumnFacts
from dlrun.shapes.cells import parse_number

YES_OR_NO = {"true", "false", "yes", "no"}


def facts_of(name, values, time_format=None):
    """The facts of a column; '' and None are missing."""
    there = [value.strip() for value in values if value not in (None, "")]
    numbers = [number for one in there if (number := parse_number(one)) is not None]
    times = [time for one in there if (time := _time(one, time_format)) is not None]
    found = numbers or times
    return ColumnFacts(
        name,
        rows=len(values),
        missing=len(values) - len(there),
        distinct=len(set(there)),
        numbers=len(numbers),
        wholes=sum(map(float.is_integer, numbers)),
        booleans=sum(one.lower() in YES_OR_NO for one in there),
        times=len(times),
        time_format=(time_format or "iso") if times else None,
        low=min(found, default=None),
        high=max(found, default=None),
        words=sum(len(one.split()) for one in there) / max(len(there), 1),
        codes=sum(one[0] == "0" and one[1:2].isdigit() for one in there),
        top=_most(there, 20),
        no_numbers=_most([one for one in there if parse_number(one) is None], 10),
    )


def _time(text, time_format):
    try:
        if time_format is None:
            found = datetime.fromisoformat(text) if "-" in text else None
        else:
            found = datetime.strptime(text, time_format.split("|")[0]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return found and found.replace(tzinfo=UTC).timestamp()


def _most(values, number):
    counted = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return tuple(counted[:number])


def facts_of_file(path):
    """The facts of all columns of a CSV file, by name."""
    with open(path, newline="", encoding="utf-8") as stream:  # noqa: PTH123
        header, *rows = csv.reader(stream)
    return {name: facts_of(name, column) for name, *column in zip(header, *rows, strict=True)}
