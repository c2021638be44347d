"""What all fitted columns have in common; what a kind of column does otherwise, it says itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import STRICT
from dlrun.column import Holds
from dlrun.columns.graphs import Lookups
from dlrun.columns.plain_numpy import PlainNumpy
from dlrun.columns.values import count_between, name_bins
from dlrun.errors import DataError, Problem
from dlrun.wording import describe, quote

WRITTEN_OUT: Final = 1e15


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A column that gives a network nothing; see `FittedColumn` for what the methods mean."""

    __pydantic_config__ = STRICT

    name: str
    kind: str
    holds: Holds = "number"
    seen: tuple[int, ...] = ()

    @property
    def format(self) -> str | None:
        """None: it holds no times."""
        return None

    @property
    def reread(self) -> Mapping[str, Any]:
        """How times are written; of others nothing has to be said."""
        return {} if self.format is None else {"format": self.format}

    @property
    def sample(self) -> tuple[int, ...] | None:
        """None: entries stand side by side."""
        return None

    @property
    def carried(self) -> bool:
        """Leave it out of predictions."""
        return False

    @property
    def is_read(self) -> bool:
        """Whether it has entries."""
        return bool(self.entries)

    @property
    def entries(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def ids(self) -> int | None:
        """None: it has no class numbers."""
        return None

    @property
    def steps(self) -> int:
        """Have one class number a row, where there are any."""
        return 1

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[Any]:
        """Give no entries, `(rows, 0)`."""
        del texts
        return np.empty((len(values), 0), np.float32)

    def numbered(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Refuse: it has no class numbers."""
        raise NotImplementedError(self.kind)

    def shown(self, values: NDArray[np.float64], pixels: Any) -> NDArray[np.float32]:
        """Refuse: it has no images."""
        raise NotImplementedError(self.kind)

    def apply_tf(self, values: Any, lookups: Lookups) -> Any:
        """Refuse, where there are entries: the kind has not said how TensorFlow makes them."""
        del values, lookups
        raise NotImplementedError(self.kind)

    def numbered_tf(self, values: Any, lookups: Lookups) -> Any:
        """Refuse: it has no class numbers."""
        raise NotImplementedError(self.kind)

    def plain_numpy(self) -> PlainNumpy:
        """Refuse, where there are entries: the kind has not said how NumPy alone makes them."""
        raise NotImplementedError(self.kind)

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write the first entry."""
        return [f"{row[0]:g}" if len(row) else "" for row in self.in_units(entries).tolist()]

    def undo_numbered(self, numbers: NDArray[Any]) -> list[str]:
        """Refuse: it has no class numbers."""
        raise NotImplementedError(self.kind)

    def in_units(self, entries: NDArray[Any]) -> NDArray[np.float64]:
        """Leave entries as they are."""
        return np.asarray(entries, np.float64)

    def from_units(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Leave values as they are."""
        return np.asarray(values, np.float64)

    def notes(self) -> list[str]:
        """Say nothing."""
        return []

    def unknown(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> dict[str, int]:
        """Count nothing."""
        del values, texts
        return {}

    @property
    def bins(self) -> tuple[str, ...]:
        """None."""
        return ()

    def binned(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Count nothing."""
        del values, texts
        return np.zeros(0, np.int64)

    def misfit(self) -> str | None:
        """Say what in it, perhaps a stranger's, does not fit the rest; None where all does."""
        return None if len(self.seen) == len(self.bins) else "seen should have one count a bin"


@dataclass(frozen=True, kw_only=True)
class Ranged(Fitted):
    """A column whose values lie between a smallest and a largest one."""

    low: float  # the smallest value of the training rows
    high: float
    edges: tuple[float, ...]  # between the bins

    @staticmethod
    def write(value: float) -> str:
        """Write a value as people do: whole numbers in full, others to six digits."""
        return f"{value:.0f}" if value.is_integer() and abs(value) < WRITTEN_OUT else f"{value:.6g}"

    @property
    def outside(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """What values are that are smaller or larger than all, and what those ends are."""
        return ("below", "the smallest"), ("above", "the largest")

    def unknown(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> dict[str, int]:
        """Count missing values, and those out of the range of the training rows."""
        del texts
        (below, first), (above, last) = self.outside
        found = {
            "missing": np.isnan(values),
            f"{below} {self.write(self.low)} ({first} in training)": values < self.low,
            f"{above} {self.write(self.high)} ({last} in training)": values > self.high,
        }
        counts = {what: int(np.count_nonzero(where)) for what, where in found.items()}
        return {what: count for what, count in counts.items() if count}

    @property
    def bins(self) -> tuple[str, ...]:
        """Ranges, and what is missing."""
        return name_bins([self.write(edge) for edge in self.edges])

    def binned(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Count how many values fall into each range."""
        del texts
        return count_between(values, self.edges)


def option_problem(column: str, option: str, value: Any, expected: str) -> Problem:
    """Tell of the value of an option that it cannot have."""
    path = f"dataset.columns.{column}.{option}"
    return Problem(path, f"Expected {expected}, got {describe(value)}.")


def numbers_within(
    column: str, options: Mapping[str, Any], limits: Mapping[str, int | None]
) -> Iterator[Problem]:
    """Tell which of the options that are given are no whole numbers from 1 to a limit, or any."""
    for option, most in limits.items():
        value = options.get(option)
        if value is None:
            continue
        is_one = isinstance(value, int) and not isinstance(value, bool)
        if not is_one or value < 1 or (most is not None and value > most):
            expected = "1 or more" if most is None else f"1 to {most:,}"
            yield option_problem(column, option, value, expected)


def column_error(column: str, what: str, fix: str | None = None) -> DataError:
    """Refuse the values of a column, all together."""
    return DataError(f"column {quote(column)}: {what}", fix=fix)
