"""Counts rows of one split that stand, to the last digit, in another one too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import TableForm
from dlrun.data.streams import chunks
from dlrun.rundir.names import TEST, VALIDATION
from dlrun.wording import percent, tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.arrays import Array, Dataset, Samples
    from dlrun.data.division import Divided

_PIECE: Final = 2**14  # rows whose hashes stay in a processor's cache
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def duplicate_notes(
    dataset: Dataset, divided: Divided, read: Sequence[int] | None = None
) -> list[str]:
    """Say how many rows of a table are copies of rows that are trained on, target included.

    `read` are the places of the columns that the network reads, None for all: rows that differ in
    others alone are the same to it. A network that has learnt its training rows by heart looks good
    on these.
    """
    parts = {VALIDATION: divided.validation, TEST: divided.test}
    present = {split: part for split, part in parts.items() if part is not None}
    if not present or not isinstance(dataset.form, TableForm):
        return []
    trained = row_hashes(divided.train, read)
    trained.sort()  # ten times as fast as `np.unique`
    notes = []
    for split, part in present.items():
        hashes = row_hashes(part, read)
        hashes.sort()  # looked up in order, which is faster
        places = np.searchsorted(trained, hashes).clip(max=len(trained) - 1)
        copies = int((trained[places] == hashes).sum())
        if copies:
            what = f"{tally(copies, f'{split} row')} ({percent(copies / len(hashes))})"
            are = "is a copy of a training row" if copies == 1 else "are copies of training rows"
            notes.append(f"warning: {what} {are}, target included")
    return notes


def row_hashes(samples: Samples, read: Sequence[int] | None = None) -> NDArray[np.uint64]:
    """Hash the features and targets of rows to 64 bits each, `(rows,)`.

    Equal rows have equal hashes; of a million different rows two have one with a probability of
    3e-8. Every NaN is the same, and so is zero with either sign.
    """
    hashes = np.zeros(len(samples), np.uint64)
    _mix_array(hashes, samples.x, read)
    if samples.y is not None:
        _mix_array(hashes, samples.y, None)
    return hashes


def _mix_array(hashes: NDArray[np.uint64], array: Array, read: Sequence[int] | None) -> None:
    begin = 0
    for part in chunks(array):
        for start in range(0, len(part), _PIECE):
            rows = part[start : start + _PIECE]
            rows = rows.reshape(len(rows), -1)
            into = hashes[begin + start : begin + start + len(rows)]
            for place in range(rows.shape[1]) if read is None else read:
                _mix(into, rows[:, place])
        begin += len(part)


def _mix(hashes: NDArray[np.uint64], values: NDArray[np.generic]) -> None:
    """Mix one value a row into the hashes, in place.

    Source: Steele et al., Fast Splittable Pseudorandom Number Generators, 2014 (its finaliser).
    """
    numbers = values.astype(np.float64) + 0.0  # which makes -0 a 0; always a copy
    numbers[np.isnan(numbers)] = np.nan
    step, first, second = map(np.uint64, _FACTORS)
    hashes ^= numbers.view(np.uint64)
    hashes += step
    hashes ^= hashes >> np.uint64(30)
    hashes *= first
    hashes ^= hashes >> np.uint64(27)
    hashes *= second
    hashes ^= hashes >> np.uint64(31)
