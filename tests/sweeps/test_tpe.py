"""Draws that learn, held against Optuna itself."""

from __future__ import annotations

import warnings

import optuna
import pytest

from dlrun.config.sweeps.loading import load_sweep
from dlrun.sweeps.tpe import Study

SPACE = """\
base: b.yaml
random:
  rate: {log_uniform: [1e-4, 1]}
  units: {log_integer: [1, 64]}
  act: [relu, tanh, [1, 2]]
"""


@pytest.fixture
def space(tmp_path):
    """A space of three axes."""
    (tmp_path / "s.yaml").write_text(SPACE)
    return load_sweep(tmp_path / "s.yaml").space


def quality(values):
    """The function whose minimum is looked for."""
    return (values["rate"] - 0.1) ** 2 + abs(values["units"] - 20) / 20 + (values["act"] != "tanh")


def test_it_proposes_what_optuna_proposes(space):
    """With the same seed and the same history: thirty points, ten of them before it learns."""
    study = Study(space, seed=3, maximize=False)
    ours = []
    for number in range(30):
        values = {key: node.plain() for key, node in study.ask(number).items()}
        study.tell(number, quality(values))
        ours.append(values)
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


def test_it_remembers_and_forgets(space):
    """A history that is told counts; a point outside of the space, and a failure, do not."""
    study = Study(space, seed=0, maximize=True)
    for number in range(40):
        study.remember({"rate": 0.01, "units": 1 + number, "act": "tanh"}, float(number))
    study.remember({"rate": 7.0, "units": 1, "act": "tanh"}, 1e9)
    study.remember({"rate": 0.1, "act": "tanh"}, 1e9)
    study.ask(0)
    study.tell(0, None)
    study.ask(1)
    study.tell(1, float("nan"))
    assert not study.is_open(1)
    assert study.ask(2)["units"].value > 20
