"""Makes the classes of training rows equally frequent: repeats rare rows, or leaves others out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from dlrun.data.labels import class_numbers, weigh_classes, weigh_labels
from dlrun.errors import ConfigError, Problem
from dlrun.wording import cut, list_some, tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.arrays import Samples, Splits

_STREAM: Final = 4
"""The `spawn_key` of the random stream; those of the splits are in `dlrun.data.division`."""
_MOST: Final = 10


Word = Literal["over", "under"]


@dataclass(frozen=True)
class Sampling:
    """How training rows are sampled by class."""

    word: Word
    seed: int


def training_rows(
    splits: Splits,
    *,
    class_weight: Mapping[str, float] | str | None,
    sampling: Word | None,
    seed: int,
) -> tuple[Splits, str | None]:
    """Sample the training rows by class, and give them the weights of their classes.

    Returns the splits, whose labels are fitted, and what was sampled in words.
    """
    spec, train = splits.spec, splits.train
    if train.y is None or (class_weight is None and sampling is None):
        return splits, None
    names, said = spec.class_names, None
    if spec.labels and sampling is None:
        return replace(splits, train=weigh_labels(train, spec.target_names, class_weight)), None
    numbers = class_numbers(train.y, spec)
    if sampling is not None:
        train, numbers, said = sample_classes(train, numbers, names, Sampling(sampling, seed))
    return replace(splits, train=weigh_classes(train, numbers, names, class_weight)), said


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
