"""What repeats a run without anything being asked differently: another seed, another fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

SEED: Final = "seed"
FOLD: Final = "dataset.fold"
FOLDS: Final = "dataset.folds"
REPEATED: Final = (SEED, FOLD)
"""The keys of a config over which points are repeated."""

Unit = Literal["seed", "fold", "run"]


class Repeat(NamedTuple):
    """Which repetition a run is."""

    seed: int = 0
    fold: int = 0  # from 1; 0 where there are no folds

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Repeat:
        """Read it of a config, or of a point, by dotted paths."""
        found = (values.get(key) for key in REPEATED)
        return cls(*(one if isinstance(one, int) else 0 for one in found))


def without_repeat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the keys in which repetitions differ."""
    return {key: value for key, value in values.items() if key not in REPEATED}


@dataclass(frozen=True)
class Repeats:
    """Over what a mean is taken."""

    unit: Unit = "seed"  # `run`: over seeds and folds
    folds: int = 0  # of each cross-validation; 0 for none

    @classmethod
    def of(cls, repeats: Iterable[Repeat], folds: int | None) -> Repeats:
        """Tell it of the repetitions of one point, each of so many folds."""
        if not folds:
            return cls()
        return cls("fold" if len({one.seed for one in repeats}) < 2 else "run", folds)  # noqa: PLR2004

    @property
    def overlap(self) -> float:
        """The rows that judge a run over those that train it: what makes folds depend on others."""
        return 1 / (self.folds - 1) if self.folds > 1 else 0.0


SEEDS: Final = Repeats()
