"""How well a column of a table alone tells the target: what links them, and what gives it away.

Rows are told by what the others say, never by themselves, so that a column of names, each of which
is there once, tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlrun.columns.date import take_apart
from dlrun.wording import percent, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.arrays import Samples
    from dlrun.column import RawColumn

PARTS: Final = ("month", "weekday", "hour")
"""What comes round again of a time: by its seconds alone no Monday is like another."""
TELLING: Final = 0.98
"""What share of the errors of knowing nothing a column takes away that gives the target away."""
MOST_ROWS: Final = 50_000
"""Of more rows so many are looked at, evenly spread."""
_FEW_ROWS = 20  # of fewer rows everything may be told by chance
_MOST_BINS, _ROWS_PER_BIN = 64, 16
_MOST_ENTRIES, _FEWEST_OF_WIDE = 500_000, 500  # numbers that a training looks at, and rows
_MOST_COLUMNS = 1000
_GOLDEN = (5**0.5 - 1) / 2
_MOST_COUNTS = 20_000_000  # rows by classes


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
    parts: float | None = None  # of times, the score of the best of their `PARTS`

    @property
    def told(self) -> float:
        """The score, or that of a part of a time where it is better; it warns of nothing."""
        return self.score if self.parts is None else max(self.score, self.parts)

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

    @property
    def score_name(self) -> str:
        """What its score is called."""
        return "accuracy" if self.is_accuracy else "R²"

    @property
    def how_told(self) -> str:
        """Say what the score is the share of."""
        if self.is_accuracy:
            return (
                "the share of rows whose class this column tells without the others; always to "
                f"guess the most frequent one is right in {percent(self.baseline)}"
            )
        return (
            "the share of the target's variance that this column tells without the others; "
            "0 is nothing, 1 is all"
        )

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
    classes = len(np.unique(target[np.isfinite(target)])) if is_class else 1
    chosen = spread_rows(len(target), min(MOST_ROWS, _MOST_COUNTS // max(1, classes)))
    sampled = np.asarray(target[chosen], np.float64)
    present = np.isfinite(sampled)
    y = sampled[present]
    if len(y) < _FEW_ROWS:
        return []
    with np.errstate(over="ignore"):
        spread = np.square(y - y.mean()).sum()
    if not 0 < spread < np.inf:
        return []  # all alike, or more than squares can tell
    numbers = np.unique(y, return_inverse=True)[1].astype(np.int64)
    links = []
    for column, values in columns:
        x = np.asarray(values[chosen], np.float64)[present]
        score, baseline = _predict_class(x, numbers, column) if is_class else _predict(x, y, column)
        of_time = column.holds == "time"
        parts = _of_parts(x, numbers if is_class else y, is_class=is_class) if of_time else None
        links.append(Link(column.name, name, score, baseline, is_class, of_time, parts))
    return links


def _of_parts(x: NDArray[np.float64], y: NDArray[Any], *, is_class: bool) -> float | None:
    """Tell each row by the other rows of its month, of its weekday or of its hour."""
    present = np.isfinite(x)
    if not present.any():
        return None
    clock, scores = take_apart(x[present]), []
    for part in PARTS:
        groups = np.zeros(len(x), np.int64)  # of those that lack a time
        groups[present] = getattr(clock, part) + 1
        if is_class:
            scores.append(float(_right(groups, y).mean()))
        else:
            errors = float((_errors(groups, y) ** 2).sum())
            scores.append(1 - errors / float(((y - y.mean()) ** 2).sum()))
    return max(scores)


def spread_rows(rows: int, most: int) -> NDArray[np.int64]:
    """Choose so many rows at most, evenly spread, ascending; all where there are no more.

    Every second, third, ... row could be all of one class: these are a golden section apart.
    """
    if rows <= most:
        return np.arange(rows)
    return np.unique((np.arange(most) * _GOLDEN % 1 * rows).astype(np.int64))


def telling(links: Sequence[Link]) -> list[Link]:
    """Choose the columns that give their target away, the surest first."""
    return sorted((one for one in links if one.tells), key=lambda one: -one.strength)


def leaks(
    columns: Sequence[RawColumn | None], samples: Samples, *, names: Sequence[str], is_class: bool
) -> list[str]:
    """Warn of each column of training rows, of the first thousand, that gives a target away.

    Args:
        columns: What the columns of `samples.x` are, as they were read, `(rows, columns)`; None
            for those that the network does not read.
        samples: The training rows; class numbers `(rows,)`, or targets `(rows, targets)`.
        names: The names of the targets.
        is_class: Whether they are class numbers, or yes and no.
    """
    if samples.y is None or not columns:
        return []
    most = max(_FEWEST_OF_WIDE, min(MOST_ROWS, _MOST_ENTRIES // len(columns)))
    chosen = spread_rows(len(samples), most)
    x, y = samples.x[chosen], samples.y[chosen].reshape(len(chosen), -1)
    pairs = [(one, x[:, number]) for number, one in enumerate(columns) if one is not None]
    found = [
        link
        for number, name in enumerate(names[: y.shape[1]])
        for link in find_links(pairs[:_MOST_COLUMNS], y[:, number], name=name, is_class=is_class)
    ]
    return [f"warning: {warning_of(link)}" for link in telling(found)]


def _values(x: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort a column, and number its different values; missing ones, the last, are one value.

    Returns:
        The rows in the order of their values, and the number of each row's value; `(rows,)` both.
    """
    order = np.argsort(x, kind="stable")
    ordered = x[order]
    is_new = ordered[1:] != ordered[:-1]
    is_new &= np.isfinite(ordered[:-1])
    values = np.empty(len(x), np.int64)
    values[order] = np.r_[0, np.cumsum(is_new)]
    return order, values


def _bins(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number the bins of a column, each of about equally many rows; missing values are one more."""
    count = max(2, min(_MOST_BINS, len(x) // _ROWS_PER_BIN))
    present = x[np.isfinite(x)]
    edges = np.unique(np.quantile(present, np.linspace(0, 1, count + 1)[1:-1]))
    return np.where(np.isfinite(x), np.searchsorted(edges, x, side="right"), count)


def _neighbours(
    order: NDArray[np.int64], values: NDArray[np.int64], present: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Find rows whose number no other row has, and the rows next to them in its order.

    Of equal numbers none is next to another: in which order they come says where they stand in
    the file, and so perhaps the target.
    """
    order = order[:present]
    is_alone = np.bincount(values)[values[order]] == 1
    is_alone[:1] = is_alone[-1:] = False
    places = np.flatnonzero(is_alone)
    return order[places], order[places - 1], order[places + 1]


def _predict_class(
    x: NDArray[np.float64], y: NDArray[np.int64], column: RawColumn
) -> tuple[float, float]:
    """Tell each row's class by the most frequent one of the other rows of its value.

    Of numbers also by bins, and by the two rows that are next in their order, which halves share.
    """
    baseline = float(np.bincount(y).max()) / len(y)
    order, values = _values(x)
    right = _right(values, y)
    scores = [right.mean()]
    present = int(np.isfinite(x).sum())
    if column.holds != "text" and present:
        rows, before, after = _neighbours(order, values, present)
        right[rows] = ((y[before] == y[rows]) * 1.0 + (y[after] == y[rows])) / 2
        scores += [right.mean(), _right(_bins(x), y).mean()]
    return float(max(baseline, *scores)), baseline  # one may always guess the most frequent class


def _right(groups: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Whether the other rows of a row's group tell its class, `(rows,)`; a tie is worth a half.

    Who is alone in a group is told by the most frequent class of all.
    """
    classes = int(y.max()) + 1
    table = np.bincount(groups * classes + y, minlength=(int(groups.max()) + 1) * classes)
    table = table.reshape(-1, classes)  # (groups, classes)
    second, first = np.partition(table, classes - 2, axis=1)[:, -2:].T
    own, leads = table[groups, y], first[groups]
    # Without the row itself its class has one row less: only the first of all can still lead.
    lead = np.where(own == leads, own - 1 - second[groups], -1)
    right = np.where(lead > 0, 1.0, np.where(lead == 0, 0.5, 0.0))
    alone = table.sum(axis=1)[groups] == 1
    right[alone] = y[alone] == np.bincount(y).argmax()
    return right


def _predict(
    x: NDArray[np.float64], y: NDArray[np.float64], column: RawColumn
) -> tuple[float, float]:
    """Tell each row's number by the mean of the other rows of its value; give R².

    Of numbers also by bins, by the mean of the two rows that are next in their order, by a line,
    and by a line through the ranks, which a few large numbers do not bend.
    """
    order, values = _values(x)
    spread = float(((y - y.mean()) ** 2).sum())
    errors = _errors(values, y)
    scores = [1 - (errors**2).sum() / spread]
    present = np.isfinite(x)
    if column.holds != "text" and present.any():
        rows, before, after = _neighbours(order, values, int(present.sum()))
        errors[rows] = y[rows] - (y[before] + y[after]) / 2
        scores += [1 - (e**2).sum() / spread for e in (errors, _errors(_bins(x), y))]
        share = present.mean()  # rows without a number are told by the mean
        scores += [share * _correlation(x[present], y[present]) ** 2]
        scores += [
            share * _correlation(_ranks(values[present]), _ranks(_values(y[present])[1])) ** 2
        ]
    return float(max(scores)), 0.0


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Pearson's; 0 where one of the two does not vary."""
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / spread if spread > 0 and np.isfinite(spread) else 0.0


def _ranks(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """The places of numbered values in their order, `(rows,)`; equal ones have their middle."""
    counts = np.bincount(values)
    return (np.cumsum(counts) - (counts - 1) / 2)[values]


def _errors(groups: NDArray[np.int64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the mean of the other rows of its group is from each row, `(rows,)`.

    Who is alone in a group is told by the mean of all.
    """
    sizes = np.bincount(groups)[groups]
    means = (np.bincount(groups, weights=y) / np.maximum(1, np.bincount(groups)))[groups]
    # mean of the others = (n mean - y) / (n - 1), so y - that = (y - mean) n / (n - 1)
    errors = (y - means) * (sizes / np.maximum(1, sizes - 1))
    return np.where(sizes > 1, errors, y - y.mean())
