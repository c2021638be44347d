"""`dlrun sweep`: from the file of a sweep to a folder with all of its runs."""

from __future__ import annotations

import hashlib
import json
import os
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlrun.config.findings import Problems
from dlrun.config.overrides import apply
from dlrun.config.reading import read_text
from dlrun.config.sweeps.experiments import load_points
from dlrun.config.sweeps.loading import load_sweep
from dlrun.config.yaml_nodes import parse
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.rundir.files import write_json
from dlrun.rundir.folder import safe_name
from dlrun.rundir.listing import list_runs
from dlrun.rundir.names import SWEEP
from dlrun.sweeps.halving import Ladder
from dlrun.wording import listed
from dlrun.workflows.draws import Draws, extremes
from dlrun.workflows.many import Crew, Wanted
from dlrun.workflows.sweep_scores import Scores
from dlrun.workflows.turns import alone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlrun.config import Experiment
    from dlrun.config.sweeps.sweep import Halving, Objective, Sweep
    from dlrun.sweeps.jobs import Job
    from dlrun.sweeps.listener import SweepListener
    from dlrun.sweeps.queue import Agenda
    from dlrun.workflows.many import Settings

FORMAT = 1
"""The version of `sweep.json`."""


@dataclass(frozen=True)
class PlannedSweep:
    """A sweep whose points have all been checked.

    Attributes:
        sweep: What is asked for.
        folder: Where its runs are, or will be.
        experiments: The config of every point; where points are drawn one by one, of the ends of
            the distributions.
        base: The hash of the config that all of them begin with.
    """

    sweep: Sweep
    folder: Path
    experiments: Sequence[Experiment]
    base: str

    def wanted(self) -> list[Wanted]:
        """The runs that are asked for, in order; none where they are drawn one by one."""
        if self.sweep.sampler.type == "tpe":
            return []
        pairs = zip(self.experiments, self.sweep.points, strict=True)
        return [Wanted(experiment, point.values) for experiment, point in pairs]


def plan_sweep(
    path: Path,
    *,
    overrides: Sequence[str],
    runs_dir: Path,
    halving: Halving | None = None,
    name: str | None = None,
) -> PlannedSweep:
    """Read a sweep and check every point of it.

    Args:
        path: The file of the sweep.
        overrides: Further keys that every run sets.
        runs_dir: The folder in which that of the sweep stands.
        halving: How bad runs are stopped early, in the place of what the file says.
        name: What it is called, in the place of what the file says.

    Raises:
        ConfigError: The file, its base or a point is wrong; with every problem found.
    """
    sweep = load_sweep(path, overrides, halving=halving)
    if name is not None:
        sweep = replace(sweep, name=name)
    if sweep.sampler.type == "tpe":
        experiments = extremes(sweep)
    else:
        experiments = load_points(sweep.base, sweep.fixed, sweep.points)
    if sweep.objective is not None:
        objective = settled(sweep.objective, experiments, halving=sweep.halving is not None)
        check_objective(objective, experiments)
        sweep = replace(sweep, objective=objective)
    if sweep.halving is not None:
        check_halving(sweep.halving, experiments)
    folder = runs_dir / safe_name(sweep.name)
    return PlannedSweep(sweep, folder, experiments, base_hash(sweep))


def run_sweep(planned: PlannedSweep, settings: Settings, listener: SweepListener) -> Crew:
    """Train what is missing of a sweep.

    Args:
        planned: The sweep.
        settings: How its runs are trained.
        listener: Who is told.

    Returns:
        Whoever trained the runs, which stand in its `jobs`.

    Raises:
        RunFolderError: Another process works on it.
    """
    sweep = planned.sweep
    with alone(planned.folder) as held:
        settings = replace(settings, base=planned.base)
        halving = sweep.halving is not None
        crew = Crew(planned.folder, settings, listener, halving=halving)
        for line in remarks(sweep):
            listener.message(line)
        jobs = crew.plan(planned.wanted())
        if sweep.sampler.type == "tpe":
            crew.keep_threads_of(planned.base)
        write_json(planned.folder / SWEEP, definition(planned, jobs))
        crew.work(agenda_of(planned, crew), examples=planned.experiments, held=held)
    return crew


def add_results(folder: Path, listener: SweepListener) -> None:
    """Write the table and the page of a sweep; a failure is a warning, for its runs are there.

    Args:
        folder: The sweep's folder.
        listener: Who is told.
    """
    from dlrun.workflows.sweep_page import write_page

    try:
        write_page(folder)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the runs are complete
        if os.environ.get("DLRUN_TRACEBACK", "") not in ("", "0"):
            traceback.print_exc()
        kind = "" if isinstance(error, DlrunError) else f"{type(error).__name__}: "
        line = f"warning: the runs are complete, but the page of the sweep failed: {kind}{error}"
        listener.message(f"{line}\n  `dlrun sweep report {folder}` tries again.")


def agenda_of(planned: PlannedSweep, crew: Crew) -> Agenda | None:
    """Say which run is next; None for one after the other."""
    sweep = planned.sweep
    if sweep.objective is not None and sweep.sampler.type == "tpe":
        return Draws(sweep, sweep.objective, crew, list_runs(planned.folder), planned.base)
    if sweep.objective is not None and sweep.halving is not None:
        return Ladder(
            crew.jobs,
            crew.look_again,
            score=Scores(sweep.objective).after,
            eta=sweep.halving.eta,
            min_epochs=sweep.halving.min_epochs,
        )
    return None


def remarks(sweep: Sweep) -> list[str]:
    """Say what was left out, in lines."""
    lines = []
    if sweep.excluded:
        lines.append(f"excluded combinations: {sweep.excluded}")
    if sweep.beyond:
        lines.append(f"runs beyond max_runs: {sweep.beyond}")
    return lines


def settled(objective: Objective, experiments: Sequence[Experiment], *, halving: bool) -> Objective:
    """Choose by which rows the runs are judged where the sweep does not say it.

    Args:
        objective: What is best.
        experiments: The runs.
        halving: Whether runs are judged while they train, when nothing of the test rows is known.
    """
    if objective.split:
        return objective
    have_validation = all(one.dataset.validation_split is not None for one in experiments)
    return replace(objective, split="validation" if have_validation or halving else "test")


def check_objective(objective: Objective, experiments: Sequence[Experiment]) -> None:
    """Refuse an objective that a run would not measure.

    Args:
        objective: What is best.
        experiments: The runs.

    Raises:
        ConfigError: A run has no such metric, or no such rows.
    """
    for experiment in experiments:
        names = ["loss"] if experiment.loss is not None else []
        names += [str(metric.arguments["name"]) for metric in experiment.metrics]
        what = fix = None
        if objective.metric not in names:
            what = f"The runs do not measure {objective.metric!r}."
            fix = f"They measure {listed(names)}."
        elif objective.split == "validation" and experiment.dataset.validation_split is None:
            what, fix = "The runs have no validation rows.", "Set dataset.validation_split."
        if what is not None:
            raise ConfigError(Problem("objective", what, fix, str(objective.node.place)))


def check_halving(halving: Halving, experiments: Sequence[Experiment]) -> None:
    """Refuse halving that would judge no run.

    Args:
        halving: The rule.
        experiments: The runs.

    Raises:
        ConfigError: All runs end before the first rung.
    """
    longest = max(experiment.training.epochs for experiment in experiments)
    if halving.min_epochs >= longest:
        what = f"No run would be stopped: they train {longest} epochs."
        fix = "Choose a smaller one."
        raise ConfigError(Problem("halving.min_epochs", what, fix))


def base_hash(sweep: Sweep) -> str:
    """Tell by a hash what all runs of a sweep begin with, however it is written."""
    findings = Problems()
    root = parse(read_text(sweep.base), str(sweep.base), findings)
    apply(root, sweep.fixed, findings)
    text = json.dumps(root.plain(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def definition(planned: PlannedSweep, jobs: Sequence[Job]) -> dict[str, Any]:
    """What `sweep.json` holds: what a sweep was asked for, as far as its results need it.

    Args:
        planned: The sweep.
        jobs: One for each of its points; none where they are drawn one by one.
    """
    sweep, objective = planned.sweep, planned.sweep.objective
    return {
        "format": FORMAT,
        "name": sweep.name,
        "source": sweep.source,
        "base": sweep.base,
        "base_hash": planned.base,
        "axes": sweep.axes,
        "objective": objective
        and {
            "metric": objective.metric,
            "split": objective.split,
            "maximize": objective.maximize,
        },
        "points": None if sweep.sampler.type == "tpe" else [one.values for one in sweep.points],
        "identities": [job.identity for job in jobs],
    }


def unfinished(jobs: Sequence[Job]) -> list[Job]:
    """The runs that should be finished and are not; those stopped early are as they should be."""
    return [job for job in jobs if job.status not in ("finished", "paused")]
