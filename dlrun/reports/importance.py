"""Permutation importance: how much worse a model is when it is told a wrong value of a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

REPEATS: Final = 5
MOST_ROWS: Final = 2_000
MOST_COLUMNS: Final = 200
_MOST_EVALUATED: Final = 400_000  # rows, over all columns and repeats


@dataclass(frozen=True)
class ColumnImportance:
    """What a column of the table is worth to a model."""

    column: str
    # By how much the metric is worse with the values of the column in another order, one number
    # for each repeat; negative where it is better.
    worse: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over the repeats."""
        return fmean(self.worse)

    @property
    def deviation(self) -> float:
        """The standard deviation over the repeats, `ddof=0`."""
        return pstdev(self.worse)


@dataclass(frozen=True)
class Importances:
    """The importance of all columns, the largest first."""

    split: str
    metric: str
    value: float  # the metric with all columns as they are, on these rows
    rows: int  # that were looked at
    total: int  # that the split has
    columns: tuple[ColumnImportance, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        columns = [
            {
                "column": one.column,
                "mean": one.mean,
                "std": one.deviation,
                "values": list(one.worse),
            }
            for one in self.columns
        ]
        return {**vars(self), "columns": columns}


def rows_to_look_at(total: int, columns: int) -> NDArray[np.int64]:
    """Choose rows, `(rows,)`, evenly spaced where there are too many for so many columns."""
    most = min(MOST_ROWS, _MOST_EVALUATED // (REPEATS * max(1, columns)))
    if total <= most:
        return np.arange(total)
    return np.linspace(0, total - 1, most).round().astype(np.int64)


def permutation_importance(
    x: NDArray[Any],
    groups: Mapping[str, Sequence[int]],
    score: Callable[[NDArray[Any]], float],
    *,
    larger: bool,
    seed: int,
) -> tuple[ColumnImportance, ...]:
    """Score rows, `(rows, entries)`, with the values of one column after another exchanged.

    `groups` are the entries of each column, which stay together. The permutations, and with columns
    of one entry all numbers, are those of scikit-learn's `permutation_importance(n_repeats=5,
    random_state=seed)`.

    Args:
        x: The rows, as the model takes them.
        groups: The places of each column's entries, by its name.
        score: Measures the model on rows.
        larger: Whether a larger score is a better one.
        seed: Where the permutations come from; every column has the same ones.
    """
    legacy = np.random.RandomState  # scikit-learn draws from it
    drawn = legacy(seed).randint(np.iinfo(np.int32).max + 1)
    base = score(x)
    found = []
    for column, places in groups.items():
        random, order = legacy(drawn), np.arange(len(x))
        changed, worse = x.copy(), []
        for _ in range(REPEATS):
            random.shuffle(order)
            changed[:, list(places)] = changed[:, list(places)][order]
            value = score(changed.copy())
            worse.append(base - value if larger else value - base)
        found.append(ColumnImportance(column, tuple(worse)))
    return tuple(sorted(found, key=lambda one: -one.mean))
