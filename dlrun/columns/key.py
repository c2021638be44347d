"""A column that says which row this is: kept out of the network, carried into predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlrun.column import RawColumn
from dlrun.columns.fitted import Fitted
from dlrun.columns.values import TrainingValues

READS = ("number", "time", "text")


@dataclass(frozen=True, kw_only=True)
class Key(Fitted):
    """A key, fitted: only its name is kept."""

    kind: Literal["key"] = "key"

    @property
    def carried(self) -> bool:
        """Carry it into predictions."""
        return True


def fit(*, column: RawColumn, values: TrainingValues) -> Key:
    """Which row this is: kept out of the network, and written beside each prediction.

    Args:
        column: How it was read.
        values: Not used.
    """
    del values
    return Key(name=column.name, holds=column.holds)
