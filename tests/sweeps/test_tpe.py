"""Draws that learn, held against Optuna itself."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from types import SimpleNamespace

import optuna
import pytest

from dlrun.sweeps import search
from dlrun.sweeps.language.loading import load_sweep
from dlrun.sweeps.search import TPEScheduler
from dlrun.sweeps.trials import Trial

SPACE = """\
base: b.yaml
random:
  rate: {log_uniform: [1e-4, 1]}
  units: {log_integer: [1, 64]}
  act: [relu, tanh, [1, 2]]
samples: 50
sampler: {type: tpe, seed: SEED}
objective: {metric: loss, split: train, direction: minimize}
"""


@dataclass
class Runner:
    """Takes trials, and has found runs of earlier sweeps."""

    rows: list = field(default_factory=list)
    trials: list = field(default_factory=list)
    base: str = "abc"

    @property
    def store(self):
        """The same knows the runs."""
        return self

    def look_again(self, trial):
        """Nobody else works."""

    def add(self, request):
        """Take a trial; those before the first that is asked for have been finished."""
        trial = Trial(None, request.values, str(len(self.trials)), sample=request.sample)
        if request.sample < len(self.rows):
            finish(trial, self.rows[request.sample].value)
        self.trials.append(trial)
        return trial


@pytest.fixture
def scheduler(tmp_path, monkeypatch):
    """A scheduler of points of three axes, whose configs are not looked at."""
    monkeypatch.setattr(search, "load_config", lambda *_: None)

    def made(runner, *, seed=0, text=SPACE):
        (tmp_path / "s.yaml").write_text(text.replace("SEED", str(seed)))
        sweep = load_sweep(tmp_path / "s.yaml")
        return TPEScheduler(sweep, sweep.objective, runner)

    return made


def finish(trial, value):
    """Let a trial end with an objective; None where it failed."""
    trial.status = "failed" if value is None else "finished"
    trial.metrics = {"train": {"loss": value}}


def quality(values):
    """The function whose minimum is looked for."""
    return (values["rate"] - 0.1) ** 2 + abs(values["units"] - 20) / 20 + (values["act"] != "tanh")


def test_it_proposes_what_optuna_proposes(scheduler):
    """With the same seed and the same history: thirty points, ten of them before it learns."""
    ours, points = [], scheduler(Runner(), seed=3)
    for _ in range(30):
        trial = points.next()
        finish(trial, quality(trial.values))
        points.ended(trial)
        ours.append(trial.values)
    choices = ["relu", "tanh", [1, 2]]

    def objective(trial):
        values = {
            "rate": trial.suggest_float("rate", 1e-4, 1, log=True),
            "units": trial.suggest_int("units", 1, 64, log=True),
            "act": choices[trial.suggest_categorical("act", (0, 1, 2))],
        }
        theirs.append(values)
        return quality(values)

    theirs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(seed=3, constant_liar=True)
    optuna.create_study(sampler=sampler).optimize(objective, n_trials=30)
    assert ours == theirs


def test_it_remembers_and_forgets(scheduler):
    """What earlier runs gave counts; a point outside of the space, and a failure, do not."""
    points = [{"rate": 0.01, "units": 1 + number, "act": "tanh"} for number in range(40)]
    points += [{"rate": 7.0, "units": 1, "act": "tanh"}, {"rate": 0.1, "act": "tanh"}]
    values = [*map(float, range(40)), 1e9, 1e9]
    rows = [
        SimpleNamespace(record={"sweep": {"base": "abc", "sample": number, "point": point}})
        for number, point in enumerate(points)
    ]
    for row, value in zip(rows, values, strict=True):
        row.value = value
    runner = Runner(rows)
    drawn = scheduler(runner, text=SPACE.replace("minimize", "maximize"))
    assert len(runner.trials) == 40
    for value in (None, float("nan")):
        trial = drawn.next()
        finish(trial, value)
        drawn.ended(trial)
    assert drawn.next().values["units"] > 20
