"""Axes put together to points: every combination, side by side, drawn, and what is left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from dlrun.config.overrides import Override
from dlrun.config.places import Node, Place
from dlrun.config.sweeps.distributions import Distribution
from dlrun.config.sweeps.sweep import Point

Part = list[tuple[Override, ...]]  # alternatives: of each part of a sweep a point takes one


@dataclass(frozen=True)
class Axis:
    """A key, a dotted path, and the values that it runs through."""

    key: str
    values: Sequence[Node]
    place: Place

    def overrides(self) -> list[Override]:
        """Give one override a value."""
        return [Override(self.key, value, self.place) for value in self.values]


def grid(axes: Iterable[Axis]) -> list[Part]:
    """Make a part of each axis: their combinations are all that there are."""
    return [[(override,) for override in axis.overrides()] for axis in axes]


def zipped(axes: Iterable[Axis]) -> Part:
    """Put axes of the same length side by side: the first value of each, the second, ..."""
    return list(zip(*(axis.overrides() for axis in axes), strict=True))


def drawn(space: Mapping[str, Distribution], samples: int, seed: int) -> Part:
    """Draw points; each is a pure function of the seed, its number and its keys.

    More samples, or a further key, change nothing of what was drawn before.
    """
    return [
        tuple(
            one.override(key, one.draw(Random(f"{seed}/{number}/{key}")))  # noqa: S311 - no secret
            for key, one in space.items()
        )
        for number in range(samples)
    ]


def combined(parts: Sequence[Part]) -> Iterator[Point]:
    """Combine the alternatives of all parts, which share no key; those of the last vary fastest."""
    for chosen in product(*parts):
        yield Point(tuple(override for one in chosen for override in one))


def count(parts: Iterable[Part]) -> int:
    """Count the combinations."""
    return math.prod(len(part) for part in parts)
