"""The logs of a run, one row per epoch, and their form as a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class History:
    """One row of logs per completed epoch; row 0 is the first."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def to_arrays(self) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
        """Return the columns; the values, float64; and which of them are there, bool."""
        columns = self._columns()
        values = np.array([[row.get(name, 0.0) for name in columns] for row in self.rows])
        present = np.array([[name in row for name in columns] for row in self.rows], bool)
        shape = (len(self.rows), len(columns))  # (epochs, num_columns), with no epoch, too
        return columns, values.reshape(shape), present.reshape(shape)

    def read_arrays(
        self, columns: Sequence[str], values: NDArray[Any], present: NDArray[Any]
    ) -> None:
        """Take the rows that `to_arrays` returned."""
        self.rows = [
            {name: float(value) for name, value, there in zip(columns, *row, strict=True) if there}
            for row in zip(values, present, strict=True)
        ]

    def to_csv(self) -> str:
        """Return the table with the columns `epoch` (from 1) and one per log."""
        columns = self._columns()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["epoch", *columns])
        for epoch, row in enumerate(self.rows, start=1):
            cells = (shortest(row[name]) if name in row else "" for name in columns)
            writer.writerow([epoch, *cells])
        return text.getvalue()

    def _columns(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.rows for name in row))


def shortest(value: float) -> str:
    """Return the shortest decimal that reads back as the same float32, or else float64."""
    single = np.float32(value)
    same = float(single) == value or np.isnan(single)
    return str(single) if same else repr(float(value))
