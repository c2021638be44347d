"""All plots of a sweep, in the order in which its page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlrun.reports.page.wording import text_of
from dlrun.reports.plots import (
    axis_effects,
    overlaid_curves,
    pair_maps,
    parallel_coordinates,
    seed_spread,
    style,
)
from dlrun.reports.plots.shelf import Picture, picture_of
from dlrun.reports.sweep_story import SweepData, pairs

MOST_EFFECTS = 12
MOST_PAIRS = 3
_TITLE = 60


@dataclass(frozen=True)
class SweepPictures:
    """The plots of a sweep that say something."""

    effects: tuple[Picture, ...]  # one an axis
    pairs: tuple[Picture, ...]  # one a pair of axes
    parallel: tuple[Picture, ...]
    seeds: tuple[Picture, ...]
    curves: tuple[Picture, ...]


@dataclass(frozen=True, eq=False)
class _Curves:
    """The curves of a run, see `dlrun.reports.plots.overlaid_curves`."""

    label: str
    history: Mapping[str, NDArray[np.float64]]


def draw_sweep(data: SweepData) -> SweepPictures:
    """Draw every plot of a sweep that says something."""
    with style.applied():
        return SweepPictures(
            _effects(data), _pairs(data), _parallel(data), _seeds(data), _curves(data)
        )


def _effects(data: SweepData) -> tuple[Picture, ...]:
    chosen = [axis for axis in data.axes if axis_effects.fits(axis)][:MOST_EFFECTS]
    return tuple(
        picture_of(
            f"effect_{number}",
            text_of(axis.name, _TITLE),
            axis_effects.caption(data, axis),
            axis_effects.draw(data, axis),
        )
        for number, axis in enumerate(chosen, start=1)
    )


def _pairs(data: SweepData) -> tuple[Picture, ...]:
    return tuple(
        picture_of(
            f"pair_{number}",
            text_of(pair_maps.title(pair), 2 * _TITLE),
            pair_maps.caption(data, pair),
            pair_maps.draw(data, pair),
        )
        for number, pair in enumerate(pairs(data, MOST_PAIRS), start=1)
    )


def _parallel(data: SweepData) -> tuple[Picture, ...]:
    if not parallel_coordinates.fits(data):
        return ()
    said, drawn = parallel_coordinates.caption(data), parallel_coordinates.draw(data)
    return (picture_of("parallel_coordinates", "Parallel coordinates", said, drawn),)


def _seeds(data: SweepData) -> tuple[Picture, ...]:
    if not seed_spread.fits(data):
        return ()
    said, drawn = seed_spread.caption(data), seed_spread.draw(data)
    return (picture_of(seed_spread.NAME, seed_spread.TITLE, said, drawn),)


def _curves(data: SweepData) -> tuple[Picture, ...]:
    runs = [
        _Curves(f"{number} {data.name_of(point)}", history)
        for number, (point, history) in enumerate(
            zip(data.every, data.curves, strict=False), start=1
        )
        if any(len(values) for values in history.values())
    ]
    if not runs or not overlaid_curves.columns(runs):
        return ()
    said = "The best run of each of the first points of the table, after every epoch."
    title = "Learning curves of the best"
    return (picture_of("curves", title, said, overlaid_curves.draw(runs)),)
