"""Axes put together to points: every combination, side by side, drawn, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from random import Random
from typing import TYPE_CHECKING

from dlrun.config.overrides import Override
from dlrun.config.sweeps.sweep import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dlrun.config.places import Node, Place
    from dlrun.config.sweeps.distributions import Distribution

Part = list[tuple[Override, ...]]
"""Alternatives: of each part of a sweep a point takes one."""


@dataclass(frozen=True)
class Axis:
    """A key and the values that it runs through.

    Attributes:
        key: A dotted path.
        values: The values.
        place: Where the key is written.
    """

    key: str
    values: Sequence[Node]
    place: Place

    def overrides(self) -> list[Override]:
        """One override a value."""
        return [Override(self.key, value, self.place) for value in self.values]


def grid(axes: Iterable[Axis]) -> list[Part]:
    """Make a part of each axis: their combinations are all that there are.

    Args:
        axes: The axes.
    """
    return [[(override,) for override in axis.overrides()] for axis in axes]


def zipped(axes: Iterable[Axis]) -> Part:
    """Put axes side by side: the first value of each, the second of each, ...

    Args:
        axes: The axes, each with as many values as the others.
    """
    return list(zip(*(axis.overrides() for axis in axes), strict=True))


def drawn(space: Mapping[str, Distribution], samples: int, seed: int) -> Part:
    """Draw points; each is a pure function of the seed, its number and its keys.

    More samples, or a further key, change nothing of what was drawn before.

    Args:
        space: Distributions by key.
        samples: How many points.
        seed: Where the randomness comes from.
    """
    return [
        tuple(
            one.override(key, one.draw(Random(f"{seed}/{number}/{key}")))  # noqa: S311 - no secret
            for key, one in space.items()
        )
        for number in range(samples)
    ]


def combined(parts: Sequence[Part]) -> Iterator[Point]:
    """Combine the alternatives of all parts; those of the last part vary fastest.

    Args:
        parts: Two parts do not have a key in common.
    """
    for chosen in product(*parts):
        yield Point(tuple(override for one in chosen for override in one))


def count(parts: Iterable[Part]) -> int:
    """Count the combinations.

    Args:
        parts: See `combined`.
    """
    total = 1
    for part in parts:
        total *= len(part)
    return total
