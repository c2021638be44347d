"""`dlrun compare RUN...`: metrics and configs side by side, groups over seeds by their means."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.config.similar import ConfigReader
from dlrun.errors import ConfigError, RunFolderError, UsageError
from dlrun.reports.comparison import ComparedRun, MetricRow, differing_keys, metric_rows
from dlrun.reports.seed_groups import GroupRow, SeedGroup, group_rows, keys_of, seed_groups
from dlrun.rundir.folder import open_run
from dlrun.rundir.metrics import read_metrics
from dlrun.rundir.names import CONFIG
from dlrun.wording import did_you_mean
from dlrun.workflows.facts import metric_of
from dlrun.workflows.runs import choose_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dlrun.rundir.folder import RunFolder

_STAMP = re.compile(r"\d{8}-\d{6}_")


@dataclass(frozen=True)
class RunComparison:
    """Runs side by side.

    Attributes:
        runs: The runs.
        rows: The metrics, one value a run.
        keys: The keys in which the configs differ, one value a run.
        groups: The runs by config, where some differ by the seed only; else empty.
        group_rows: The metrics, one mean a group.
        group_keys: The keys in which the groups differ, one value a group.
        judged: The split whose verdicts are worth telling.
        warnings: What is missing.
    """

    runs: tuple[ComparedRun, ...]
    rows: tuple[MetricRow, ...]
    keys: Mapping[str, tuple[Any, ...]]
    groups: tuple[SeedGroup, ...]
    group_rows: tuple[GroupRow, ...]
    group_keys: Mapping[str, tuple[Any, ...]]
    judged: str
    warnings: tuple[str, ...]


def compare(
    references: Sequence[str], *, runs_dir: Path, metrics: Sequence[str] = ()
) -> RunComparison:
    """Compare runs by what their folders hold.

    Args:
        references: Run folders, parts of their names, or `latest`; two or more.
        runs_dir: Where the runs are.
        metrics: Which metrics, such as `test.accuracy`; empty for all.

    Raises:
        UsageError: Fewer than two different runs are named, or no run has a metric.
        RunFolderError: A run is damaged.
    """
    folders = {}
    for reference in references:
        folder = open_run(reference, runs_dir)
        folders[folder.path.resolve()] = folder
    if len(folders) < 2:  # noqa: PLR2004
        named = next((folder.name for folder in folders.values()), "none is named")
        raise UsageError(
            f"a comparison takes two runs: {named}.",
            fix="Name two runs or more, or choose them with --where.",
        )
    reader = ConfigReader()
    runs = [read_run(folder, reader) for folder in folders.values()]
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
    """Find the runs that fulfil a condition, the oldest first.

    Args:
        condition: See `dlrun.config.condition_text`.
        runs_dir: Where the runs are.

    Raises:
        UsageError: There are none, or it is no condition.
    """
    found = [str(run.row.path) for run in choose_runs(runs_dir, where=condition)]
    if not found:
        raise UsageError(f"there is no such run in {runs_dir}.", where="--where")
    return found[::-1]


def read_run(folder: RunFolder, reader: ConfigReader) -> ComparedRun:
    """Read what is compared of a run: of its folder alone, for its data may have changed since.

    Args:
        folder: The run.
        reader: Reads the configs.

    Raises:
        RunFolderError: It is damaged.
    """
    record = folder.read_record()
    metrics = {
        split: {name: math.nan if value is None else value for name, value in values.items()}
        for split, values in read_metrics(folder.path).items()
    }
    config, given = read_config(folder, reader)
    label = _STAMP.sub("", folder.name, count=1) or folder.name
    return ComparedRun(folder.name, label, record["status"], config, given, metrics, {})


def read_config(folder: RunFolder, reader: ConfigReader) -> tuple[dict[str, Any], frozenset[str]]:
    """Read the config of a run by dotted paths.

    Args:
        folder: The run.
        reader: Reads it.

    Returns:
        See `ConfigReader.read`.

    Raises:
        RunFolderError: It is missing or damaged.
    """
    path, text = folder.file(CONFIG), folder.read_text(CONFIG)
    try:
        return reader.read(text, path)
    except ConfigError as error:
        raise RunFolderError(f"is damaged: {error.problems[0]}", where=str(path)) from error


def _chosen(rows: list[MetricRow], metrics: Sequence[str]) -> list[MetricRow]:
    """The metrics that were asked for, in the order of the question."""
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
    """What a reader must know: runs without metrics, and seeds that count once."""
    told = [
        f"warning: {run.run} has no metrics: it is {run.status}" for run in runs if not run.metrics
    ]
    told += [
        f"warning: {group.label} has several runs of one seed, which count as one"
        for group in groups
        if len(group.runs) > len(group.seeds)
    ]
    return told
