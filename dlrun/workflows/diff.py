"""`dlrun diff A B`: in what two runs differ, from what was asked to what came out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.config.resolved import flattened
from dlrun.config.similar import ConfigReader
from dlrun.rundir.folder import open_run
from dlrun.rundir.history import read_history
from dlrun.rundir.metrics import read_metrics
from dlrun.workflows.compare import read_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dlrun.rundir.folder import RunFolder

_SURROUNDINGS = (
    "versions", "host", "platform", "processor", "cpu_count", "device", "precision", "threads",
    "environment", "git",
)  # fmt: skip
"""What of the record is the same for two runs of one installation on one machine."""

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Hashes:
    """Arrays of two runs, told apart by their hashes.

    Attributes:
        same: The names of those that are equal to the bit.
        different: Those that are not.
        missing: Those that one of the runs does not have.
        known: Whether both runs recorded hashes.
    """

    same: tuple[str, ...]
    different: tuple[str, ...]
    missing: tuple[str, ...]
    known: bool


@dataclass(frozen=True)
class Parting:
    """Where two histories part.

    Attributes:
        epochs: How many epochs each has.
        epoch: The first epoch, from 1, of which not all is the same; None where the shorter
            history is the beginning of the longer one.
        columns: The values in that epoch that differ, by column.
        unshared: Columns that only one of them has.
    """

    epochs: tuple[int, int]
    epoch: int | None
    columns: Mapping[str, tuple[float, float]]
    unshared: tuple[str, ...]


@dataclass(frozen=True)
class RunDifference:
    """In what two runs differ.

    Attributes:
        names: Their folders' names.
        config: The keys of the configs that differ; a key that one of them lacks counts unless
            it is at its default in the other.
        surroundings: Facts of the records that differ: versions, machine, variables.
        data: The arrays that went in.
        initial_weights: The weights that the training began with.
        history: Where the logs part.
        final_weights: The weights that came out.
        metrics: The metrics that differ.
    """

    names: tuple[str, str]
    config: Mapping[str, Pair]
    surroundings: Mapping[str, Pair]
    data: Hashes
    initial_weights: Hashes
    history: Parting
    final_weights: Hashes
    metrics: Mapping[str, Pair]


def diff(references: tuple[str, str], *, runs_dir: Path) -> RunDifference:
    """Tell two runs apart by what their folders hold.

    Args:
        references: Two run folders, parts of their names, or `latest`.
        runs_dir: Where the runs are.

    Raises:
        RunFolderError: A run is missing or damaged.
    """
    one, other = (open_run(reference, runs_dir) for reference in references)
    records = one.read_record(), other.read_record()
    surroundings = [
        dict(flattened({key: record.get(key, ABSENT) for key in _SURROUNDINGS}, ""))
        for record in records
    ]
    data, initial, final = (
        _hashes(*(record.get(key) for record in records))
        for key in ("data", "initial_weights", "final_weights")
    )
    return RunDifference(
        (one.name, other.name),
        _config(one, other),
        _pairs(*surroundings),
        data,
        initial,
        parting(read_history(one.path), read_history(other.path)),
        final,
        _pairs(*(dict(flattened(read_metrics(run.path), "")) for run in (one, other))),
    )


def parting(
    one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]
) -> Parting:  # fmt: skip
    """Find where two histories part.

    Args:
        one: A list of values by column.
        other: The same of the other run.

    Returns:
        The first epoch and the columns that differ; NaN equals NaN.
    """
    shared = [name for name in one if name in other]
    unshared = tuple(name for name in (*one, *other) if name not in shared)
    lengths = tuple(len(next(iter(columns.values()), ())) for columns in (one, other))
    for epoch in range(min(lengths)):
        columns = {
            name: (one[name][epoch], other[name][epoch])
            for name in shared
            if not _is_same(one[name][epoch], other[name][epoch])
        }
        if columns:
            return Parting((lengths[0], lengths[1]), epoch + 1, columns, unshared)
    return Parting((lengths[0], lengths[1]), None, {}, unshared)


def _config(one: RunFolder, other: RunFolder) -> dict[str, Pair]:
    """The keys of the configs that differ."""
    reader = ConfigReader()
    (mine, given), (theirs, asked) = read_config(one, reader), read_config(other, reader)
    return {
        key: pair
        for key, pair in _pairs(mine, theirs).items()
        if ABSENT not in pair or key in (asked if pair[0] is ABSENT else given)
    }


def _pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Pair]:
    """What is not the same in two mappings."""
    keys = dict.fromkeys(itertools.chain(one, other))
    pairs = {key: (one.get(key, ABSENT), other.get(key, ABSENT)) for key in keys}
    return {key: pair for key, pair in pairs.items() if not _is_same(*pair)}


def _is_same(one: Any, other: Any) -> bool:
    """Equality that holds of NaN, and tells true from 1."""
    both_nan = one != one and other != other  # noqa: PLR0124
    return both_nan or (one == other and isinstance(one, bool) == isinstance(other, bool))


def _hashes(one: Any, other: Any) -> Hashes:
    """Compare recorded hashes by name."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return Hashes((), (), (), known=False)
    shared = [name for name in one if name in other]
    return Hashes(
        tuple(name for name in shared if one[name] == other[name]),
        tuple(name for name in shared if one[name] != other[name]),
        tuple(name for name in (*one, *other) if name not in shared),
        known=True,
    )
