"""The effect of one axis of a sweep on the objective, over everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import COLORS, MUTED, dots, legend_above, new_figure
from dlrun.reports.plots.sweep_marks import (
    BEST,
    Bars,
    mark_values,
    objective_axis,
    objective_limits,
    of_outside,
)
from dlrun.reports.sweep_axes import Axis
from dlrun.reports.sweep_data import SweepData
from dlrun.wording import percent, text_of

_MEAN = COLORS[0]
_MOST_BARS = 200
_MOST_BINS = 8
_LEAST_IN_BIN = 5
_GOLDEN = 0.618034
_EDGE = 0.05


def fits(axis: Axis) -> bool:
    """Whether the values of an axis can be placed or told apart."""
    return axis.is_ordered or axis.has_few


def title(axis: Axis) -> str:
    """Name the plot of an axis."""
    return text_of(axis.name, 60)


def caption(data: SweepData, axis: Axis) -> str:
    """Say what is seen and how it is read."""
    said = "Each dot is a point of the sweep"
    if np.isfinite(data.margins).any():
        said += f", its bar the 95 % confidence interval over its {data.points[0].over.unit}s"
    if axis.has_few and not _is_single(axis):
        said += "; the mean and the best are those of all points with the same value."
    elif not axis.has_few and _bins(axis):
        said += "; the line joins the medians of neighbouring points."
    else:
        said += "."
    share = data.shares[data.axes.index(axis)]
    if share:
        said += f" By itself this key explains {percent(round(share, 2))} of the points' order."
    bars = _bars(data)
    return said + of_outside(data) + ("" if bars is None else bars.in_words())


def numbers(data: SweepData, axis: Axis) -> Columns:
    """Give the value and the objective of each point, with the margin over its seeds."""
    return [
        (axis.key, [axis.labels[number] for number in axis.groups]),
        (data.results.objective, data.means),
        ("margin", data.margins),
    ]


def draw(data: SweepData, axis: Axis) -> Figure:
    """Draw every point, and the mean and the best at each value."""
    figure = new_figure(3.0)
    axes = figure.add_subplot()
    places = axis.places + _aside(axis)
    objective_axis(axes, data)
    if (bars := _bars(data)) is not None:
        axes.errorbar(
            places, bars.means, yerr=bars.margins,
            fmt="none", ecolor=MUTED, elinewidth=0.8, alpha=0.45, zorder=2,
        )  # fmt: skip
        bars.mark(axes, places, upright=True)
    if not _is_single(axis):
        shape: dict[str, Any] = dots(len(places), faint=True)
        axes.scatter(
            places, data.shown, color=MUTED, linewidth=0, zorder=2.5, label="point", **shape
        )
    if axis.has_few:
        _values(axes, data, axis)
    else:
        _trend(axes, data, axis)
    mark_values(axes, axis)
    edge = _EDGE if axis.is_ordered else max(0.3 / (len(axis.labels) - 1), _EDGE)
    axes.set_xlim(-edge, 1 + edge)
    legend_above(axes)
    return figure


def _bars(data: SweepData) -> Bars | None:
    """The bars of the points; None where there are none, or too many to be seen."""
    if len(data.points) > _MOST_BARS or not np.isfinite(data.margins).any():
        return None
    limits = (-np.inf, np.inf) if data.scale is None else objective_limits(data, data.scale)
    return Bars(data.shown, np.nan_to_num(data.margins), limits)


def _values(axes: Axes, data: SweepData, axis: Axis) -> None:
    """The mean and the best point at each value; joined where the values have an order."""
    members = [axis.groups == number for number in range(len(axis.labels))]
    places = [float(axis.places[one][0]) for one in members]
    sign = 1 if data.results.larger else -1
    means = np.array([data.means[one].mean() for one in members])
    bests = np.array([sign * (sign * data.means[one]).max() for one in members])
    if data.scale is not None:
        means, bests = (np.clip(one, data.scale.low, data.scale.high) for one in (means, bests))
    joined = "-" if axis.is_ordered else "none"
    label, size = ("point", 5) if _is_single(axis) else ("mean", 6)
    if not _is_single(axis):
        axes.plot(places, bests, "D", color=BEST, markersize=4.5, label="best", zorder=4)
    axes.plot(
        places, means, "o", color=_MEAN, markersize=size, linestyle=joined, label=label, zorder=3
    )
    if _is_single(axis):
        _best(axes, data, axis)


def _trend(axes: Axes, data: SweepData, axis: Axis) -> None:
    """The medians of neighbouring points, where there are enough, and the best of all points."""
    if bins := _bins(axis):
        middles = [float(np.median(axis.places[one])) for one in bins]
        medians = [float(np.median(data.shown[one])) for one in bins]
        axes.plot(middles, medians, color=_MEAN, label="median", zorder=3)
    _best(axes, data, axis)


def _best(axes: Axes, data: SweepData, axis: Axis) -> None:
    axes.plot(
        axis.places[:1], data.shown[:1], "D", color=BEST, markersize=5, label="best", zorder=4
    )


def _is_single(axis: Axis) -> bool:
    return axis.has_few and len(axis.groups) == len(axis.labels)


def _aside(axis: Axis) -> NDArray[np.float64]:
    """How far to move each point so that those with the same value lie beside each other."""
    if not axis.has_few:
        return np.zeros(len(axis.places))
    different = np.unique(axis.places)
    width = min(0.5 * float(np.diff(different).min()), 0.08 if axis.is_ordered else 0.14)
    turns = np.zeros(len(axis.places))
    for number in range(len(axis.labels)):
        members = np.flatnonzero(axis.groups == number)
        if len(members) > 1:
            turns[members] = (np.arange(1, len(members) + 1) * _GOLDEN) % 1 - 0.5
    return turns * width


def _bins(axis: Axis) -> list[NDArray[np.int64]]:
    """Groups of neighbouring points of the same size, enough of them for a line, else none."""
    count = min(len(axis.places) // _LEAST_IN_BIN, _MOST_BINS)
    if count < 4:  # noqa: PLR2004
        return []
    return np.array_split(np.argsort(axis.places, kind="stable"), count)
