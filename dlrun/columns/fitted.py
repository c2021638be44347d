"""What all fitted columns have in common; what a kind of column does otherwise, it says itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import STRICT
from dlrun.column import Holds
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.wording import describe, quote


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
    def carried(self) -> bool:
        """Leave it out of predictions."""
        return False

    @property
    def entries(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def ids(self) -> int | None:
        """None: it has no class numbers."""
        return None

    def apply(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[Any]:
        """Give no entries, `(rows, 0)`."""
        del texts
        return np.empty((len(values), 0), np.float32)

    def numbered(self, values: NDArray[np.float64], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """Refuse: it has no class numbers."""
        raise NotImplementedError(self.kind)

    def undo(self, entries: NDArray[Any]) -> list[str]:
        """Write the first entry."""
        return [f"{row[0]:g}" if len(row) else "" for row in self.in_units(entries).tolist()]

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


def option_error(column: str, option: str, value: Any, expected: str) -> ConfigError:
    """Refuse the value of an option."""
    path = f"dataset.columns.{column}.{option}"
    return ConfigError(Problem(path, f"Expected {expected}, got {describe(value)}."))


def column_error(column: str, what: str, fix: str | None = None) -> DataError:
    """Refuse the values of a column, all together."""
    return DataError(f"column {quote(column)}: {what}", fix=fix)
