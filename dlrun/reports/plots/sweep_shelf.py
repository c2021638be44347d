"""All plots of a sweep, in the order in which its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlrun.reports.plots import (
    axis_effects,
    overlaid_curves,
    pair_maps,
    parallel_coordinates,
    seed_spread,
    style,
)
from dlrun.reports.plots.shelf import picture_of
from dlrun.reports.sweep_story import pairs
from dlrun.wording import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from dlrun.reports.plots.shelf import Picture
    from dlrun.reports.sweep_story import SweepStory

MOST_EFFECTS = 12
MOST_PAIRS = 3
_TITLE = 60


@dataclass(frozen=True)
class SweepPictures:
    """The plots of a sweep that say something.

    Attributes:
        effects: One an axis.
        pairs: One a pair of axes.
        parallel: All axes at once.
        seeds: The best points seed by seed.
        curves: The learning curves of the best runs.
    """

    effects: tuple[Picture, ...]
    pairs: tuple[Picture, ...]
    parallel: tuple[Picture, ...]
    seeds: tuple[Picture, ...]
    curves: tuple[Picture, ...]


@dataclass(frozen=True, eq=False)
class _Curves:
    """The curves of a run, see `dlrun.reports.plots.overlaid_curves`."""

    label: str
    history: Mapping[str, NDArray[np.float64]]


def draw_sweep(story: SweepStory) -> SweepPictures:
    """Draw every plot of a sweep that says something.

    Args:
        story: The sweep.
    """
    with style.applied():
        return SweepPictures(
            _effects(story), _pairs(story), _parallel(story), _seeds(story), _curves(story)
        )


def _effects(story: SweepStory) -> tuple[Picture, ...]:
    chosen = [axis for axis in story.axes if axis_effects.fits(axis)][:MOST_EFFECTS]
    return tuple(
        picture_of(
            f"effect_{number}",
            text_of(axis.name, _TITLE),
            axis_effects.caption(story, axis),
            axis_effects.draw(story, axis),
        )
        for number, axis in enumerate(chosen, start=1)
    )


def _pairs(story: SweepStory) -> tuple[Picture, ...]:
    return tuple(
        picture_of(
            f"pair_{number}",
            text_of(pair_maps.title(pair), 2 * _TITLE),
            pair_maps.caption(story, pair),
            pair_maps.draw(story, pair),
        )
        for number, pair in enumerate(pairs(story, MOST_PAIRS), start=1)
    )


def _parallel(story: SweepStory) -> tuple[Picture, ...]:
    if not parallel_coordinates.fits(story):
        return ()
    said, drawn = parallel_coordinates.caption(story), parallel_coordinates.draw(story)
    return (picture_of("parallel_coordinates", "Parallel coordinates", said, drawn),)


def _seeds(story: SweepStory) -> tuple[Picture, ...]:
    if not seed_spread.fits(story):
        return ()
    said, drawn = seed_spread.caption(story), seed_spread.draw(story)
    return (picture_of(seed_spread.NAME, seed_spread.TITLE, said, drawn),)


def _curves(story: SweepStory) -> tuple[Picture, ...]:
    runs = [
        _Curves(f"{number} {story.name_of(point)}", history)
        for number, (point, history) in enumerate(
            zip(story.every, story.curves, strict=False), start=1
        )
        if any(len(values) for values in history.values())
    ]
    if not runs or not overlaid_curves.columns(runs):
        return ()
    said = "The best run of each of the first points of the table, after every epoch."
    title = "Learning curves of the best"
    return (picture_of("curves", title, said, overlaid_curves.draw(runs)),)
