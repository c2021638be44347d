"""How well a column of a table alone tells the target: what links them, and what gives it away.

Rows are told by what the others say, never by themselves, so that a column of names, each of which
is there once, tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from dlrun.wording import percent, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.columns.column import RawColumn

TELLING: Final = 0.98
"""What share of the errors of knowing nothing a column takes away that gives the target away."""
MOST_ROWS: Final = 100_000
"""Of more rows every second, third, ... is looked at."""
_FEW_ROWS = 20  # of fewer rows everything may be told by chance
_MOST_BINS, _ROWS_PER_BIN = 64, 16


@dataclass(frozen=True)
class Link:
    """How well a column alone predicts a target."""

    column: str
    target: str
    # The share of rows whose class the other rows of the same value tell; for numbers R², the
    # share of their variance that the means of the other rows tell.
    score: float
    baseline: float  # what the most frequent class, or the mean, has
    is_accuracy: bool  # whether the score is an accuracy; else an R²
    of_time: bool = False  # whether the column says when a row was

    @property
    def strength(self) -> float:
        """The share of the errors of knowing nothing that the column takes away, in [0, 1]."""
        left = 1 - self.baseline
        return 0.0 if left <= 0 else max(0.0, (self.score - self.baseline) / left)

    @property
    def tells(self) -> bool:
        """Whether the column as good as says the target, in words of its own.

        A number that changes slowly is told by the time, which gives nothing away.
        """
        return self.strength >= TELLING and (self.is_accuracy or not self.of_time)

    def in_words(self) -> str:
        """Say how well the column alone predicts, against knowing nothing."""
        if self.is_accuracy:
            return (
                f"alone it tells {percent(self.score)} of the rows, "
                f"the most frequent class {percent(self.baseline)}"
            )
        return f"alone it explains {percent(max(0.0, self.score))} of the variance (R²)"


def warning_of(link: Link) -> str:
    """Warn of a column that gives the target away, with the way out."""
    return (
        f"column {quote(link.column)} tells the target {quote(link.target)}: {link.in_words()}. "
        f"If it is not known when a prediction is made, leave it out: "
        f"columns: {{{link.column}: ignore}}"
    )


def find_links(
    columns: Iterable[tuple[RawColumn, NDArray[np.float64]]],
    target: NDArray[np.float64],
    *,
    name: str,
    is_class: bool,
) -> list[Link]:
    """Tell for each column how well it alone predicts a target.

    Args:
        columns: The columns with their raw values, `(rows,)` each.
        target: The class numbers or the values, `(rows,)`; NaN where there is none.
        name: The name of the target.
        is_class: Whether they are class numbers.
    """
    step = -(-len(target) // MOST_ROWS) or 1
    sampled = np.asarray(target[::step], np.float64)
    present = np.isfinite(sampled)
    y = sampled[present]
    if len(y) < _FEW_ROWS or (y == y[0]).all():
        return []
    if is_class:
        y = np.unique(y, return_inverse=True)[1].astype(np.int64)
    links = []
    for column, values in columns:
        x = np.asarray(values[::step], np.float64)[present]
        score, baseline = _predict_class(x, y, column) if is_class else _predict(x, y, column)
        links.append(Link(column.name, name, score, baseline, is_class, column.holds == "time"))
    return links


def telling(links: Sequence[Link]) -> list[Link]:
    """Choose the columns that give their target away, the surest first."""
    return sorted((one for one in links if one.tells), key=lambda one: -one.strength)


def _groups(x: NDArray[np.float64], column: RawColumn) -> NDArray[np.int64]:
    """Number the values of a column, or of many numbers the bins of equally many rows; `(rows,)`.

    Missing values are a value of their own.
    """
    present = np.isfinite(x)
    values, groups = np.unique(x[present], return_inverse=True)
    bins = max(2, min(_MOST_BINS, len(x) // _ROWS_PER_BIN))
    if column.holds != "text" and len(values) > bins:
        edges = np.quantile(x[present], np.linspace(0, 1, bins + 1)[1:-1])
        groups = np.searchsorted(np.unique(edges), x[present], side="right")
    every = np.zeros(len(x), np.int64)
    every[present] = groups + 1
    return every


def _predict_class(
    x: NDArray[np.float64], y: NDArray[np.int64], column: RawColumn
) -> tuple[float, float]:
    """Tell each row's class by the most frequent one of the other rows of its value.

    A value that no other row has is told by the most frequent class of all; a tie counts half.
    """
    classes = int(y.max()) + 1
    totals = np.bincount(y, minlength=classes)
    most, rows = int(totals.argmax()), len(y)
    keys, counts = np.unique(_groups(x, column) * classes + y, return_counts=True)
    group, which = keys // classes, keys % classes
    begins = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    first = np.maximum.reduceat(counts, begins)
    sizes = np.add.reduceat(counts, begins)
    number = np.repeat(np.arange(len(begins)), np.diff(np.r_[begins, len(keys)]))
    is_first = counts == first[number]
    tied = np.add.reduceat(is_first.astype(np.int64), begins) > 1
    second = np.maximum.reduceat(np.where(is_first, 0, counts), begins)
    second = np.where(tied, first, second)
    # Without the row itself its class has one row less.
    lead = (first - 1) - second
    right = np.where(lead > 0, first, np.where(lead == 0, first / 2, 0.0))
    alone = sizes == 1
    singles = which[np.isin(number, np.flatnonzero(alone))]
    told = float(right[~alone].sum()) + int((singles == most).sum())
    return told / rows, float(totals[most]) / rows


def _predict(
    x: NDArray[np.float64], y: NDArray[np.float64], column: RawColumn
) -> tuple[float, float]:
    """Tell each row's number by the mean of the other rows of its value; give R².

    Of numbers also by the two rows that are next in their order, which a close link shows better.
    """
    spread = float(((y - y.mean()) ** 2).sum())
    _, groups, sizes = np.unique(_groups(x, column), return_inverse=True, return_counts=True)
    means = np.bincount(groups, weights=y) / sizes
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = (y - means[groups]) * (sizes / (sizes - 1))[groups]
    errors = np.where(sizes[groups] > 1, errors, y - y.mean())
    left = float((errors**2).sum())
    if column.holds != "text":
        left = min(left, _left_by_neighbours(x, y))
    return 1 - left / spread, 0.0


def _left_by_neighbours(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Sum the squared errors of telling a row by its two neighbours in the order of the column."""
    present = np.isfinite(x)
    errors = y - y.mean()
    order = np.flatnonzero(present)[np.argsort(x[present], kind="stable")]
    if len(order) > 2:  # noqa: PLR2004
        near = y[order]
        errors[order[1:-1]] = near[1:-1] - (near[:-2] + near[2:]) / 2
    return float((errors**2).sum())
