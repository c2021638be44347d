"""All plots of a sweep, in the order in which its page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.reports.plots import (
    axis_effects,
    overlaid_curves,
    pair_maps,
    parallel_coordinates,
    seed_spread,
    style,
)
from dlrun.reports.plots.shelf import Picture, Sheet, picture_of
from dlrun.reports.sweep_data import SweepData, pairs

MOST_EFFECTS = 12
MOST_PAIRS = 3


@dataclass(frozen=True)
class SweepPictures:
    """The plots of a sweep that say something."""

    effects: tuple[Picture, ...]  # one an axis
    pairs: tuple[Picture, ...]  # one a pair of axes
    parallel: tuple[Picture, ...]
    seeds: tuple[Picture, ...]
    curves: tuple[Picture, ...]

    def all(self) -> tuple[Picture, ...]:
        """Give all of them in the order of the page."""
        return self.effects + self.pairs + self.parallel + self.seeds + self.curves


@dataclass(frozen=True, eq=False)
class _Curves:
    """The curves of a run, see `dlrun.reports.plots.overlaid_curves`."""

    label: str
    history: Mapping[str, NDArray[np.float64]]


def draw_sweep(data: SweepData, form: str = "png") -> SweepPictures:
    """Draw every plot of a sweep that says something."""
    sheet = Sheet(data.results.name, form)
    effects = [axis for axis in data.axes if axis_effects.fits(axis)][:MOST_EFFECTS]
    with style.applied():
        return SweepPictures(
            effects=tuple(
                _picture(sheet, f"effect_{number}", axis_effects, data, axis)
                for number, axis in enumerate(effects, start=1)
            ),
            pairs=tuple(
                _picture(sheet, f"pair_{number}", pair_maps, data, pair)
                for number, pair in enumerate(pairs(data, MOST_PAIRS), start=1)
            ),
            parallel=_where_it_fits(sheet, parallel_coordinates, data),
            seeds=_where_it_fits(sheet, seed_spread, data),
            curves=_curves(sheet, data),
        )


def _picture(sheet: Sheet, name: str, plot: Any, data: SweepData, *chosen: Any) -> Picture:
    """Draw a plot of a sweep, or of one axis or one pair of axes of it."""
    title = plot.title(*chosen) if chosen else plot.TITLE
    words = (title, plot.caption(data, *chosen))
    return picture_of(sheet, name, words, plot.draw(data, *chosen), plot.numbers(data, *chosen))


def _where_it_fits(sheet: Sheet, plot: Any, data: SweepData) -> tuple[Picture, ...]:
    return (_picture(sheet, plot.NAME, plot, data),) if plot.fits(data) else ()


def _curves(sheet: Sheet, data: SweepData) -> tuple[Picture, ...]:
    shown = enumerate(zip(data.every, data.curves, strict=False), start=1)
    runs = [
        _Curves(f"{number} {data.name_of(point)}", history)
        for number, (point, history) in shown
        if any(len(values) for values in history.values())
    ]
    if not runs or not overlaid_curves.columns(runs):
        return ()
    said = "The best run of each of the first points of the table, after every epoch."
    words = ("Learning curves of the best", said)
    numbers = overlaid_curves.numbers(runs)
    return (picture_of(sheet, "curves", words, overlaid_curves.draw(runs), numbers),)
