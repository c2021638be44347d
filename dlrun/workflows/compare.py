"""`dlrun compare RUN...`: metrics and configs side by side, groups over seeds or folds by means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from dlrun.absent import ABSENT
from dlrun.config.stored import given_keys, stored_config
from dlrun.errors import UsageError
from dlrun.reports.comparison import (
    ComparedRun,
    GroupRow,
    MetricRow,
    SeedGroup,
    differing_keys,
    grouping,
    incomparable,
    metric_rows,
)
from dlrun.reports.statistics import difference_interval
from dlrun.rundir.folder import STANDINGS, Run, find_run, open_runs, read_row
from dlrun.rundir.metrics import JUDGING_ORDER
from dlrun.wording import did_you_mean, is_number
from dlrun.workflows.runs import RunFacts, check_known, choose_runs, metric_of


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
    # facts that were asked for, such as `parameters`, one value a run; ABSENT where it has none
    facts: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    has_baseline: bool = False  # the first run is what the others are held against
    # of the answers to the judged rows that are right, against the baseline's; None where unknown
    shares: tuple[ShareDifference | None, ...] = ()
    caveat: str | None = None  # what one run of each config does not tell

    def group_facts(self) -> dict[str, tuple[Any, ...]]:
        """Give the facts of groups: the mean of numbers, else what all runs have, else ABSENT."""
        return {
            key: tuple(_together([values[number] for number in group.runs])
                       for group in self.groups)
            for key, values in self.facts.items()
        }  # fmt: skip


@dataclass(frozen=True)
class ShareDifference:
    """How many more answers of a run are right than those of the baseline, as shares of the rows.

    The interval of 95 % is what the number of rows alone allows to say.
    """

    split: str
    difference: float
    low: float
    high: float


def compare(
    references: Sequence[str],
    *,
    runs_dir: Path,
    metrics: Sequence[str] = (),
    baseline: str | None = None,
    columns: Sequence[str] = (),
) -> RunComparison:
    """Compare two or more runs by what their folders hold, by all metrics or by some.

    The `baseline`, or the group that it is of, comes first: what the others are held against.
    A sweep stands for its runs. `columns` are keys of runs that are told besides.
    """
    first = [] if baseline is None else [str(find_run(baseline, runs_dir))]
    found = open_runs([*first, *references], runs_dir)
    if len(found) < 2:  # noqa: PLR2004
        named = f"there is one: {found[0].name}" if found else "none is named"
        raise UsageError(
            f"a comparison takes two runs or more, and {named}.",
            fix="Name them, or choose them with --where.",
        )
    runs = [read_run(run) for run in found]
    rows = _chosen(metric_rows(runs), metrics)
    found_groups = grouping(runs, rows)
    groups = found_groups.groups
    is_alone = baseline is not None and not groups
    return RunComparison(
        tuple(runs),
        tuple(rows),
        differing_keys(runs),
        groups,
        found_groups.rows,
        found_groups.keys,
        next(iter(dict.fromkeys(row.split for row in rows)), ""),
        tuple(_warnings(runs, groups)),
        _facts(found, columns),
        has_baseline=baseline is not None,
        shares=tuple(_share_differences(found)) if is_alone else (),
        caveat=found_groups.caveat,
    )


def _facts(found: Sequence[Run], columns: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Look keys of runs up, as `dlrun runs --columns` does."""
    rows = [read_row(run.path) for run in found] if columns else []
    now = datetime.now(UTC)
    facts = [RunFacts(row, now) for row in rows]
    for key in columns:
        check_known(key, facts, "--columns")
    return {key: tuple(one.comparable(key) for one in facts) for key in columns}


def _together(values: Sequence[Any]) -> Any:
    """What stands for a fact of several runs."""
    if all(map(is_number, values)):
        return values[0] if len(set(values)) == 1 else fmean(values)
    return values[0] if all(value == values[0] for value in values) else ABSENT


def _share_differences(found: Sequence[Run]) -> Iterator[ShareDifference | None]:
    """Hold the right answers of each run against those of the first, on rows that all judge by."""
    measured = [run.measured for run in found]
    for split in JUDGING_ORDER:
        shares = [_right(one.get(split)) for one in measured]
        if shares[0] is not None and any(shares[1:]):
            break
    else:
        return
    yield None
    of_first = shares[0]
    for one in shares[1:]:
        if one is None or one[1] != of_first[1]:
            yield None
            continue
        low, high = difference_interval(one, of_first)
        yield ShareDifference(split, one[0] / one[1] - of_first[0] / of_first[1], low, high)


def _right(measured: Any) -> tuple[int, int] | None:
    """How many of how many rows are told rightly, by the classes of `metrics.json`."""
    from dlrun.reports.scores import ClassificationReport

    try:
        report = ClassificationReport.from_json(measured["classification"])
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        return None
    rows = sum(report.support)
    return (sum(row[at] for at, row in enumerate(report.confusion)), rows) if rows else None


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
        f"warning: {run.run} has no metrics: it {STANDINGS[run.status]}"
        for run in runs
        if not run.metrics
    ]
    value_at += [
        f"warning: {group.label} has several runs of one {group.over.unit}, which count as one"
        for group in groups
        if len(group.runs) > len(group.repeats)
    ]
    unlike = incomparable(runs)
    return value_at if unlike is None else [*value_at, f"warning: {unlike.in_words()}"]
