"""The axes of a sweep as plots need them: where each point lies on them, and what is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import Locator, LogLocator, MaxNLocator
from numpy.typing import NDArray

from dlrun.absent import ABSENT
from dlrun.reports.repeats import REPEATED
from dlrun.reports.sweep_results import SweepPoint, SweepResults, point_key
from dlrun.wording import is_number, short_names, value_text

MOST_VALUES = 20  # up to so many values are looked at one by one
NOT_SET = "not set"

_LOG_FROM = 30
_LOG_FEW_FROM = 8
_LARGEST = 1e100
_NARROWEST = 0.03
_MARKED = 8


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis of a sweep that has more than one value.

    Numbers lie as their logarithms where that is more even, as numbers over orders of magnitude do;
    what is no number, and numbers that would lie on each other, at equal distances in order.
    """

    key: str
    name: str  # the key as short as can be
    labels: tuple[str, ...]  # its different values in order
    groups: NDArray[np.int64]  # (points,), the number of each point's value among them
    places: NDArray[np.float64]  # (points,), where each lies in [0, 1]
    marks: tuple[tuple[float, str], ...]  # places and texts of round values; of all if few
    is_ordered: bool  # the values are numbers

    @property
    def has_few(self) -> bool:
        """Whether it has so few values that each can be looked at by itself."""
        return len(self.labels) <= MOST_VALUES


@dataclass(frozen=True)
class Scale:
    """Where numbers lie between 0 and 1."""

    low: float  # at 0
    high: float  # at 1, larger
    is_log: bool  # their logarithms lie evenly; both are positive then

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Place numbers of any shape in [0, 1], those outside at the ends; NaN stays."""
        inside = np.clip(values, self.low, self.high)
        if self.is_log:
            places = np.log(inside / self.low) / np.log(self.high / self.low)
        else:
            places = (inside - self.low) / (self.high - self.low)
        return np.asarray(places, np.float64)

    def marks(self, most: int = 6) -> tuple[tuple[float, str], ...]:
        """Choose about so many round numbers to be marked: their places and their texts."""
        locator: Locator = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10])
        if self.is_log:
            decades = np.log10(self.high / self.low)
            steps = (1.0, 2.0, 5.0) if decades < 2 else (1.0, 3.0) if decades < 3 else (1.0,)  # noqa: PLR2004
            locator = LogLocator(subs=steps, numticks=most)
        chosen = np.asarray(locator.tick_values(self.low, self.high), np.float64)
        slack = 1e-9 * abs(chosen)
        inside = chosen[(chosen + slack >= self.low) & (chosen - slack <= self.high)]
        texts = [f"{value:.6g}" for value in inside]
        return tuple(zip(self.place(inside).tolist(), texts, strict=True))


def axes_of(results: SweepResults, points: Sequence[SweepPoint]) -> list[Axis]:
    """Give the axes on which those points differ that are drawn; seed and fold are none."""
    keys = [key for key in results.axes if key not in REPEATED]
    names = short_names(keys)
    axes = []
    for key in keys:
        values = [point.values.get(key, ABSENT) for point in points]
        if _is_plain(values):
            axis = _numbers(key, names[key], np.array(values, np.float64))
        else:
            seen = [run.point.get(key, ABSENT) for run in results.runs]
            axis = _choices(key, names[key], values, seen)
        axes.append(axis)
    return [axis for axis in axes if len(axis.labels) > 1]


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether all values are numbers that a plot can place."""
    return all(is_number(value) and abs(value) < _LARGEST for value in values)


def _numbers(key: str, name: str, values: NDArray[np.float64]) -> Axis:
    """An axis of numbers, at equal distances only where some would lie on each other."""
    different, groups = np.unique(values, return_inverse=True)
    labels = tuple(value_text(int(one) if one.is_integer() else float(one)) for one in different)
    if len(different) < 2:  # noqa: PLR2004
        return _evenly(key, name, labels, groups, is_ordered=True)
    scale = _scale(values, different)
    places = scale.place(different)
    if len(different) <= MOST_VALUES and np.diff(places).min() < _NARROWEST:
        return _evenly(key, name, labels, groups, is_ordered=True)
    are_apart = len(different) <= _MARKED and np.diff(places).min() > 0.5 / _MARKED
    marks = tuple(zip(places.tolist(), labels, strict=True)) if are_apart else scale.marks()
    return Axis(key, name, labels, groups, places[groups], marks, is_ordered=True)


def _scale(values: NDArray[np.float64], different: NDArray[np.float64]) -> Scale:
    """Choose logarithms where numbers lie more evenly by them: if they double each time, say."""
    low, high = float(different[0]), float(different[-1])
    plain = Scale(low, high, is_log=False)
    is_few = len(different) <= MOST_VALUES
    if low <= 0 or high / low < (_LOG_FEW_FROM if is_few else _LOG_FROM):
        return plain
    log = Scale(low, high, is_log=True)
    if is_few:
        closest, others = (np.diff(one.place(different)).min() for one in (log, plain))
        return log if closest > others else plain
    middle, other = (abs(np.median(one.place(values)) - 0.5) for one in (log, plain))
    return log if middle < other else plain


def _choices(key: str, name: str, values: Sequence[Any], seen: Sequence[Any]) -> Axis:
    """An axis of anything, in the order in which the values were tried; numbers in their own."""
    texts = {_identity(value): value for value in (*seen, *values)}
    wanted = {_identity(value) for value in values}
    known = [value for value in texts.values() if value is not ABSENT]
    order = [_identity(value) for value in sorted(known)] if _is_plain(known) else list(texts)
    if ABSENT in values:
        order = [_identity(ABSENT), *(one for one in order if one != _identity(ABSENT))]
    order = [one for one in order if one in wanted]
    number = {one: place for place, one in enumerate(order)}
    groups = np.array([number[_identity(value)] for value in values], np.int64)
    labels = tuple(
        NOT_SET if texts[one] is ABSENT else " ".join(value_text(texts[one]).split())
        for one in order
    )
    return _evenly(key, name, labels, groups, is_ordered=False)


def _identity(value: Any) -> str:
    return "" if value is ABSENT else point_key({"": value})


def _evenly(
    key: str, name: str, labels: tuple[str, ...], groups: NDArray[np.int64], *, is_ordered: bool
) -> Axis:
    places = np.linspace(0, 1, len(labels))
    marks = tuple(zip(places.tolist(), labels, strict=True))
    return Axis(key, name, labels, groups, places[groups], marks, is_ordered)
