"""Makes the classes of training rows equally frequent: repeats rare rows, or leaves others out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from dlrun.errors import ConfigError, Problem
from dlrun.wording import cut, list_some, tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.arrays import Samples

_STREAM: Final = 4
"""The `spawn_key` of the random stream; those of the splits are in `dlrun.data.division`."""
_MOST: Final = 10


Word = Literal["over", "under"]


@dataclass(frozen=True)
class Sampling:
    """How training rows are sampled by class."""

    word: Word
    seed: int


def sampled_rows(numbers: NDArray[np.int64], sampling: Word, *, seed: int) -> NDArray[np.int64]:
    """Choose row numbers, ascending, so that all classes that have rows have equally many.

    `over`: as many as the largest class has. Every row is there, and each row of a class as often
    as any other of it, but for a rest that is drawn. `under`: as many as the smallest class has,
    drawn without repetition.

    Args:
        numbers: The class number of each row, `(rows,)`.
        sampling: What to do.
        seed: Where the chance comes from; the same rows and seed give the same choice.
    """
    stream = np.random.SeedSequence(seed, spawn_key=(_STREAM,))
    generator = np.random.Generator(np.random.PCG64(stream))
    counts = np.bincount(numbers)
    wanted = counts.max() if sampling == "over" else counts[counts > 0].min()
    chosen = []
    for number in np.flatnonzero(counts):
        members = np.flatnonzero(numbers == number)
        times, rest = divmod(int(wanted), len(members))
        drawn = members[generator.permutation(len(members))[:rest]]
        chosen += [np.repeat(members, times), drawn]
    return np.sort(np.concatenate(chosen))


def sample_classes(
    samples: Samples,
    numbers: NDArray[np.int64],
    class_names: tuple[str, ...] | None,
    sampling: Sampling,
) -> tuple[Samples, NDArray[np.int64], str]:
    """Sample training rows with class numbers `(rows,)`.

    Returns:
        The rows, their class numbers, and what was done in words.

    Raises:
        ConfigError: There are no classes.
    """
    if class_names is None:
        what = "there are no classes to sample by."
        raise ConfigError(Problem("training.sampling", what, "Remove it."))
    rows = sampled_rows(numbers, sampling.word, seed=sampling.seed)
    before, after = (
        np.bincount(one, minlength=len(class_names)).tolist() for one in (numbers, numbers[rows])
    )
    changes = [
        f"{cut(name)} {old:,} -> {new:,}"
        for name, old, new in zip(class_names, before, after, strict=True)
        if old != new
    ]
    told = list_some(changes, _MOST) or "the classes are equally frequent"
    said = f"sampling: {sampling.word}, {tally(len(rows), 'row')} an epoch ({told})"
    return samples.at(rows), numbers[rows], said
