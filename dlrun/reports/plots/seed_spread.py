"""The best points of a sweep run by run, with their means and how sure these are."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from dlrun.reports.plots.numbers import Columns
from dlrun.reports.plots.style import COLORS, MUTED, legend_above, new_figure, safe_text
from dlrun.reports.plots.sweep_marks import BEST, Bars, labels, objective
from dlrun.reports.repeats import FOLD, SEED
from dlrun.reports.sweep_data import SweepData
from dlrun.wording import short_names

NAME = "seed_spread"
TITLE = "The best points, run by run"

MOST_POINTS = 15
_LABEL = 34
_BEYOND = 0.35  # how far bars may reach beyond the dots, as a share of the dots' range


def fits(data: SweepData) -> bool:
    """Whether one of the best points has two seeds or folds."""
    return bool(np.isfinite(data.margins[:MOST_POINTS]).any())


def caption(data: SweepData) -> str:
    """Say what is seen and how it is read."""
    over = f"{data.points[0].over.unit}s" if data.points else "seeds"
    said = f"Each dot is a run, each diamond the mean over the {over}, its bar the 95 % confidence "
    said += "interval (Student's t). Points whose bars overlap widely may be equally good."
    said += _bars(data).in_words()
    more = len(data.points) - MOST_POINTS
    return said + (f" The best {MOST_POINTS} of {len(data.points):,} points." if more > 0 else "")


def numbers(data: SweepData) -> Columns:
    """Give the objective of each run, with its point, its seed and its fold."""
    runs = [
        (number, data.name_of(point), run)
        for number, point in enumerate(data.points[:MOST_POINTS], start=1)
        for run in point.runs
        if run.value is not None
    ]
    return [
        ("no", [number for number, _, _ in runs]),
        ("point", [name for _, name, _ in runs]),
        ("seed", [run.point.get(SEED) for _, _, run in runs]),
        ("fold", [run.point.get(FOLD) for _, _, run in runs]),
        (data.results.objective, [run.value for _, _, run in runs]),
    ]


def _bars(data: SweepData) -> Bars:
    """The bars, with room for a part of them beyond the dots: those of two seeds are very long."""
    points = data.points[:MOST_POINTS]
    means, margins = data.means[: len(points)], np.nan_to_num(data.margins[: len(points)])
    every = [run.value for point in points for run in point.runs if run.value is not None]
    low, high = min(every), max(every)
    room = (high - low) * _BEYOND or abs(high) * 0.1 or 1.0
    limits = (
        max(low - room, min(low, float((means - margins).min())) - room / 8),
        min(high + room, max(high, float((means + margins).max())) + room / 8),
    )
    return Bars(means, margins, limits)


def draw(data: SweepData) -> Figure:
    """Draw one row a point, the best at the top."""
    points = data.points[:MOST_POINTS]
    figure = new_figure(0.9 + 0.26 * len(points))
    axes = figure.add_subplot()
    rows = -np.arange(len(points), dtype=np.float64)
    values = [[run.value for run in point.runs if run.value is not None] for point in points]
    axes.scatter(
        [value for of_point in values for value in of_point],
        [row for row, of_point in zip(rows, values, strict=True) for _ in of_point],
        color=MUTED, alpha=0.6, s=14, linewidth=0, label="run", zorder=3,
    )  # fmt: skip
    bars = _bars(data)
    axes.errorbar(
        bars.means, rows, xerr=bars.margins, fmt="D", color=COLORS[0], markersize=4,
        elinewidth=1.2, label="mean", zorder=2.5,
    )  # fmt: skip
    axes.plot(bars.means[:1], rows[:1], "D", color=BEST, markersize=5, zorder=4)
    axes.set_xlim(*bars.limits)
    bars.mark(axes, rows, upright=False)
    names = [data.name_of(point) for point in points]
    if max(map(len, names)) > _LABEL:
        names = [data.values_of(point) for point in points]
        keys = ", ".join(short_names(data.keys).values())
        figure.suptitle(f"no.  {safe_text(keys, 2 * _LABEL)}", x=0.02, ha="left", fontsize=8)
    axes.set_yticks(rows, labels([f"{n}  {name}" for n, name in enumerate(names, 1)], _LABEL + 4))
    axes.set_ylim(rows[-1] - 0.6, 0.6)
    axes.set_xlabel(objective(data))
    axes.grid(visible=False, axis="y")
    legend_above(axes)
    return figure
