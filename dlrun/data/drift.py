"""How new rows differ from the training rows, column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlrun.wording import quote, tally

if TYPE_CHECKING:
    from dlrun.column import FittedColumn, RawColumn

MOST_TOLD: Final = 4  # different things that are told of a column


@dataclass(frozen=True)
class Drift:
    """How far the values of a column have moved since training."""

    column: str
    kind: str
    index: float  # the population stability index, see `stability_index`
    chance: float  # what it is on average where nothing has moved, with so many rows
    moved: str  # the bin that has moved most
    before: float  # its share of the training rows
    now: float


class Watch:
    """Looks at new rows as they pass: what training did not know, and how often what occurs."""

    def __init__(self, columns: Sequence[FittedColumn]) -> None:
        self._columns = columns
        self._unknown: list[Counter[str]] = [Counter() for _ in columns]
        self._counts = [np.zeros(len(column.bins), np.int64) for column in columns]
        self._rows = 0

    def see(self, raw: Sequence[RawColumn], values: NDArray[np.float64]) -> None:
        """Look at rows, `(rows, raw columns)`, as they were read."""
        places = {column.name: place for place, column in enumerate(raw)}
        self._rows += len(values)
        for number, column in enumerate(self._columns):
            place = places.get(column.name)
            if place is None:
                continue
            given, texts = np.ascontiguousarray(values[:, place]), raw[place].texts
            self._unknown[number].update(column.unknown(given, texts))
            self._counts[number] += column.binned(given, texts)

    def notes(self) -> list[str]:
        """Say of each column what training did not know: new classes, missing, out of range."""
        said = []
        for column, found in zip(self._columns, self._unknown, strict=True):
            if not found:
                continue
            shown = [f"{count:,} {what}" for what, count in found.most_common(MOST_TOLD)]
            left = len(found) - len(shown)
            rest = sum(found.values()) - sum(count for _, count in found.most_common(MOST_TOLD))
            more = [f"{rest:,} of {left:,} other sorts"] if left else []
            name = quote(column.name)
            said.append(f"column {name}: {', '.join(shown + more)}, of {tally(self._rows, 'row')}")
        return said

    def drifts(self) -> tuple[Drift, ...]:
        """Hold every column against its training rows; what has moved most comes first."""
        found = [
            _drift(column, counts)
            for column, counts in zip(self._columns, self._counts, strict=True)
            if len(counts) and sum(column.seen) and counts.sum()
        ]
        return tuple(sorted(found, key=lambda drift: -drift.index))


def stability_index(seen: ArrayLike, counts: ArrayLike) -> NDArray[np.float64]:
    """Give what each bin adds to the population stability index: `(a - e) ln(a / e)`.

    `e` and `a` are the bin's shares of training rows and of new rows. Half a row is added to every
    bin, so that none is empty. Below 0.1 the sum is usually called stable, above 0.25 a drift.
    """
    first, second = (np.asarray(one, np.float64) + 0.5 for one in (seen, counts))
    before, now = first / first.sum(), second / second.sum()
    return np.asarray((now - before) * np.log(now / before))


def _drift(column: FittedColumn, counts: NDArray[np.int64]) -> Drift:
    seen = np.array(column.seen)
    used = np.flatnonzero((seen > 0) | (counts > 0))
    before, now = seen / seen.sum(), counts / counts.sum()
    most = int(np.argmax(np.abs(now - before)))
    return Drift(
        column.name,
        column.kind,
        float(stability_index(seen[used], counts[used]).sum()),
        (len(used) - 1) * (1 / float(seen.sum()) + 1 / float(counts.sum())),
        column.bins[most],
        float(before[most]),
        float(now[most]),
    )
