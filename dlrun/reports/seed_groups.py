"""Groups of runs that differ by their seeds only, with means, confidence intervals and verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dlrun.reports.comparison import ComparedRun, MetricRow, best_of
from dlrun.reports.seeds import Estimate, Verdict, corrected, estimate, judge
from dlrun.rundir.metrics import is_larger_better

_SEED_KEYS = ("seed", "name")  # may differ within a group


@dataclass(frozen=True)
class SeedGroup:
    """Runs of one config over seeds."""

    label: str  # `A`, `B`, ... in the order of the runs
    runs: tuple[int, ...]  # their numbers
    seeds: tuple[int, ...]  # each once, sorted


@dataclass(frozen=True)
class GroupRow:
    """A metric of all groups."""

    split: str
    name: str
    estimates: tuple[Estimate | None, ...]  # one a group; None where it was not measured
    # against the first group; None for the first and where one was not measured
    verdicts: tuple[Verdict | None, ...]
    best: tuple[int, ...]  # the numbers of the groups with the best mean


def seed_groups(runs: Sequence[ComparedRun]) -> list[SeedGroup]:
    """Put the runs of one config together, whatever their seeds and names.

    There are no groups where no two runs have the same config and different seeds.
    """
    found: dict[str, list[int]] = {}
    for number, run in enumerate(runs):
        asked = {key: value for key, value in run.config.items() if key not in _SEED_KEYS}
        found.setdefault(json.dumps(asked, sort_keys=True, default=str), []).append(number)
    groups = [
        SeedGroup(_label(index), tuple(numbers), tuple(sorted({_seed(runs[n]) for n in numbers})))
        for index, numbers in enumerate(found.values())
    ]
    return groups if any(len(group.seeds) > 1 for group in groups) else []


def group_rows(
    runs: Sequence[ComparedRun], groups: Sequence[SeedGroup], rows: Sequence[MetricRow]
) -> list[GroupRow]:
    """Take means over seeds, and compare every group with the first."""
    found = []
    for row in rows:
        larger = is_larger_better(row.name)
        values = [by_seed(runs, group, row) for group in groups]
        estimates = tuple(estimate(list(one.values())) if one else None for one in values)
        judged = {
            number: judge(one, values[0], larger=larger)
            for number, one in enumerate(values)
            if number > 0 and one and values[0]
        }
        final = dict(zip(judged, corrected(list(judged.values()), larger=larger), strict=True))
        verdicts = tuple(final.get(number) for number in range(len(groups)))
        best = best_of([None if one is None else one.mean for one in estimates], larger=larger)
        found.append(GroupRow(row.split, row.name, estimates, verdicts, best))
    return found


def by_seed(
    runs: Sequence[ComparedRun], group: SeedGroup, row: MetricRow
) -> dict[int, float]:  # fmt: skip
    """Give the mean of a metric over the runs of each seed; two runs of one seed count once."""
    found: dict[int, list[float]] = {}
    for number in group.runs:
        value = row.values[number]
        if value is not None and value == value:  # noqa: PLR0124 - not NaN
            found.setdefault(_seed(runs[number]), []).append(value)
    return {seed: fmean(values) for seed, values in sorted(found.items())}


def _label(index: int) -> str:
    """`A` to `Z`, then `A1` to `Z1`, ..."""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")  # noqa: PLR2004


def _seed(run: ComparedRun) -> int:
    seed: Any = run.config.get("seed")
    return seed if isinstance(seed, int) else 0


def keys_of(differing: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the keys that may differ within a group."""
    return {key: values for key, values in differing.items() if key not in _SEED_KEYS}
