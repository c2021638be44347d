"""`dlrun compare RUN...`: metrics and configs side by side, groups over seeds or folds by means."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlrun.config.stored import given_keys, stored_config
from dlrun.errors import UsageError
from dlrun.reports.comparison import (
    ComparedRun,
    GroupRow,
    MetricRow,
    SeedGroup,
    differing_keys,
    group_rows,
    incomparable,
    keys_of,
    metric_rows,
    seed_groups,
)
from dlrun.rundir.folder import Run, open_runs
from dlrun.wording import did_you_mean
from dlrun.workflows.runs import choose_runs, metric_of


@dataclass(frozen=True)
class RunComparison:
    """Runs side by side."""

    runs: tuple[ComparedRun, ...]
    rows: tuple[MetricRow, ...]  # the metrics, one value a run
    keys: Mapping[str, tuple[Any, ...]]  # in which the configs differ, one value a run
    groups: tuple[SeedGroup, ...]  # the runs by config, where some differ by seed or fold only
    group_rows: tuple[GroupRow, ...]  # the metrics, one mean a group
    group_keys: Mapping[str, tuple[Any, ...]]  # in which the groups differ, one value a group
    judged: str  # the split whose verdicts are worth telling
    warnings: tuple[str, ...]  # what is missing, or cannot be compared


def compare(
    references: Sequence[str], *, runs_dir: Path, metrics: Sequence[str] = ()
) -> RunComparison:
    """Compare two or more runs by what their folders hold, by all metrics or by some."""
    found = open_runs(references, runs_dir)
    if len(found) < 2:  # noqa: PLR2004
        named = found[0].name if found else "none is named"
        raise UsageError(
            f"a comparison takes two runs: {named}.",
            fix="Name two runs or more, or choose them with --where.",
        )
    runs = [read_run(run) for run in found]
    rows = _chosen(metric_rows(runs), metrics)
    groups = seed_groups(runs)
    firsts = [runs[group.runs[0]] for group in groups]
    return RunComparison(
        tuple(runs),
        tuple(rows),
        differing_keys(runs),
        tuple(groups),
        tuple(group_rows(runs, groups, rows)),
        keys_of(differing_keys(firsts)) if len(firsts) > 1 else {},
        next(iter(dict.fromkeys(row.split for row in rows)), ""),
        tuple(_warnings(runs, groups)),
    )


def runs_where(condition: str, runs_dir: Path) -> list[str]:
    """Find the runs that fulfil a condition, the oldest first; there must be some."""
    found = [str(run.row.path) for run in choose_runs(runs_dir, where=condition)]
    if not found:
        raise UsageError(f"there is no such run in {runs_dir}.", where="--where")
    return found[::-1]


def read_run(run: Run) -> ComparedRun:
    """Read what is compared of a run: of its folder alone, for its data may have changed since."""
    status = run.record["status"]
    metrics = {
        split: {name: math.nan if value is None else value for name, value in values.items()}
        for split, values in run.metrics.items()
    }
    config = stored_config(run)
    given = given_keys(run, config)
    return ComparedRun(run.name, run.label, status, config, given, metrics, {})


def _chosen(rows: list[MetricRow], metrics: Sequence[str]) -> list[MetricRow]:
    if not metrics:
        return rows
    known = {(row.split, row.name): row for row in rows}
    found = []
    for key in metrics:
        row = known.get(metric_of(key) or ("", ""))
        if row is None:
            names = [f"{row.split}.{row.name}" for row in rows]
            fix = did_you_mean(key, names) or f"They have {', '.join(names) or 'none'}."
            raise UsageError(f"no run has the metric '{key}'.", where="--metric", fix=fix)
        found.append(row)
    return list(dict.fromkeys(found))


def _warnings(runs: Sequence[ComparedRun], groups: Sequence[SeedGroup]) -> list[str]:
    value_at = [
        f"warning: {run.run} has no metrics: it is {run.status}" for run in runs if not run.metrics
    ]
    value_at += [
        f"warning: {group.label} has several runs of one {group.over.unit}, which count as one"
        for group in groups
        if len(group.runs) > len(group.repeats)
    ]
    unlike = incomparable(runs)
    return value_at if unlike is None else [*value_at, f"warning: {unlike.in_words()}"]
