"""Several runs side by side: what was asked differently, and what came out differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.absent import ABSENT
from dlrun.rundir.metrics import JUDGING_ORDER, is_larger_better

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dlrun.reports.classification import ClassificationReport


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


def metric_rows(runs: Sequence[ComparedRun]) -> list[MetricRow]:
    """Put the metrics of all runs side by side."""
    names = dict.fromkeys(
        (split, name)
        for split in JUDGING_ORDER
        for run in runs
        for name in run.metrics.get(split, {})
    )
    rows = []
    for split, name in names:
        values = tuple(run.metrics.get(split, {}).get(name) for run in runs)
        rows.append(MetricRow(split, name, values, best_of(values, larger=is_larger_better(name))))
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


def _spread(row: MetricRow) -> float:
    known = [value for value in row.values if value is not None]
    return max(known) - min(known)
