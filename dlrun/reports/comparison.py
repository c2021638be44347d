"""Several runs side by side: what was asked differently, and what came out differently."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from dlrun.absent import ABSENT
from dlrun.reports.repeats import FOLDS, SEEDS, Repeat, Repeats, without_repeat
from dlrun.reports.statistics import Estimate, Verdict, corrected, estimate, judge
from dlrun.rundir.metrics import JUDGING_ORDER, is_larger_better
from dlrun.wording import settings_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlrun.reports.scores import ClassificationReport


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """What a comparison knows of a run."""

    run: str
    label: str  # short, and different from those of the other runs
    status: str
    config: Mapping[str, Any]  # by dotted paths
    given: frozenset[str]  # the paths whose values are no defaults
    metrics: Mapping[str, Mapping[str, float]]  # by split and name
    history: Mapping[str, NDArray[np.float64]]  # (epochs,) by column of `history.csv`
    classification: ClassificationReport | None = None
    split: str = ""  # of which `classification` speaks


@dataclass(frozen=True)
class MetricRow:
    """A metric of all runs."""

    split: str
    name: str
    values: tuple[float | None, ...]  # one a run; None where it was not measured
    best: tuple[int, ...]  # the numbers of the runs with the best value; empty where all are equal


@dataclass(frozen=True)
class Incomparable:
    """Metrics that no run can be the best in: they are not measured alike."""

    metric: str | None  # its name; None for all of them
    why: str

    def holds(self, name: str) -> bool:
        """Whether it holds of a metric."""
        return self.metric in (None, name)

    def in_words(self) -> str:
        """Say what cannot be compared, and why."""
        return f"{self.metric or 'metrics'}: not comparable, {self.why}; none is marked as the best"


def differing_keys(runs: Sequence[ComparedRun]) -> dict[str, tuple[Any, ...]]:
    """Find the keys of the configs that are not the same in all runs: one value a run, or ABSENT.

    Keys that are at their defaults in all runs that have them are left out: another layer has other
    arguments, which nobody asked for.
    """
    asked = frozenset().union(*(run.given for run in runs))
    keys = dict.fromkeys(key for run in runs for key in run.config if key in asked)
    # Resolved configs hold their sections in the order of the language.
    sections = list(dict.fromkeys(_section(key) for run in runs for key in run.config))

    def order(key: str) -> tuple[int, list[int]]:
        return sections.index(_section(key)), [int(one) for one in re.findall(r"\[(\d+)\]", key)]

    table = {
        key: tuple(run.config.get(key, ABSENT) for run in runs) for key in sorted(keys, key=order)
    }
    return {
        key: values
        for key, values in table.items()
        if any(value is not values[0] and value != values[0] for value in values)
    }


def incomparable(runs: Sequence[ComparedRun]) -> Incomparable | None:
    """Tell which metrics of runs are not measured alike; None where all are.

    The targets decide over all of them, the loss and the scale of the targets over the loss.
    """
    differing = differing_keys(runs)
    if targets := [key for key in differing if _section_of(key) == "dataset.target"]:
        return Incomparable(None, f"the runs differ in {', '.join(targets)}")
    scaled = [key for key in differing if key == "dataset.target_scale"]
    named = [key for key in differing if _section(key) == "loss" and key != "loss.name"]
    keys = [*scaled, *(["loss.type"] if "loss.type" in named else named)]
    return Incomparable("loss", f"the runs differ in {', '.join(keys)}") if keys else None


def metric_rows(runs: Sequence[ComparedRun]) -> list[MetricRow]:
    """Put the metrics of all runs side by side."""
    names = dict.fromkeys(
        (split, name)
        for split in JUDGING_ORDER
        for run in runs
        for name in run.metrics.get(split, {})
    )
    unlike = incomparable(runs)
    rows = []
    for split, name in names:
        values = tuple(run.metrics.get(split, {}).get(name) for run in runs)
        is_unlike = unlike is not None and unlike.holds(name)
        best = () if is_unlike else best_of(values, larger=is_larger_better(name))
        rows.append(MetricRow(split, name, values, best))
    return rows


def class_rows(runs: Sequence[ComparedRun]) -> list[MetricRow]:
    """Put the F1 scores of the classes side by side, those that differ most first.

    There are none where the runs do not all tell the same classes apart.
    """
    reports = [run.classification for run in runs if run.classification is not None]
    if len(reports) < len(runs) or len({report.class_names for report in reports}) > 1:
        return []
    rows = []
    for number, name in enumerate(reports[0].class_names):
        values = tuple(report.scores[number].f1 for report in reports)
        rows.append(MetricRow(runs[0].split, name, values, best_of(values, larger=True)))
    return sorted(rows, key=_spread, reverse=True)


def best_of(values: Sequence[float | None], *, larger: bool) -> tuple[int, ...]:
    """Find the numbers of the best values; none where fewer than two differ."""
    known = [value for value in values if value is not None and value == value]  # noqa: PLR0124
    if len(set(known)) < 2:  # noqa: PLR2004
        return ()
    best = max(known) if larger else min(known)
    return tuple(number for number, value in enumerate(values) if value == best)


def _section(key: str) -> str:
    return key.partition(".")[0].partition("[")[0]


def _section_of(key: str) -> str:
    """The key of a list of which a path names an element: `dataset.target` of `.target[0]`."""
    return key.partition("[")[0]


def _spread(row: MetricRow) -> float:
    known = [value for value in row.values if value is not None]
    return max(known) - min(known)


@dataclass(frozen=True)
class SeedGroup:
    """Runs of one config over seeds, folds or both."""

    label: str  # what differs from the other groups; `A`, `B`, ... where that is long
    runs: tuple[int, ...]  # their numbers
    repeats: tuple[Repeat, ...]  # each once, sorted
    over: Repeats

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, each once, sorted."""
        return tuple(sorted({one.seed for one in self.repeats}))

    @property
    def folds(self) -> tuple[int, ...]:
        """The folds, each once, sorted; none where there is no cross-validation."""
        return tuple(sorted({one.fold for one in self.repeats} - {0}))


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
    """Put the runs of one config together, whatever their seeds, folds and names.

    There are no groups where no two runs have the same config and different seeds or folds.
    """
    found: dict[str, list[int]] = {}
    for number, run in enumerate(runs):
        asked = keys_of(run.config)
        found.setdefault(json.dumps(asked, sort_keys=True, default=str), []).append(number)
    groups = [_group(_label(index), numbers, runs) for index, numbers in enumerate(found.values())]
    return groups if any(len(group.repeats) > 1 for group in groups) else []


def _group(label: str, numbers: Sequence[int], runs: Sequence[ComparedRun]) -> SeedGroup:
    repeats = tuple(sorted({Repeat.of(runs[number].config) for number in numbers}))
    folds = runs[numbers[0]].config.get(FOLDS)
    over = Repeats.of(repeats, folds if isinstance(folds, int) else None)
    return SeedGroup(label, tuple(numbers), repeats, over)


def group_rows(
    runs: Sequence[ComparedRun], groups: Sequence[SeedGroup], rows: Sequence[MetricRow]
) -> list[GroupRow]:
    """Take means over seeds and folds, and compare every group with the first."""
    unlike = incomparable([runs[group.runs[0]] for group in groups])
    found = []
    for row in rows:
        larger = is_larger_better(row.name)
        is_unlike = unlike is not None and unlike.holds(row.name)
        values = [by_repeat(runs, group, row) for group in groups]
        estimates = tuple(
            estimate(list(one.values()), group.over) if one else None
            for group, one in zip(groups, values, strict=True)
        )
        over = groups[0].over if groups else SEEDS
        judged = {
            number: judge(one, values[0], larger=larger, over=over)
            for number, one in enumerate(values)
            if number > 0 and one and values[0] and not is_unlike
        }
        tested = corrected(list(judged.values()), larger=larger, over=over)
        final = dict(zip(judged, tested, strict=True))
        verdicts = tuple(final.get(number) for number in range(len(groups)))
        means = [None if one is None else one.mean for one in estimates]
        best = () if is_unlike else best_of(means, larger=larger)
        found.append(GroupRow(row.split, row.name, estimates, verdicts, best))
    return found


def by_repeat(runs: Sequence[ComparedRun], group: SeedGroup, row: MetricRow) -> dict[Repeat, float]:
    """Give the mean of a metric over the runs of each seed and fold; two of one count once."""
    found: dict[Repeat, list[float]] = {}
    for number in group.runs:
        value = row.values[number]
        if value is not None and value == value:  # noqa: PLR0124 - not NaN
            found.setdefault(Repeat.of(runs[number].config), []).append(value)
    return {repeat: fmean(values) for repeat, values in sorted(found.items())}


ONE_EACH: Final = (
    "one run each, so nothing tells whether the seeds alone make such a difference; train them "
    "with --set seed=0..4"
)


@dataclass(frozen=True)
class Grouping:
    """Runs by config, where some differ by seed or fold only; all of it empty where none do."""

    groups: tuple[SeedGroup, ...]
    keys: Mapping[str, tuple[Any, ...]]  # in which the groups differ, one value a group
    rows: tuple[GroupRow, ...]  # the metrics, one mean a group
    caveat: str | None = None  # what runs of several configs do not tell that are no groups


def grouping(runs: Sequence[ComparedRun], rows: Sequence[MetricRow]) -> Grouping:
    """Put runs of one config together, call them by what differs, and take their means."""
    groups = seed_groups(runs)
    if not groups:
        return Grouping((), {}, (), ONE_EACH if keys_of(differing_keys(runs)) else None)
    firsts = [runs[group.runs[0]] for group in groups]
    keys = keys_of(differing_keys(firsts)) if len(firsts) > 1 else {}
    groups = called(groups, keys)
    return Grouping(tuple(groups), keys, tuple(group_rows(runs, groups, rows)))


_LONGEST = 32  # characters of what groups are called


def called(groups: Sequence[SeedGroup], keys: Mapping[str, Sequence[Any]]) -> list[SeedGroup]:
    """Call groups by what differs, `learning_rate=0.01`, where that is short and always something.

    `keys` are those in which they differ, one value a group.
    """
    names = [
        settings_of({key: values[number] for key, values in keys.items()
                     if values[number] is not ABSENT})
        for number in range(len(groups))
    ]  # fmt: skip
    is_telling = len(set(names)) == len(names) and all(0 < len(name) <= _LONGEST for name in names)
    if not is_telling:
        return list(groups)
    return [replace(group, label=name) for group, name in zip(groups, names, strict=True)]


def _label(index: int) -> str:
    """`A` to `Z`, then `A1` to `Z1`, ..."""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")  # noqa: PLR2004


def keys_of(differing: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the keys that may differ within a group."""
    return {key: values for key, values in without_repeat(differing).items() if key != "name"}
