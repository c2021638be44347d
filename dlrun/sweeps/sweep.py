"""`dlrun sweep`: from the file of a sweep to a folder with all of its runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.config import Experiment
from dlrun.config.extends import read_whole
from dlrun.config.nodes import Problems
from dlrun.config.overrides import apply
from dlrun.errors import ConfigError, Problem, UsageError, failure
from dlrun.rundir.files import write_json
from dlrun.rundir.folder import safe_name
from dlrun.rundir.names import SWEEP
from dlrun.sweeps.estimate import Estimate, cut, estimate, left_out_in_words, measure
from dlrun.sweeps.language.folds import replaced
from dlrun.sweeps.language.loading import load_points, load_sweep
from dlrun.sweeps.language.sweep import Halving, Objective, Sweep
from dlrun.sweeps.pool import SweepListener
from dlrun.sweeps.results import FORMAT, Scores
from dlrun.sweeps.runner import SweepOptions, SweepRunner, TrialRequest, alone
from dlrun.sweeps.schedulers import Scheduler, SuccessiveHalving
from dlrun.sweeps.search import TPEScheduler, earlier_points, extremes
from dlrun.sweeps.shares import Share, forget_shares, note_identities, working_on
from dlrun.sweeps.trials import Trial
from dlrun.wording import count, listed, settings_of


@dataclass(frozen=True)
class PlannedSweep:
    """A sweep whose points have all been checked."""

    sweep: Sweep
    folder: Path  # where its runs are, or will be
    experiments: Sequence[Experiment]  # of the points, or of the ends of the distributions (tpe)
    base: str  # the hash of the config that all of them begin with

    @property
    def drawn(self) -> int:
        """How many runs are drawn one by one; 0 where all are written out."""
        if self.sweep.sampler.type != "tpe":
            return 0
        repeats = max(len(self.sweep.seeds), 1) * max(len(self.sweep.folds), 1)
        return self.sweep.samples * repeats

    def requests(self) -> list[TrialRequest]:
        """The runs that are asked for, in order; none where they are drawn one by one."""
        if self.sweep.sampler.type == "tpe":
            return []
        pairs = zip(self.experiments, self.sweep.points, strict=True)
        return [TrialRequest(experiment, point.values) for experiment, point in pairs]

    def runner(self, options: SweepOptions, listener: SweepListener) -> SweepRunner:
        """Give what trains its runs, in its folder."""
        placing = replace(options.placing, base=self.sweep.base.parent)
        run = replace(options.run, runs_dir=self.folder)
        options = replace(options, run=run, placing=placing)
        halving = self.sweep.halving is not None
        return SweepRunner(options, listener, base=self.base, halving=halving)


def plan_sweep(
    path: Path,
    *,
    overrides: Sequence[str],
    runs_dir: Path,
    halving: Halving | None = None,
    name: str | None = None,
) -> PlannedSweep:
    """Read a sweep and check every point of it.

    `overrides` are further keys that every run sets; `halving` and `name` stand in the place of
    what the file says.
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
        sweep = replace(sweep, objective=objective)
    if sweep.halving is not None:
        check_halving(sweep.halving, experiments)
    folder = runs_dir / safe_name(sweep.name)
    return PlannedSweep(sweep, folder, experiments, base_hash(sweep))


def run_sweep(
    planned: PlannedSweep,
    options: SweepOptions,
    listener: SweepListener,
    share: Share | None = None,
) -> list[Trial]:
    """Train what is missing of a sweep, or of a share of it; gives the trials."""
    if share is not None and planned.sweep.sampler.type == "tpe":
        what = "the sampler tpe learns from all runs before it draws the next: there are no shares."
        fix = "Use `--on ray` for many machines, or another sampler."
        raise UsageError(what, where=f"--shard {share}", fix=fix)
    with alone(planned.folder) if share is None else working_on(planned.folder, share) as held:
        runner = planned.runner(options, listener)
        for line in remarks(planned.sweep):
            listener.message(line)
        trials = runner.plan(planned.requests())
        if planned.sweep.sampler.type == "tpe":
            runner.keep_threads()
        written = definition(planned, trials)
        write_json(planned.folder / SWEEP, written)
        if share is None:
            forget_shares(planned.folder)
        else:
            identities = [trial.identity for trial in trials]
            note_identities(planned.folder, share, identities, planned.base)
            runner.trials[:] = share.of(runner.trials)
        sweep = within_budget(planned, runner)
        try:
            scheduler = scheduler_of(sweep, runner)
            runner.work(scheduler, examples=planned.experiments, held=held)
        finally:
            # Where machines differ, what a run is called tells which of them it worked on.
            if definition(planned, trials) != written:
                write_json(planned.folder / SWEEP, definition(planned, trials))
    return runner.trials


def within_budget(planned: PlannedSweep, runner: SweepRunner) -> Sweep:
    """Leave out what would not end within the budget, if there is one; say what."""
    budget, sweep = runner.options.budget, planned.sweep
    if budget is None:
        return sweep
    runner.listener.doing("measuring one run ...")
    if not planned.drawn:
        found = estimate(runner)
        fits = 0 if found is None else found.fitting(budget)
        left = cut(runner, fits) if found is not None else []
        told = left_out_in_words(budget, fits, len(left))
        runner.listener.message(
            told if not left else f"{told}, from {settings_of(left[0].values)} on"
        )
        return sweep
    # Where points are drawn one by one, an end of the distributions stands for all of them.
    fixed, epoch, _ = measure(planned.experiments[0], runner.options, runner.threads)
    repeats = planned.drawn // sweep.samples
    there = len(earlier_points(runner.store.rows, runner.base))
    missing = max(sweep.samples - there, 0)
    cost = (fixed + epoch * planned.experiments[0].training.epochs) * repeats
    points = Estimate((cost,) * missing, runner.workers, "").fitting(budget)
    runner.listener.message(
        left_out_in_words(budget, points * repeats, (missing - points) * repeats)
    )
    return replace(sweep, samples=min(sweep.samples, there + points))


def add_results(folder: Path, listener: SweepListener) -> None:
    """Write the table and the page of a sweep; a failure is a warning, for its runs are there."""
    from dlrun.sweeps.results import write_page

    try:
        write_page(folder)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the runs are complete
        line = f"warning: the runs are complete, but the page of the sweep failed: {failure(error)}"
        listener.message(f"{line}\n  `dlrun sweep report {folder}` tries again.")


def scheduler_of(sweep: Sweep, runner: SweepRunner) -> Scheduler | None:
    """Choose what says which trial is next; None for one after the other."""
    objective, halving = sweep.objective, sweep.halving
    if objective is not None and sweep.sampler.type == "tpe":
        return TPEScheduler(sweep, objective, runner)
    if objective is not None and halving is not None:
        return SuccessiveHalving(
            runner.trials,
            runner.store.look_again,
            score=Scores(objective).after,
            eta=halving.eta,
            min_epochs=halving.min_epochs,
        )
    return None


def remarks(sweep: Sweep) -> list[str]:
    """Say what was left out, in lines."""
    left_out = {"excluded combinations": sweep.excluded, "runs beyond max_runs": sweep.beyond}
    lines = [f"{what}: {count}" for what, count in left_out.items() if count]
    aside = replaced(sweep.base) if sweep.folds else None
    return lines if aside is None else [*lines, aside]


def settled(objective: Objective, experiments: Sequence[Experiment], *, halving: bool) -> Objective:
    """Choose by which rows the runs are judged where the sweep does not say it; all must have it.

    Halving judges them while they train, when nothing of the test rows is known.
    """
    if not objective.split:
        have_validation = all(one.dataset.may_have_validation for one in experiments)
        split = "validation" if have_validation or halving else "test"
        objective = replace(objective, split=split)
    for experiment in experiments:
        names = ["loss"] if experiment.loss is not None else []
        names += [str(metric.arguments["name"]) for metric in experiment.metrics]
        what = fix = None
        if objective.metric not in names:
            what = f"The runs do not measure {objective.metric!r}."
            fix = f"They measure {listed(names)}."
        elif objective.split == "validation" and not experiment.dataset.may_have_validation:
            what, fix = "The runs have no validation rows.", "Set dataset.validation_split."
        if what is not None:
            raise ConfigError(Problem("objective", what, fix, str(objective.node.place)))
    return objective


def check_halving(halving: Halving, experiments: Sequence[Experiment]) -> None:
    """Refuse halving that would judge no run, for all end before the first rung."""
    longest = max(experiment.training.epochs for experiment in experiments)
    if halving.min_epochs >= longest:
        what = f"No run would be stopped: they train {count(longest, 'epoch')}."
        raise ConfigError(Problem("halving.min_epochs", what, "Choose a smaller one."))


def base_hash(sweep: Sweep) -> str:
    """Hash what all runs of a sweep begin with, however it is written."""
    problems = Problems()
    root = read_whole(sweep.base, problems)
    apply(root, sweep.fixed, problems)
    if isinstance(root.value, dict):
        for key in ("trackers", "plots"):  # who hears of runs, and sees them, changes no run
            root.value.pop(key, None)
    text = json.dumps(root.plain(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def definition(planned: PlannedSweep, trials: Sequence[Trial]) -> dict[str, Any]:
    """Give what `sweep.json` holds: what a sweep was asked for, as far as its results need it.

    There is one trial for each of its points; none where they are drawn one by one.
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
        and {"metric": objective.metric, "split": objective.split, "maximize": objective.maximize},
        "points": None if sweep.sampler.type == "tpe" else [one.values for one in sweep.points],
        "identities": [trial.identity for trial in trials],
    }


def unfinished(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that should be finished and are not; those stopped early are as they should be."""
    return [trial for trial in trials if trial.status not in ("finished", "paused")]
