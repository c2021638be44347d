"""What a sweep is once it is valid: the points that it goes through, and what is best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from dlrun.config.nodes import Node, Place, steps
from dlrun.config.overrides import Override
from dlrun.sweeps.language.distributions import Distribution


@dataclass(frozen=True)
class Point:
    """One combination of the values of all axes."""

    overrides: tuple[Override, ...]

    @property
    def values(self) -> dict[str, Any]:
        """The plain values by key."""
        return {one.key: one.value.plain() for one in self.overrides}

    def to_apply(self) -> list[Override]:
        """The overrides, those of a whole before those inside of it.

        `optimizer.learning_rate` would be lost if `optimizer` were set after it.
        """
        return sorted(self.overrides, key=lambda one: len(list(steps(one.key))))


@dataclass(frozen=True)
class Objective:
    """What a sweep looks for."""

    metric: str  # `loss` or the name of a metric
    split: str  # empty where none is given, until the runs are known
    maximize: bool
    node: Node  # where it is written

    @property
    def key(self) -> str:
        """As `dlrun runs` calls it: `test.accuracy`."""
        return f"{self.split}.{self.metric}"

    @property
    def column(self) -> str:
        """As `history.csv` calls it: `val_accuracy`, or `accuracy` for the training rows."""
        return f"val_{self.metric}" if self.split == "validation" else self.metric


@dataclass(frozen=True)
class Halving:
    """The rule by which bad runs are stopped early: successive halving."""

    eta: int  # one of so many runs goes on from each rung
    min_epochs: int  # the first rung; each further one is `eta` times as high


@dataclass(frozen=True)
class Sampler:
    """How the keys under `random` are drawn."""

    type: str = "random"  # each draw by itself; `tpe`: where earlier runs were good
    seed: int = 0


@dataclass(frozen=True)
class Sweep:
    """Many experiments."""

    name: str
    source: Path  # the file that declares it
    base: Path  # the config that all of them begin with
    fixed: tuple[Override, ...]  # what all of them set differently
    axes: tuple[str, ...]  # the keys that vary, in order
    points: tuple[Point, ...]  # what is to be trained, in order; none with the sampler tpe
    space: Mapping[str, Distribution]  # by key
    seeds: tuple[Node, ...]  # of each point; empty for that of the config
    folds: tuple[Override, ...]  # of each point; empty where there is no cross-validation
    samples: int  # how many points are drawn
    sampler: Sampler
    objective: Objective | None  # None for the main metric of the runs
    halving: Halving | None
    excluded: int  # how many combinations were left out
    beyond: int  # how many points were left out because of `max_runs`


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
