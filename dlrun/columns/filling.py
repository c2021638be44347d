"""What becomes of missing numbers and times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import STRICT
from dlrun.column import CellError
from dlrun.columns.fitted import column_error, option_problem
from dlrun.columns.graphs import refuse
from dlrun.columns.values import TrainingValues
from dlrun.errors import ConfigError
from dlrun.wording import is_number, quote, tally


@dataclass(frozen=True, kw_only=True)
class Filling:
    """What stands in the place of missing values."""

    __pydantic_config__ = STRICT

    how: str  # `error`, `median`, `mean`, `value` or `flag`
    value: float | None  # what they become; None where each is an error
    missing: int  # in how many training rows; where each is an error, they are refused later

    @property
    def flags(self) -> bool:
        """Whether the network is told by an entry of its own."""
        return self.how == "flag"

    def fill(self, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fill values, `(rows,)`.

        Raises:
            CellError: One is missing, and that is an error.
        """
        lacking = np.isnan(values)
        if not lacking.any():
            return values
        if self.value is None:
            raise missing_error(name, int(np.argmax(lacking)), "median, mean, flag, or a number")
        return np.where(lacking, self.value, values)

    def fill_training(self, values: TrainingValues) -> TrainingValues:
        """Fill the values of the training rows; what is an error is left out, and told later."""
        return values.present if self.value is None else values.changed(partial(self.fill, ""))

    def told(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give 1 where a value is missing, else 0.

        Where no training row lacks one, the weight of a 1 is not learned: then all are 0.
        """
        return np.isnan(values).astype(np.float64) * (self.missing > 0)

    def fill_tf(self, name: str, values: Any) -> Any:
        """Fill values, `(rows,)`, in TensorFlow; where that is an error, the graph fails."""
        from dlrun.backend import tf

        lacking = tf.math.is_nan(values)
        if self.value is None:
            refuse(lacking, name, "a value is missing")
            return values
        return tf.where(lacking, tf.constant(self.value, values.dtype), values)

    def told_tf(self, values: Any) -> Any:
        """Give what `told` gives, in TensorFlow."""
        from dlrun.backend import tf

        return tf.cast(tf.math.is_nan(values), values.dtype) * (self.missing > 0)

    @property
    def facts(self) -> dict[str, Any]:
        """What `filled` of `columns.plain_numpy` reads, and what tells of missing values."""
        return {"missing": self.value, "told": int(self.missing > 0) if self.flags else None}

    def note(self, entry: str, write: Callable[[float], str]) -> list[str]:
        """Say what was done."""
        if self.value is None or (not self.missing and not self.flags):
            return []
        if not self.missing:
            return [f"no training row lacks a value, so {quote(entry)} stays 0"]
        what = {"flag": "the median, ", "value": ""}.get(self.how, f"the {self.how}, ")
        said = f"{tally(self.missing, 'missing value')} of the training rows "
        said += f"{'becomes' if self.missing == 1 else 'become'} {what}{write(self.value)}"
        return [said + f", and {quote(entry)} tells of them" * self.flags]


def fit_filling(name: str, values: TrainingValues, missing: str | float) -> Filling:
    """Find what missing values become: `missing` is a word or the value itself."""
    if is_number(missing):
        return Filling(how="value", value=float(missing), missing=values.missing)
    if missing == "error":
        return Filling(how="error", value=None, missing=values.missing)
    if missing not in ("median", "mean", "flag"):
        wanted = "'error', 'median', 'mean', 'flag' or a number"
        raise ConfigError(option_problem(name, "missing", missing, wanted))
    if values.missing == len(values):
        what = "no training row has a value that could stand for the missing ones."
        raise column_error(name, what, f"Leave it out: {name}: ignore.")
    there = len(values) - values.missing
    value = values.present.sum() / there if missing == "mean" else values.median()
    return Filling(how=str(missing), value=value, missing=values.missing)


def missing_error(name: str, row: int, words: str) -> CellError:
    """Refuse a missing value, with what may be said of it."""
    fix = f"Fill the cell, say in dataset.columns.{name} what is `missing` ({words}), or leave "
    return CellError(row, "the value is missing.", f"{fix}the column out (ignore).")
