"""`dlrun diff A B`: in what two runs differ, from what was asked to what came out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.absent import ABSENT
from dlrun.config.resolved import flattened
from dlrun.config.stored import given_keys, stored_config
from dlrun.rundir.folder import Run

_SURROUNDINGS = (
    "versions", "host", "platform", "processor", "cpu_count", "device", "precision", "threads",
    "environment", "git",
)  # fmt: skip
"""What of the record is the same for two runs of one installation on one machine."""

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Hashes:
    """Arrays of two runs, told apart by their hashes."""

    same: tuple[str, ...]  # equal to the bit
    different: tuple[str, ...]
    missing: tuple[str, ...]  # those that one of the runs does not have
    known: bool  # whether both runs recorded hashes


@dataclass(frozen=True)
class Parting:
    """Where two histories part."""

    epochs: tuple[int, int]  # how many each has
    # The first epoch, from 1, of which not all is the same; None where the shorter history is the
    # beginning of the longer one.
    epoch: int | None
    columns: Mapping[str, tuple[float, float]]  # the values in that epoch that differ
    unshared: tuple[str, ...]  # columns that only one of them has


@dataclass(frozen=True)
class RunDifference:
    """In what two runs differ: each value as a pair, `ABSENT` where one has none."""

    names: tuple[str, str]
    # A key that one of the configs lacks counts unless it is at its default in the other.
    config: Mapping[str, Pair]
    surroundings: Mapping[str, Pair]  # facts of the records: versions, machine, variables
    data: Hashes
    initial_weights: Hashes
    history: Parting
    final_weights: Hashes
    metrics: Mapping[str, Pair]


def diff(one: Run, other: Run) -> RunDifference:
    """Tell two runs apart by what their folders hold."""
    records = one.record, other.record
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
        parting(one.history, other.history),
        final,
        _pairs(*(dict(flattened(run.metrics, "")) for run in (one, other))),
    )


def parting(
    one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]
) -> Parting:  # fmt: skip
    """Find the first epoch in which two histories differ, each a list by column; NaN equals NaN."""
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


def _config(one: Run, other: Run) -> dict[str, Pair]:
    mine, theirs = stored_config(one), stored_config(other)
    given, asked = given_keys(one, mine), given_keys(other, theirs)
    return {
        key: pair
        for key, pair in _pairs(mine, theirs).items()
        if ABSENT not in pair or key in (asked if pair[0] is ABSENT else given)
    }


def _pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Pair]:
    keys = dict.fromkeys(itertools.chain(one, other))
    pairs = {key: (one.get(key, ABSENT), other.get(key, ABSENT)) for key in keys}
    return {key: pair for key, pair in pairs.items() if not _is_same(*pair)}


def _is_same(one: Any, other: Any) -> bool:
    """Equality that holds of NaN, and tells true from 1."""
    both_nan = one != one and other != other  # noqa: PLR0124
    return both_nan or (one == other and isinstance(one, bool) == isinstance(other, bool))


def _hashes(one: Any, other: Any) -> Hashes:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return Hashes((), (), (), known=False)
    shared = [name for name in one if name in other]
    return Hashes(
        tuple(name for name in shared if one[name] == other[name]),
        tuple(name for name in shared if one[name] != other[name]),
        tuple(name for name in (*one, *other) if name not in shared),
        known=True,
    )
