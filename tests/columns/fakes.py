"""Fitted columns of the simplest kind, for tests of what is done with columns."""

from dataclasses import dataclass

import numpy as np

from dlrun.column import CellError


@dataclass(frozen=True)
class Number:
    """A number as it is, or scaled."""

    name: str
    offset: float = 0.0
    factor: float = 1.0
    kind = "number"
    sample = None
    holds = "number"
    ids = None
    is_read = True
    steps = 1

    @property
    def entries(self):
        """One."""
        return (self.name,)

    def apply(self, values, texts):
        """Scale; refuse what is missing."""
        del texts
        if np.isnan(values).any():
            raise CellError(int(np.flatnonzero(np.isnan(values))[0]), "the value is missing.")
        return ((values - self.offset) / self.factor)[:, None]

    def in_units(self, entries):
        """Undo the scaling."""
        return np.asarray(entries, np.float64) * self.factor + self.offset

    def from_units(self, values):
        """Scale."""
        return (values - self.offset) / self.factor

    def undo(self, entries):
        """Write numbers."""
        return [f"{value:g}" for (value,) in self.in_units(entries).tolist()]

    def notes(self):
        """Say nothing."""
        return []


@dataclass(frozen=True)
class Category:
    """One of some texts; all others share the last class."""

    name: str
    values: tuple[str, ...]
    kind = "category"
    sample = None
    holds = "text"
    is_read = True
    steps = 1

    @property
    def ids(self):
        """The values, and the others."""
        return len(self.values) + 1

    @property
    def entries(self):
        """One for each value, and one for the others."""
        return (*(f"{self.name}={value}" for value in self.values), f"{self.name} (other)")

    def numbered(self, values, texts):
        """Number the values in their order."""
        known = {value: number for number, value in enumerate(self.values)}
        numbers = [
            len(self.values) if np.isnan(code) else known.get(texts[int(code)], len(self.values))
            for code in values
        ]
        return np.array(numbers, np.int64)[:, None]

    def apply(self, values, texts):
        """One-hot."""
        return np.eye(self.ids)[self.numbered(values, texts)[:, 0]]

    def in_units(self, entries):
        """As they are."""
        return np.asarray(entries, np.float64)

    def from_units(self, values):
        """As they are."""
        return values

    def undo(self, entries):
        """The value of the largest entry."""
        return [(*self.values, "other")[number] for number in entries.argmax(axis=1)]

    def undo_numbered(self, numbers):
        """The value that has the number."""
        return [(*self.values, "other")[int(number)] for number in numbers[:, 0]]

    def notes(self):
        """Say nothing."""
        return []
