"""Says which column of a series is what, and foresees it by the first rows alone; without NumPy."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from dlrun.arrays import Reading
from dlrun.columns.inference import NUMBER, names_an_id
from dlrun.data.csv import open_csv
from dlrun.data.csv_header import (
    are_numbers,
    as_list,
    check_names,
    small_column,
    tell_header,
)
from dlrun.data.generators import check_whole
from dlrun.data.headers import DELIMITERS
from dlrun.errors import ConfigError, DataError, DlrunError, Problem
from dlrun.shapes.cells import parse_number
from dlrun.wording import list_columns, quote

MOST_STEPS: Final = 10**6
MONTH: Final = len("2024-01")


@dataclass(frozen=True)
class Cutting:
    """How the steps of a table are cut into windows, as the config says."""

    window: int
    horizon: int
    stride: int
    season: int | None
    gaps: Literal["break", "join", "error"]
    border: Literal["targets", "windows"]

    def check(self) -> None:
        """Refuse what are no numbers of steps."""
        for name in ("window", "horizon", "stride", "season"):
            if name != "season" or self.season is not None:
                check_whole(name, getattr(self, name), minimum=1, maximum=MOST_STEPS)


@dataclass(frozen=True)
class SeriesUses:
    """What the columns of a table are for, as the config says."""

    target: str | Sequence[str] | None
    time: str | None
    key: str | Sequence[str] | None
    features: Sequence[str] | None
    columns: Mapping[str, Any] | None


@dataclass(frozen=True)
class Roles:
    """Which column is what."""

    targets: tuple[str, ...]
    features: tuple[str, ...]
    keys: tuple[str, ...]
    time: str | None


def roles_of(columns: Sequence[str], uses: SeriesUses, path: Path) -> Roles:
    """Say which of the columns of a table is what.

    Without `features` a network sees all columns but the time and the keys, the past of the targets
    among them; with a kind in `columns` it sees those, too.
    """
    keys = [] if uses.key is None else as_list("key", uses.key)
    times = [] if uses.time is None else [uses.time]
    for name, given in (("time", times), ("key", keys)):
        check_names(name, given, columns, path)
    aside = [*times, *keys]
    if len(set(aside)) < len(aside):
        what = f"{quote(times[0])} is the time and a key at once."
        raise ConfigError(Problem("dataset.key", what))
    rest = [name for name in columns if name not in aside]
    targets = rest[-1:] if uses.target is None else as_list("target", uses.target)
    check_names("target", targets, columns, path)
    for name in targets:
        if name in aside:
            use = "the time" if name in times else "a key"
            raise ConfigError(Problem("dataset.target", f"{quote(name)} is {use}."))
    if not targets:
        what = f"no column is left to be foretold: there are {list_columns(columns)}."
        raise DataError(what, where=str(path))
    told = {name for name in aside if name in (uses.columns or {})}
    features = [name for name in columns if name not in aside or name in told]
    if uses.features is not None:
        features = as_list("features", uses.features)
        check_names("features", features, columns, path)
    return Roles(tuple(targets), tuple(features), tuple(keys), uses.time)


class Foreseen(NamedTuple):
    """What the first row of a file tells of a series."""

    roles: Roles
    columns: tuple[str, ...]
    named: bool  # whether that row holds the names
    delimiter: str


PLAIN: Final = ("encoding", "thousands", "format", "where")
"""What makes a file one that DuckDB alone reads right."""


def foresee(arguments: Mapping[str, Any]) -> Foreseen | None:
    """Tell which column of a file is what; None where that takes more than a look at it.

    The arguments are the dataset's own. What is wrong is told when the rows are read.
    """
    path, header, delimiter = (arguments[key] for key in ("path", "header", "delimiter"))
    is_file = isinstance(path, str | Path) and os.path.isfile(path)  # noqa: PTH113  no error
    if not is_file or delimiter not in (None, *DELIMITERS):
        return None
    if any(arguments.get(name) for name in PLAIN) or arguments.get("decimal", ".") != ".":
        return None
    uses = SeriesUses(*(arguments.get(name) for name in ("target", "time", "key", "features",
                                                         "columns")))  # fmt: skip
    try:
        with open_csv(Path(path), Reading(delimiter)) as file:
            named = tell_header(file) if header is None else bool(header)
            columns = tuple(file.first_row)
            if not named:
                columns = tuple(f"column_{number + 1}" for number in range(len(columns)))
            return Foreseen(roles_of(columns, uses, Path(path)), columns, named, file.delimiter)
    except DlrunError:
        return None


def foresee_width(path: Path, seen: Foreseen, columns: Mapping[str, Any] | None) -> int | None:
    """Tell how many numbers a step has that a network sees; None where only the values tell."""
    if any(kind not in (NUMBER, {"type": NUMBER}) for kind in (columns or {}).values()):
        return None
    if seen.named and any(map(names_an_id, seen.roles.features)):
        return None
    places = [seen.columns.index(name) for name in seen.roles.features]
    numbers = are_numbers(path, seen.delimiter, places, header=seen.named)
    return len(places) if numbers else None


def count_moments(path: Path, seen: Foreseen) -> int | None:
    """Count the moments of a small file where all series surely have the same, equally far apart.

    None where that is not so, or not to be told at a glance: then the rows are read.
    """
    roles = seen.roles
    targets = [seen.columns.index(name) for name in roles.targets]
    if not are_numbers(path, seen.delimiter, targets, header=seen.named):
        return None
    names = [*filter(None, [roles.time]), *roles.keys]
    places = [seen.columns.index(name) for name in names]
    cells = [small_column(path, seen.delimiter, place) for place in (places or targets[:1])]
    if None in cells:
        return None
    rows = list(zip(*(column[seen.named :] for column in cells if column), strict=True))
    if roles.time is None:
        return len(rows) if not roles.keys else None
    times: dict[tuple[str, ...], list[str]] = {}
    for time, *key in rows:
        times.setdefault(tuple(key), []).append(time)
    series = [_moments(of_one) for of_one in times.values()]
    first = series[0] if series else None
    return len(first) if first and all(one == first for one in series) else None


def _moments(texts: Sequence[str]) -> list[float] | None:
    """Read times that are equally far apart, in numbers, days or months; None for all others."""
    numbers = [parse_number(text) for text in texts]
    found = [one for one in numbers if one is not None]
    if len(found) < len(texts):
        try:
            days = [date.fromisoformat(f"{text}-01" if len(text) == MONTH else text)
                    for text in texts]  # fmt: skip
        except ValueError:
            return None
        by_months = {day.day for day in days} == {1}
        found = [float(day.year * 12 + day.month if by_months else day.toordinal())
                 for day in days]  # fmt: skip
    found.sort()
    steps = {later - one for one, later in pairwise(found)}
    return found if len(steps) == 1 and steps != {0.0} else None
