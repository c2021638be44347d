"""Forecasts of series over what came true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from matplotlib.dates import AutoDateLocator
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlrun.arrays import Foretold, SeriesForm
from dlrun.data.clock import write_times
from dlrun.reports.plots.numbers import Columns, stacked
from dlrun.reports.plots.style import (
    INK,
    MUTED,
    SPLIT_COLORS,
    SPLIT_NAMES,
    legend_above,
    new_figure,
    panels_of,
    safe_text,
)
from dlrun.reports.run_data import ReportData, Rows

NAME = "forecast"
TITLE = "Forecast over truth"

MOST_PANELS: Final = 4
GAP: Final = 1.5
"""What is so many usual steps away is not joined by a line; months differ by less."""
MOST_STEPS: Final = 2_000
"""Of a longer series the last steps are kept."""
MOST_DATES: Final = 7
"""More do not fit below a panel."""
MOST_MARKED: Final = 60
"""So many steps are told apart in a panel; markers on more would hide the lines below them."""


LEAST_JOINED: Final = 3
"""Fewer forecasts of a step each have no usual distance."""

Forecast: TypeAlias = tuple[str, NDArray[Any], NDArray[Any], NDArray[Any]]
"""The split of its targets; their times, values and what the naive forecast says, `(steps,)`."""


@dataclass(frozen=True, eq=False)
class Line:
    """What is drawn of one column of one series, by time."""

    name: str
    truth: dict[float, float]
    forecasts: list[Forecast]  # of windows that follow each other


def fits(data: ReportData) -> bool:
    """Whether series are foretold, by finite numbers."""
    form, rows = data.spec.series, data.judged
    if form is None or rows.foretold is None or rows.y_pred.shape != rows.y_true.shape:
        return False
    return bool(np.isfinite(rows.y_pred).all())


def caption(data: ReportData) -> str:
    """Say what is seen and how it is read."""
    form = data.spec.series
    steps = 1 if form is None else form.horizon
    split = SPLIT_NAMES[data.judged.split]
    each = "Each forecast is of one step" if steps == 1 else f"Each stretch is of {steps} steps"
    naive = next(iter(_naive(data.judged)), None)
    dashes = "" if naive is None else f" The dashes are the baseline, the {naive}."
    return (
        f"What came true, and what was foretold of the {split} rows. {each}, foretold at once "
        f"from the steps before it.{dashes}"
    )


def numbers(data: ReportData) -> Columns:
    """Give the steps of each line: what came true, what was foretold, and by the baseline."""
    form, parts = data.spec.series, []
    clock = None if form is None else form.clock
    for line in lines_of(data):
        said = {
            float(time): (value, base)
            for _, times, values, naive in line.forecasts
            for time, value, base in zip(times, values, naive, strict=True)
        }
        times = sorted(line.truth)
        shown = times if clock is None else write_times(clock, times)
        columns: Columns = [
            ("line", [line.name] * len(times)),
            ("time", shown),
            ("truth", [line.truth[time] for time in times]),
            ("forecast", [said.get(time, (np.nan, np.nan))[0] for time in times]),
            ("baseline", [said.get(time, (np.nan, np.nan))[1] for time in times]),
        ]
        parts.append(columns)
    return stacked(parts)


def draw(data: ReportData) -> Figure:
    """Draw one panel for each of the first columns and series."""
    lines = list(lines_of(data))
    figure = new_figure(0.4 + 2.3 * len(lines))
    clock = None if data.spec.series is None else data.spec.series.clock
    for panel, line in zip(panels_of(figure, len(lines)), lines, strict=True):
        times = recent(line, data.spec.series)
        is_sparse = len(times) <= MOST_MARKED
        width = 1.2 if is_sparse else 0.8
        when, values = _broken(times, np.array([line.truth[time] for time in times.tolist()]))
        panel.plot(_axis(when, data), values, color=INK, linewidth=width, label="truth")
        for number, (split, when, values, naive) in enumerate(_joined(line.forecasts)):
            label, dashes = f"forecast ({SPLIT_NAMES[split]})", "baseline"
            if number:  # one of each in the legend
                label = dashes = "_"
            axis, color = _axis(when, data), SPLIT_COLORS[split]
            alone = _alone(values)
            if np.isfinite(naive).any():
                panel.plot(
                    axis, naive, color=MUTED, linestyle="--", linewidth=0.8 * width,
                    marker="o" if len(alone) else None, markevery=alone, markersize=2, label=dashes,
                )  # fmt: skip
            panel.plot(
                axis, values, color=color, linewidth=1.2 * width,
                marker="o" if is_sparse or len(alone) else None, markersize=2.5,
                markevery=None if is_sparse else alone, label=label,
            )  # fmt: skip
        locator = panel.xaxis.get_major_locator()
        if isinstance(locator, AutoDateLocator):
            locator.maxticks = dict.fromkeys(locator.maxticks, MOST_DATES)
        panel.set_ylabel(safe_text(line.name))
        panel.set_xlabel("step" if clock is None else safe_text(clock.column))
        legend_above(panel)
    return figure


def recent(line: Line, form: SeriesForm | None) -> NDArray[np.float64]:
    """Give the times that are drawn, ascending: those that were foretold, and some before them.

    As many as these, and no fewer than a window and than a season.
    """
    times = np.array(sorted(line.truth))
    if not line.forecasts:
        return times
    begin = int(np.searchsorted(times, line.forecasts[0][1][0]))
    seen = 0 if form is None else max(form.window, form.season or 0)
    return times[max(begin - max(len(times) - begin, seen), 0) :]


def _broken(times: NDArray[Any], *lines: NDArray[Any]) -> list[NDArray[Any]]:
    """Put NaN into lines where steps are missing, which no line should cross."""
    gaps = np.flatnonzero(np.diff(times) > GAP * np.median(np.diff(times))) + 1
    return [np.insert(times, gaps, times[gaps]), *(np.insert(one, gaps, np.nan) for one in lines)]


def _alone(values: NDArray[Any]) -> NDArray[np.int64]:
    """Where a value has no neighbour, so that no line shows it."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    return np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])


def _joined(forecasts: Sequence[Forecast]) -> Sequence[Forecast]:
    """Make one line of forecasts of a single step each, which would be none without markers."""
    if len(forecasts) < LEAST_JOINED or any(len(times) > 1 for _, times, *_ in forecasts):
        return forecasts
    whole = [np.concatenate(parts) for parts in list(zip(*forecasts, strict=True))[1:]]
    times, values, naive = _broken(whole[0], *whole[1:])
    return [(forecasts[0][0], times, values, naive)]


def _axis(times: NDArray[Any], data: ReportData) -> Any:
    """Give times as matplotlib marks them."""
    clock = None if data.spec.series is None else data.spec.series.clock
    if clock is None or clock.format is None:
        return times
    return times.astype(np.int64).astype("datetime64[s]")


def _naive(rows: Rows) -> dict[str, Any]:
    """The naive forecast that is drawn: the season's, where there is one."""
    told = rows.foretold
    return {} if told is None else dict(list(told.naive.items())[-1:])


def lines_of(data: ReportData) -> Iterator[Line]:
    """Gather what is drawn: the first series, and of each the first columns."""
    form, told = data.spec.series, data.judged.foretold
    if form is None or told is None:
        return
    drawn = 0
    for number in np.unique(told.numbers).tolist():
        for column, target in enumerate(form.targets):
            if drawn == MOST_PANELS:
                return
            drawn += 1
            name = ", ".join((*told.keys[number], target))
            truth = _truth(told, number, column)
            last = sorted(truth)[-MOST_STEPS:]
            forecasts = list(_stretches(data.judged, number, column, len(form.targets)))
            yield Line(
                name,
                {time: truth[time] for time in last},
                [one for one in forecasts if one[1][0] >= last[0]],
            )


def _truth(told: Foretold, number: int, column: int) -> dict[float, float]:
    """Give all known values of a series, by time, rounded as the targets are.

    A window lacks where one of its steps does: what is known around a gap is in none.
    """
    steps = told.steps
    known = (steps.numbers == number) & ~np.isnan(steps.values[:, column])
    values = steps.values[known, column].astype(np.float32)
    return dict(zip(steps.times[known].tolist(), values.tolist(), strict=True))


def _stretches(rows: Rows, number: int, column: int, targets: int) -> Iterator[Forecast]:
    """Give the forecasts of windows of which no two foretell the same step, first to last."""
    told = rows.foretold
    if told is None:
        return
    chosen = np.flatnonzero(told.numbers == number)
    naive = next(iter(_naive(rows).values()), None)
    free = -np.inf
    for row in chosen[np.argsort(np.asarray(told.times)[chosen, 0])].tolist():
        times = np.asarray(told.times)[row]  # (horizon,)
        if times[0] <= free:
            continue
        free = times[-1]
        shape = (len(times), targets)
        values = rows.y_pred[row].reshape(shape)[:, column]
        base = np.full(len(times), np.nan)
        if naive is not None:
            base = np.asarray(naive)[row].reshape(shape)[:, column]
        yield rows.split, times, values, base
