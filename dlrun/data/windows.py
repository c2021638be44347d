"""Cuts series into windows, by split, and gathers them when they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Array, SeriesForm, StreamedArray
from dlrun.data.streaming import stream_limit


class Windows:
    """What stands at the same places of many windows of an array: `(windows, places, ...)`.

    Indexed like an array of its rows; nothing is copied before it is taken.
    """

    def __init__(self, steps: Array, begins: NDArray[np.int64], offsets: NDArray[np.int64]) -> None:
        self._steps = steps  # (steps, ...)
        self._begins = begins  # (windows,): the numbers of their first steps
        self._offsets = offsets  # (places,): from the first step of a window

    def __len__(self) -> int:
        """The number of windows."""
        return len(self._begins)

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[Any]:
        """Take windows."""
        places = self._begins[rows][:, None] + self._offsets  # (rows, places)
        taken = self._steps[places.reshape(-1)]
        return np.asarray(taken.reshape(*places.shape, *taken.shape[1:]))

    def gathered(self, *, streamed: bool) -> Array:
        """Give all of them: in memory, or one by one when they are taken."""
        return StreamedArray(self) if streamed else self[:]


@dataclass(frozen=True, eq=False)
class Cut:
    """Where the windows of a split begin."""

    begins: NDArray[np.int64]  # (windows,): their first steps, ascending in each run
    runs: NDArray[np.int64]  # (windows,): the first step of the run that each lies in


def cut_windows(
    form: SeriesForm,
    runs: NDArray[np.int64],
    inside: NDArray[np.bool_] | None = None,
    *,
    border: Literal["targets", "windows"] = "targets",
) -> Cut:
    """Cut runs of steps, `(runs, 2)`, into windows whose targets all lie inside of a split.

    Args:
        form: How long they are, and how far apart.
        runs: Begins and ends of steps without a gap.
        inside: Which steps belong to the split, `(steps,)`: of each run neighbours. None for all.
        border: `targets` lets a window see steps before the split, which are its past; `windows`
            keeps it inside as a whole.
    """
    begins: list[NDArray[np.int64]] = []
    of_runs: list[NDArray[np.int64]] = []
    for begin, end in runs.tolist():
        first, last = begin, end
        if inside is not None:
            steps = np.flatnonzero(inside[begin:end])
            if not len(steps):
                continue
            first, last = begin + int(steps[0]), begin + int(steps[-1]) + 1
        # The first step of the targets of the first window.
        target = max(first, begin + form.window)
        if border == "windows":
            target = max(first + form.window, target)
        found = np.arange(target, last - form.horizon + 1, form.stride) - form.window
        begins.append(found)
        of_runs.append(np.full(len(found), begin))
    none = np.empty(0, np.int64)
    return Cut(np.concatenate([none, *begins]), np.concatenate([none, *of_runs]))


def is_large(windows: int, form: SeriesForm, width: int, targets: int) -> bool:
    """Whether windows take more memory than rows may: each step stands in many of them."""
    numbers = form.window * width + (1 + naive_count(form)) * form.horizon * targets
    return windows * numbers * np.dtype(np.float32).itemsize > stream_limit()


def targets_of(steps: Array, cut: Cut, form: SeriesForm, *, streamed: bool) -> Array:
    """Give what is to be foretold, `(windows, horizon * targets)`, of steps `(steps, targets)`."""
    offsets = form.window + np.arange(form.horizon)
    return _flat(Windows(steps, cut.begins, offsets), streamed=streamed)


def _flat(windows: Any, *, streamed: bool) -> Array:
    if streamed:
        return StreamedArray(windows).changed(_flattened)
    return _flattened(windows[:])


def _flattened(rows: NDArray[Any]) -> NDArray[Any]:
    return rows.reshape(len(rows), -1)


# Naive forecasts

LAST_VALUE = "last value"


def season_name(season: int) -> str:
    """What the forecast is called that takes what was a season ago."""
    return f"season of {season}"


def naive_count(form: SeriesForm) -> int:
    """How many naive forecasts there are."""
    return 1 if form.season is None else 2


def naive_forecasts(
    steps: NDArray[np.float64], cut: Cut, form: SeriesForm, *, streamed: bool
) -> dict[str, Array]:
    """Give what naive forecasts say of windows, `(windows, horizon * targets)`, by their names.

    `last value` repeats the last one that a window sees; `season of s` what was `s` steps before,
    or as many times `s` as it takes to lie in the past. NaN where the run begins later than that.
    """
    ahead = np.arange(form.horizon)
    offsets = {LAST_VALUE: np.full(form.horizon, form.window - 1)}
    if form.season is not None:
        back = form.season * (ahead // form.season + 1)
        offsets[season_name(form.season)] = form.window + ahead - back
    return {
        name: _flat(_Reaching(steps, cut, of_one), streamed=streamed)
        for name, of_one in offsets.items()
    }


class _Reaching(Windows):
    """Windows of which some places may lie before their run; there is NaN."""

    def __init__(self, steps: NDArray[np.float64], cut: Cut, offsets: NDArray[np.int64]) -> None:
        super().__init__(steps, cut.begins, offsets)
        self._runs = cut.runs

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[Any]:
        """Take windows."""
        places = self._begins[rows][:, None] + self._offsets
        taken = np.array(self._steps[np.maximum(places, 0)], np.float32)  # (rows, places, targets)
        taken[places < self._runs[rows][:, None]] = np.nan
        return taken


def target_names(columns: Sequence[str], horizon: int) -> tuple[str, ...]:
    """Name what is foretold: `sales`, or `sales +1`, `sales +2`, ... where that is several steps.

    The targets of a step stand side by side, one step after the other.
    """
    if horizon == 1:
        return tuple(columns)
    return tuple(f"{name} +{step}" for step in range(1, horizon + 1) for name in columns)
