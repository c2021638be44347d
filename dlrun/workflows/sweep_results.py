"""`dlrun sweep show` and `best`: what came out of a sweep, read from the folders of its runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dlrun.errors import RunFolderError, UsageError
from dlrun.reports.sweep_results import SweepResults, SweepRun, point_key
from dlrun.rundir.files import read_json, read_text, write_output
from dlrun.rundir.history import read_history
from dlrun.rundir.listing import list_runs
from dlrun.rundir.metrics import is_larger_better
from dlrun.rundir.names import CONFIG, SWEEP
from dlrun.workflows.standing import PAUSED, epochs_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dlrun.rundir.listing import RunRow

_RANKS = ("finished", "running", "interrupted", "killed", "failed", "damaged")
_LARGEST = 1e100
"""The squares of larger numbers are none; whoever measures such a one has diverged."""


def read_results(folder: Path) -> SweepResults:
    """Read what came out of a sweep.

    Args:
        folder: The sweep's folder.

    Raises:
        RunFolderError: It is no sweep, or its `sweep.json` is damaged.
    """
    told = read_definition(folder)
    rows = [row for row in list_runs(folder) if row.status != "damaged"]
    points = told["points"]
    wanted = None if points is None else {point_key(point) for point in points}
    chosen: dict[str, RunRow] = {}
    left_out = 0
    for row in reversed(rows):
        point = _point(row, told["base_hash"])
        key = None if point is None else point_key(point)
        if key is None or (wanted is not None and key not in wanted):
            left_out += 1
        elif key not in chosen or _RANKS.index(row.status) <= _RANKS.index(chosen[key].status):
            chosen[key] = row
    objective = told["objective"]
    key = f"{objective['split']} {objective['metric']}" if objective else _main(chosen.values())
    return SweepResults(
        name=told["name"],
        folder=folder,
        objective=key,
        larger=objective["maximize"] if objective else is_larger_better(key),
        axes=tuple(told["axes"]),
        runs=tuple(_run(row, key) for row in chosen.values()),
        missing=None if wanted is None else len(wanted - chosen.keys()),
        left_out=left_out,
    )


def read_definition(folder: Path) -> dict[str, Any]:
    """Read what a sweep was asked for.

    Args:
        folder: The sweep's folder.

    Raises:
        RunFolderError: It is no sweep, or `sweep.json` is damaged.
    """
    path = folder / SWEEP
    if not os.path.lexists(path):
        what = f"is not the folder of a sweep: {SWEEP} is missing."
        raise RunFolderError(what, where=str(folder), fix="`dlrun sweep SWEEP.yaml` prints it.")
    told = read_json(path)
    objective = told.get("objective")
    is_whole = (
        told.get("format") == 1
        and isinstance(told.get("name"), str)
        and isinstance(told.get("base_hash"), str)
        and _are(told.get("axes"), str)
        and (told.get("points") is None or _are(told["points"], dict))
        and (objective is None or _is_objective(objective))
    )
    if not is_whole:
        raise RunFolderError("is not what a sweep saved: damaged.", where=str(path))
    return told


def best_run(folder: Path) -> Path:
    """Find the best run of a sweep.

    Args:
        folder: The sweep's folder.

    Raises:
        RunFolderError: It is no sweep.
        UsageError: No run of it has the objective.
    """
    results = read_results(folder)
    best = results.best()
    if best is None:
        measured = f" with {results.objective}" if results.objective else ""
        raise UsageError(f"no run of this sweep is finished{measured}.", where=str(folder))
    return best.path


def write_best(folder: Path, output: Path, *, force: bool) -> Path:
    """Write the config of the best run of a sweep to a file.

    Args:
        folder: The sweep's folder.
        output: The file.
        force: Whether to replace one that is there.

    Returns:
        The file.

    Raises:
        RunFolderError: It is no sweep, or the run is damaged.
        UsageError: No run of it has the objective, or the file is there.
    """
    run = best_run(folder)
    if os.path.lexists(output) and not force:
        raise UsageError("is there already.", where=str(output), fix="--force replaces it.")
    text = f"# The best run of the sweep {folder}: {run}\n{read_text(run / CONFIG)}"
    write_output(output, lambda path: path.write_text(text, "utf-8"))
    return output


def _point(row: RunRow, base: str) -> Mapping[str, Any] | None:
    """The values of the axes of a run, or None where it does not begin with this base config."""
    told = row.record.get("sweep")
    if not isinstance(told, dict) or told.get("base") != base:
        return None
    point = told.get("point")
    return point if isinstance(point, dict) else None


def _main(rows: Any) -> str:
    """The main metric of the first run that has one."""
    return next((row.metric for row in rows if row.metric is not None), "")


def _run(row: RunRow, objective: str) -> SweepRun:
    split, _, metric = objective.partition(" ")
    is_paused = row.status == "interrupted" and (row.reason or "").startswith(PAUSED)
    value = row.metrics.get(split, {}).get(metric) if row.status == "finished" else None
    return SweepRun(
        path=row.path,
        status="stopped early" if is_paused else row.status,
        point=row.record["sweep"]["point"],
        value=value if value is not None and abs(value) < _LARGEST else None,
        metrics=row.metrics if row.status == "finished" else {},
        epochs=epochs_of(row.path),
        seconds=row.seconds,
        reason=None if row.status == "finished" else row.reason,
    )


def history_of(path: Path) -> dict[str, list[float]]:
    """Read the history of a run; of a damaged one there is none.

    Args:
        path: The run folder.
    """
    try:
        return read_history(path)
    except RunFolderError:
        return {}


def _are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _is_objective(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(key), str) for key in ("metric", "split"))
        and isinstance(value.get("maximize"), bool)
    )
