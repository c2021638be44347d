"""`dlrun sweep show` and `best`: what came out of a sweep, read from the folders of its runs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlrun.config.stored import stored_config
from dlrun.errors import DlrunError, RunFolderError, UsageError, empty_text
from dlrun.reports.ranking import judged_value
from dlrun.reports.repeats import FOLD, FOLDS
from dlrun.reports.sweep_results import SweepResults, SweepRun, point_key, results_csv
from dlrun.rundir.files import (
    link_error,
    read_json,
    read_text,
    write_bytes,
    write_output,
    write_text,
)
from dlrun.rundir.folder import RunRow, list_runs
from dlrun.rundir.metrics import epochs_of, is_larger_better, main_metric, read_history
from dlrun.rundir.names import CONFIG, PLOTS, SWEEP, SWEEP_PAGE, SWEEP_TABLE
from dlrun.sweeps.language.sweep import Objective
from dlrun.sweeps.shares import noted_identities
from dlrun.sweeps.trials import RANKS, Trial, is_paused, place_in_sweep
from dlrun.wording import did_you_mean

FORMAT = 1  # the version of `sweep.json`
Point = Mapping[str, Any]


def find_sweep(reference: str, runs_dir: Path) -> Path:
    """Find the folder of a sweep by its path, or by its name among the runs.

    Raises:
        UsageError: There is nothing of that name.
    """
    if not reference:
        raise empty_text("names no sweep")
    paths = (Path(reference), runs_dir / reference)
    for is_there in (lambda path: os.path.lexists(path / SWEEP), os.path.lexists):
        for path in filter(is_there, paths):
            return path
    names = [path.parent.name for path in runs_dir.glob(f"*/{SWEEP}")]
    fix = did_you_mean(reference, names) or "`dlrun sweep SWEEP.yaml` prints its folder."
    raise UsageError(f"there is no sweep '{reference}' in {runs_dir}.", fix=fix)


def read_results(folder: Path) -> SweepResults:
    """Read what came out of a sweep."""
    definition = read_definition(folder)
    rows = [row for row in list_runs(folder) if row.status in RANKS]
    points = definition["points"]
    if points is None:
        pairs = _drawn(rows, definition["base_hash"])
    else:
        shares = noted_identities(folder, definition["base_hash"], len(points))
        pairs = _written(rows, points, [definition["identities"], *shares])
    objective = definition["objective"]
    finished = [row.metrics for _, row in pairs if row.status == "finished"]
    key = f"{objective['split']} {objective['metric']}" if objective else _main(finished)
    used = {row.path for _, row in pairs}
    known = {row.record.get("identity") for _, row in pairs} - {None}
    others = [row.record.get("identity") for row in rows if row.path not in used]
    repeated = sum(identity in known for identity in others)
    return SweepResults(
        name=definition["name"],
        folder=folder,
        objective=key,
        larger=objective["maximize"] if objective else is_larger_better(key),
        axes=tuple(definition["axes"]),
        runs=tuple(_run(row, point, key) for point, row in pairs),
        missing=None if points is None else len(points) - len(pairs),
        left_out=len(others) - repeated,
        repeated=repeated,
    )


def _written(
    rows: Sequence[RunRow], points: Sequence[Point], identities: Sequence[Sequence[str]]
) -> list[tuple[Point, RunRow]]:
    """Find the runs of points that are written out, by their identities, as training does.

    Where shares were worked on by several machines, a point may have one identity on each.
    """
    by_identity = _best_by(rows, lambda row: row.record.get("identity"))
    found = []
    for point, *several in zip(points, *identities, strict=True):
        known = [by_identity[one] for one in several if one in by_identity]
        if known:
            found.append((point, min(known, key=lambda row: RANKS.index(row.status))))
    return found


def _drawn(rows: Sequence[RunRow], base: str) -> list[tuple[Point, RunRow]]:
    """Find the runs of points that were drawn one by one, by what their records say."""

    def key_of(row: RunRow) -> str | None:
        point = place_in_sweep(row, base).get("point")
        return point_key(point) if isinstance(point, dict) else None

    return [(row.record["sweep"]["point"], row) for row in _best_by(rows, key_of).values()]


def _best_by(rows: Sequence[RunRow], key_of: Callable[[RunRow], str | None]) -> dict[str, RunRow]:
    """Choose of several runs of one key the one that has come farthest, the newest of equal ones.

    The rows come with the newest first; one without a key does not count.
    """
    found: dict[str, RunRow] = {}
    for row in reversed(rows):
        key = key_of(row)
        if key is not None:
            other = found.setdefault(key, row)
            if RANKS.index(row.status) <= RANKS.index(other.status):
                found[key] = row
    return found


def read_definition(folder: Path) -> dict[str, Any]:
    """Read what a sweep was asked for.

    Raises:
        UsageError: The folder is no sweep.
        RunFolderError: `sweep.json` is damaged.
    """
    path = folder / SWEEP
    if not os.path.lexists(path):
        what = f"is not the folder of a sweep: {SWEEP} is missing."
        raise UsageError(what, where=str(folder), fix="`dlrun sweep SWEEP.yaml` prints it.")
    definition = read_json(path)
    objective = definition.get("objective")
    is_whole = (
        definition.get("format") == FORMAT
        and definition.keys() >= {"points", "objective"}
        and isinstance(definition.get("name"), str)
        and isinstance(definition.get("base_hash"), str)
        and _all_are(definition.get("axes"), str)
        and (definition.get("points") is None or _are_points(definition))
        and (objective is None or _is_objective(objective))
    )
    if not is_whole:
        raise RunFolderError("is not what a sweep saved: damaged.", where=str(path))
    return definition


def the_best(results: SweepResults) -> SweepRun:
    """Give the best run of a sweep, or say that no run of it has the objective."""
    best = results.best()
    if best is None:
        measured = f" with {results.objective}" if results.objective else ""
        what = f"no run of this sweep is finished{measured}."
        raise UsageError(what, where=str(results.folder))
    return best


def write_best(results: SweepResults, output: Path, *, force: bool) -> Path:
    """Write the config of the best run of a sweep to a file, in the place of another by `force`."""
    run = the_best(results).path
    if os.path.lexists(output) and not force:
        raise UsageError("is there already.", where=str(output), fix="--force replaces it.")
    text = f"# The best run of the sweep {results.folder}: {run}\n{read_text(run / CONFIG)}"
    write_output(output, lambda path: path.write_text(text, "utf-8"))
    return output


def results_so_far(
    trials: Sequence[Trial], *, objective: str | None = None, maximize: bool | None = None
) -> SweepResults:
    """Give what came out of trials by what is known of them in memory: the same best as on disk.

    The objective is such as `test.accuracy`, None for the main metric; without `maximize` its name
    suggests whether the largest value is the best. A trial without a folder does not count.
    """
    finished = [trial.metrics for trial in trials if trial.status == "finished"]
    key = objective.replace(".", " ", 1) if objective else _main(finished)
    return SweepResults(
        name="",
        folder=Path(),
        objective=key,
        larger=is_larger_better(key) if maximize is None else maximize,
        axes=tuple(dict.fromkeys(axis for trial in trials for axis in trial.values)),
        runs=tuple(
            SweepRun(
                path=trial.folder,
                status="stopped early" if trial.status == "paused" else trial.status,
                point=trial.values,
                value=judged_value(trial.status, trial.metrics, key),
                metrics=trial.metrics if trial.status == "finished" else {},
                epochs=trial.epoch,
                seconds=trial.seconds,
                reason=trial.reason,
                started=trial.started,
                folds=trial.experiment.dataset.folds,
            )
            for trial in trials
            if trial.folder is not None
        ),
        missing=0,
        left_out=0,
    )


def _main(finished: Sequence[Mapping[str, Mapping[str, float | None]]]) -> str:
    """The metric by which finished runs are judged, as `validation accuracy`."""
    return " ".join(main_metric(*finished) or ())


def _run(row: RunRow, point: Point, objective: str) -> SweepRun:
    return SweepRun(
        path=row.path,
        status="stopped early" if is_paused(row) else row.status,
        point=point,
        value=judged_value(row.status, row.metrics, objective),
        metrics=row.metrics if row.status == "finished" else {},
        epochs=epochs_of(row.path),
        seconds=row.seconds,
        reason=None if row.status == "finished" else row.reason,
        started=row.started,
        folds=stored_config(row).get(FOLDS) if FOLD in point else None,
    )


def history_of(path: Path) -> dict[str, list[float]]:
    """Read the history of a run; of a damaged one there is none."""
    try:
        return read_history(path)
    except RunFolderError:
        return {}


def _are_points(definition: Mapping[str, Any]) -> bool:
    points, identities = definition["points"], definition.get("identities")
    is_told = _all_are(points, dict) and _all_are(identities, str)
    return is_told and len(points) == len(identities or ())


def _all_are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _is_objective(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(key), str) for key in ("metric", "split"))
        and isinstance(value.get("maximize"), bool)
    )


_PLOT = re.compile(
    r"((effect|pair)_\d+|parallel_coordinates|seed_spread|curves)\.(png|svg|pdf|csv)"
)
CURVES = 5  # of how many of the best points the learning curves are shown


def write_page(folder: Path, form: str | None = None) -> Path:
    """Write `results.csv` and `sweep.html`, whose path is given; matplotlib is imported here.

    Where a format of plots is asked for, their files are written, too.
    """
    results = read_results(folder)
    write_text(folder / SWEEP_TABLE, results_csv(results))

    from dlrun.reports.page.links import links_of_sweep
    from dlrun.reports.page.sweep_page import sweep_page
    from dlrun.reports.plots.shelf import files_of
    from dlrun.reports.plots.sweep_shelf import draw_sweep
    from dlrun.reports.sweep_data import sweep_data_of

    data = sweep_data_of(results, _curves(results))
    pictures = draw_sweep(data, form or "png")
    if form is not None:
        _write_plots(folder / PLOTS, files_of(pictures.all()))
    links = links_of_sweep([run.path for run in results.runs], folder / SWEEP_PAGE)
    write_text(folder / SWEEP_PAGE, sweep_page(data, pictures, links))
    return folder / SWEEP_PAGE


def _write_plots(plots: Path, files: Mapping[str, bytes]) -> None:
    """Write the plots of a sweep in the place of all earlier ones."""
    if plots.is_symlink():
        raise link_error(plots)
    for name, content in files.items():
        write_bytes(plots / name, content)
    for path in sorted(plots.glob("*.*")):
        if _PLOT.fullmatch(path.name) and path.name not in files:
            path.unlink()


def _curves(results: SweepResults) -> list[Mapping[str, Any]]:
    """The histories of the best run of each of the best points, else of the one farthest on."""
    import numpy as np

    chosen = [
        point.best or max(point.runs, key=lambda run: run.epochs)
        for point in results.points()[:CURVES]
    ]
    return [
        {name: np.array(values) for name, values in history_of(run.path).items()} for run in chosen
    ]


class Scores:
    """Reads the objective of trials, larger where it is better."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._known: dict[tuple[str, int], float] = {}

    def after(self, trial: Trial, epoch: int) -> float | None:
        """Give the objective after so many epochs; None where the trial has not come so far.

        Of a run that a callback ended before, that is its last value.
        """
        is_there = trial.epoch >= epoch or trial.status == "finished"
        key = (trial.identity, epoch)
        # A run that works is past the rung below the one that it works towards.
        if is_there and trial.status not in ("running", "elsewhere") and key not in self._known:
            value = self._read(trial, epoch)
            if value is not None:
                self._known[key] = value
        return self._known.get(key)

    def _read(self, trial: Trial, epoch: int) -> float | None:
        if trial.folder is None:
            return None
        try:
            values = read_history(trial.folder).get(self._objective.column, [])
        except DlrunError:
            return None
        if not values or (len(values) < epoch and trial.status != "finished"):
            return None
        value = values[min(epoch, len(values)) - 1]
        return value if self._objective.maximize else -value
