"""The logs of a run, one row per epoch, and their form as a CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


class History:
    """One row of logs per completed epoch.

    Attributes:
        rows: The logs; row 0 is the first epoch.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def append(self, logs: Mapping[str, float]) -> None:
        """Add the logs of the next epoch."""
        self.rows.append(dict(logs))

    def to_csv(self) -> str:
        """Return the table with the columns `epoch` (from 1) and one per log.

        Numbers are the shortest that read back as the same float32 (or float64, where a callback
        logged one).
        """
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["epoch", *columns])
        for epoch, row in enumerate(self.rows, start=1):
            writer.writerow(
                [epoch, *(shortest(row[name]) if name in row else "" for name in columns)]
            )
        return text.getvalue()


def shortest(value: float) -> str:
    """Return the shortest decimal that reads back as the same number."""
    single = np.float32(value)
    same = float(single) == value or np.isnan(single)
    return str(single) if same else repr(float(value))
