"""A column that is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlrun.column import RawColumn
from dlrun.columns.fitted import Fitted
from dlrun.columns.values import TrainingValues

READS = ()


@dataclass(frozen=True, kw_only=True)
class Ignored(Fitted):
    """A column that is left out."""

    kind: Literal["ignore"] = "ignore"


def fit(*, column: RawColumn, values: TrainingValues) -> Ignored:
    """A column that is left out: it is not read, and may be missing in later files.

    Args:
        column: How it was read.
        values: Not used.
    """
    del values
    return Ignored(name=column.name, holds=column.holds)
