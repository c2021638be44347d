"""Points that are drawn one by one, each where the trials before it were good: TPE.

The tree-structured Parzen estimator is Optuna's, which keeps its history in memory only: what a
sweep knows of earlier runs stands in their folders.

Source: Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from itertools import product
from statistics import fmean
from typing import Any

from dlrun.config import Experiment, load_config
from dlrun.config.nodes import Node
from dlrun.config.overrides import Override
from dlrun.errors import UsageError
from dlrun.rundir.folder import RunRow
from dlrun.sweeps.language.distributions import Distribution
from dlrun.sweeps.language.loading import load_points
from dlrun.sweeps.language.sweep import Objective, Point, Sweep
from dlrun.sweeps.runner import SweepRunner, TrialRequest
from dlrun.sweeps.schedulers import FIFO
from dlrun.sweeps.trials import Trial, place_in_sweep

_OVER = ("finished", "failed", "interrupted", "killed")


class TPEScheduler(FIFO):
    """Proposes points, one trial a seed and fold, and learns from what they gave."""

    def __init__(self, sweep: Sweep, objective: Objective, runner: SweepRunner) -> None:
        super().__init__(runner.trials, runner.store.look_again)
        self._sweep = sweep
        self._objective = objective
        self._runner = runner
        self._points: dict[int, list[Trial]] = {}  # the trials of a point by its number
        self._open: dict[int, Any] = {}  # what Optuna has proposed, and not heard the value of
        self._optuna = _optuna()
        earlier = earlier_points(runner.store.rows, runner.base)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # constant_liar is called experimental since 2021
            sampler = self._optuna.samplers.TPESampler(
                seed=sweep.sampler.seed + len(earlier), constant_liar=True
            )
        self._study = self._optuna.create_study(
            direction="maximize" if objective.maximize else "minimize", sampler=sampler
        )
        self._distributions = {key: self._as_optuna(one) for key, one in sweep.space.items()}
        for number, values in sorted(earlier.items()):
            if number < sweep.samples and self._in_space(values):
                self._remember(number, values)

    def next(self) -> Trial | None:
        """Give a trial that waits, else the first of a new point."""
        trial = super().next()
        while trial is None and len(self._points) < self._sweep.samples:
            number = next(n for n in range(self._sweep.samples) if n not in self._points)
            trials = self._trials_of(self._ask(number), number)
            self._points[number] = trials
            trial = next((one for one in trials if one.status == "waiting"), None)
            if trial is None and all(one.status in _OVER for one in trials):
                self._tell(number, trials)
        return trial

    def ended(self, trial: Trial) -> None:
        """Learn from a point whose trials have all ended."""
        for number, trials in self._points.items():
            if trial in trials and all(one.status in _OVER for one in trials):
                self._tell(number, trials)

    def waits(self) -> bool:
        """Say whether a point is still to be drawn, or a trial waits."""
        return len(self._points) < self._sweep.samples or super().waits()

    def total(self) -> int:
        """Count the trials of all points."""
        return self._sweep.samples * max(len(self._sweep.seeds), 1) * max(len(self._sweep.folds), 1)

    def _trials_of(self, values: Mapping[str, Node], number: int) -> list[Trial]:
        drawn = [self._sweep.space[key].override(key, value) for key, value in values.items()]
        seeds = [[Override("seed", seed, seed.place)] for seed in self._sweep.seeds] or [[]]
        trials = []
        folds = [[fold] for fold in self._sweep.folds] or [[]]
        for seed, fold in product(seeds, folds):
            point = Point((*drawn, *seed, *fold))
            experiment = load_config(self._sweep.base, [*self._sweep.fixed, *point.to_apply()])
            trials.append(self._runner.add(TrialRequest(experiment, point.values, number)))
        return trials

    def _remember(self, number: int, values: Mapping[str, Any]) -> None:
        """Take over a point of an earlier start of the sweep."""
        written = {key: one.written(values[key]) for key, one in self._sweep.space.items()}
        trials = self._trials_of(written, number)
        self._points[number] = trials
        value = self._value(trials)
        if value is not None and all(trial.status == "finished" for trial in trials):
            self._add(values, value)

    def _value(self, trials: list[Trial]) -> float | None:
        """The mean of the objective over seeds and folds; None where a trial has none."""
        values = [trial.measured(self._objective.key) for trial in trials]
        known = [value for value in values if value is not None]
        return fmean(known) if len(known) == len(values) else None

    def _in_space(self, values: Mapping[str, Any]) -> bool:
        """Whether a point could still be drawn."""
        return self._sweep.space.keys() <= values.keys() and all(
            one.holds(values[key]) for key, one in self._sweep.space.items()
        )

    def _ask(self, number: int) -> dict[str, Node]:
        """Let Optuna propose a point: values by key."""
        proposed = self._study.ask(self._distributions)
        self._open[number] = proposed
        return {
            key: one.choices[proposed.params[key]] if one.choices else one.at(proposed.params[key])
            for key, one in self._sweep.space.items()
        }

    def _tell(self, number: int, trials: list[Trial]) -> None:
        """Let Optuna learn from a point; of a failed one only that it was proposed."""
        value = self._value(trials)
        proposed = self._open.pop(number, None)
        if proposed is None:
            if value is not None:
                self._add(trials[0].values, value)
        elif value is None or not math.isfinite(value):
            self._study.tell(proposed, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(proposed, value)

    def _add(self, values: Mapping[str, Any], value: float) -> None:
        """Let Optuna learn from a point that it has not proposed."""
        params = {key: _as_param(one, values[key]) for key, one in self._sweep.space.items()}
        known = self._optuna.trial.create_trial(
            params=params, distributions=self._distributions, value=value
        )
        self._study.add_trial(known)

    def _as_optuna(self, one: Distribution) -> Any:
        known = self._optuna.distributions
        if one.choices:
            return known.CategoricalDistribution(range(len(one.choices)))
        if one.is_whole:
            return known.IntDistribution(int(one.low), int(one.high), log=one.is_log)
        return known.FloatDistribution(one.low, one.high, log=one.is_log)


def _optuna() -> Any:
    try:
        import optuna  # it takes a second, and is an extra
    except ImportError as error:
        raise UsageError(
            "the sampler tpe needs Optuna, which is not installed.",
            fix="pip install 'dlrun[tpe]'",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _as_param(one: Distribution, value: Any) -> Any:
    """A value as Optuna knows it: choices by number, for they may be anything."""
    return [choice.plain() for choice in one.choices].index(value) if one.choices else value


def earlier_points(rows: Iterable[RunRow], base: str | None) -> dict[int, Mapping[str, Any]]:
    """Read the points that were drawn before, by their numbers; those of another base do not count.

    Of several points of one number the oldest is taken, the rows being the newest first.
    """
    found: dict[int, Mapping[str, Any]] = {}
    for row in rows:
        told = place_in_sweep(row, base)
        if type(told.get("sample")) is int and isinstance(told.get("point"), dict):
            found[told["sample"]] = told["point"]
    return found


def extremes(sweep: Sweep) -> list[Experiment]:
    """Check the ends of every distribution, as what lies between is valid where they are.

    Gives their experiments; the first stands for all.
    """
    first = {key: one.ends()[0] for key, one in sweep.space.items()}
    points = [
        Point(
            (
                *(
                    other.override(name, end if name == key else first[name])
                    for name, other in sweep.space.items()
                ),
                *sweep.folds[:1],
            )
        )
        for key, one in sweep.space.items()
        for end in one.ends()
    ]
    return load_points(sweep.base, sweep.fixed, points)
