"""What a sweep is once it is valid: the points that it goes through, and what is best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.config.places import steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dlrun.config.overrides import Override
    from dlrun.config.places import Node
    from dlrun.config.sweeps.distributions import Distribution


@dataclass(frozen=True)
class Point:
    """One combination of the values of all axes.

    Attributes:
        overrides: The keys and what they are set to.
    """

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
    """What a sweep looks for.

    Attributes:
        metric: `loss` or the name of a metric.
        split: `train`, `validation` or `test`; empty where none is given, until the runs are known.
        maximize: Whether the largest value is the best.
        node: Where it is written.
    """

    metric: str
    split: str
    maximize: bool
    node: Node

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
    """The rule by which bad runs are stopped early: successive halving.

    Attributes:
        eta: One of so many runs goes on from each rung.
        min_epochs: The epochs to the first rung; each further one is `eta` times as high.
    """

    eta: int
    min_epochs: int


@dataclass(frozen=True)
class Sampler:
    """How the keys under `random` are drawn.

    Attributes:
        type: `random`: each draw by itself; `tpe`: where earlier runs were good.
        seed: Where its randomness comes from.
    """

    type: str = "random"
    seed: int = 0


@dataclass(frozen=True)
class Sweep:
    """Many experiments.

    Attributes:
        name: What it is called.
        source: The file that declares it.
        base: The config that all of them begin with.
        fixed: What all of them set differently.
        axes: The keys that vary, in order.
        points: What is to be trained, in order; where `sampler` is `tpe`, empty.
        space: The distributions by key.
        seeds: The seeds of each point; empty for that of the config.
        samples: How many points are drawn.
        sampler: How they are drawn.
        objective: What is best; None for the main metric of the runs.
        halving: How bad runs are stopped early, or None.
        excluded: How many combinations were left out.
        beyond: How many points were left out because of `max_runs`.
    """

    name: str
    source: Path
    base: Path
    fixed: tuple[Override, ...]
    axes: tuple[str, ...]
    points: tuple[Point, ...]
    space: Mapping[str, Distribution]
    seeds: tuple[Node, ...]
    samples: int
    sampler: Sampler
    objective: Objective | None
    halving: Halving | None
    excluded: int
    beyond: int
