"""Draws a window of a series: what was before, what came true, and what was foretold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Foretold, SeriesForm
from dlrun.data.clock import write_time
from dlrun.reports.run_data import Rows
from dlrun.wording import cut

WIDTH: Final = 160
HEIGHT: Final = 64
_MARGIN: Final = 4.0
MOST_SEEN: Final = 240
"""Of longer windows the last steps are drawn."""

_Points = Sequence[tuple[float, float]]  # steps from the first that is foretold, and values


@dataclass(frozen=True)
class WindowDrawing:
    """Lines in a field of `WIDTH` by `HEIGHT`, each as SVG has the points of one."""

    seen: str  # steps of the target before the first one that is foretold
    true: str
    foretold: str  # empty where nothing is
    ends: tuple[tuple[float, float], ...]  # of what is true, and of what is foretold
    begins: str  # the time of the first step that is foretold; empty where rows have none
    name: str  # the keys of the series, and the target where there are several


def draw_windows(
    rows: Rows, places: Sequence[int], form: SeriesForm | None, *, answered: bool
) -> list[WindowDrawing | None]:
    """Draw windows, of several targets the one that is farthest off; None where rows are none.

    Without `answered` what the network foretells is left out, and the first target is drawn.
    """
    told = rows.foretold
    if form is None or told is None:
        return [None] * len(places)
    return [_draw(rows, told, place, form, answered=answered) for place in places]


def _draw(
    rows: Rows, told: Foretold, place: int, form: SeriesForm, *, answered: bool
) -> WindowDrawing:
    shape = (form.horizon, len(form.targets))
    true = np.asarray(rows.y_true[place], np.float64).reshape(shape)
    said = np.asarray(rows.y_pred[place], np.float64).reshape(shape) if answered else None
    column = 0 if said is None else int(np.argmax(np.square(true - said).sum(axis=0)))
    times, number = np.asarray(told.times)[place], int(told.numbers[place])
    seen = list(enumerate(_before(told, number, times[0], column, form.window)))
    begin = len(seen)
    came = list(enumerate(true[:, column].tolist(), begin))
    foretold = [] if said is None else list(enumerate(said[:, column].tolist(), begin))
    line, end = _scale([*seen, *came, *foretold])
    names = [*told.keys[number], *([form.targets[column]] if len(form.targets) > 1 else [])]
    return WindowDrawing(
        seen=line(seen),
        true=line([*seen[-1:], *came]),
        foretold=line(foretold),
        ends=tuple(end(one[-1]) for one in (came, foretold) if one and np.isfinite(one[-1][1])),
        begins="" if form.clock is None else write_time(form.clock, float(times[0])),
        name=", ".join(map(cut, names)),
    )


def _before(
    told: Foretold, number: int, begin: float, column: int, window: int
) -> NDArray[np.float64]:
    """The last steps of a series before a time, `(steps,)`, NaN where one is missing."""
    steps = told.steps
    before = np.flatnonzero((steps.numbers == number) & (steps.times < begin))
    seen: NDArray[np.float64] = steps.values[before[-min(window, MOST_SEEN) :], column]
    return seen


def _scale(points: _Points) -> tuple[Any, Any]:
    """Make what writes a line, and what places a point, so that all points have room."""
    known = np.array([point for point in points if np.isfinite(point[1])])
    if not len(known):
        return (lambda _: ""), (lambda _: (0.0, 0.0))
    low, high = known.min(axis=0), known.max(axis=0)
    flat = 0.5 * (high <= low)  # is drawn halfway up
    low, size = low - flat, high - low + 2 * flat
    room = np.array([WIDTH, HEIGHT]) - 2 * _MARGIN

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across, up = (np.array(point) - low) / size * room
        return round(_MARGIN + float(across), 1), round(HEIGHT - _MARGIN - float(up), 1)

    def line(points: _Points) -> str:
        there = (place(point) for point in points if np.isfinite(point[1]))
        return " ".join(f"{x:g},{y:g}" for x, y in there)

    return line, place
