"""What a word needs is installed where it is trained; a run that is opened is read without."""

from __future__ import annotations

import sys

import pytest

from dlrun.config import load_config
from dlrun.config.rules.files import package_problems
from dlrun.errors import ConfigError
from dlrun.rundir.folder import Run
from tests.config.rules.conftest import BASE

WORDS = {
    "training.callbacks=[TensorBoard]": ("training.callbacks[0]", "TensorBoard", "tensorboard"),
    "training.callbacks=[{type: OrbaxCheckpoint, directory: x, monitor: loss}]": (
        *("training.callbacks[0]", "OrbaxCheckpoint", "orbax-checkpoint"),
    ),
    "model.layers[0].kernel_initializer={type: STFT}": (
        *("model.layers[0].kernel_initializer", "STFT", "scipy"),
    ),
    "model.layers[0].kernel_initializer=STFT": (
        *("model.layers[0].kernel_initializer", "STFT", "scipy"),
    ),
}


@pytest.fixture
def bare(monkeypatch):
    """A machine on which nothing is installed that dlrun does not bring along."""
    monkeypatch.setattr(sys.modules["dlrun.catalog.words"], "find_spec", lambda _: None)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("override", WORDS)
def test_a_missing_package_is_told_with_what_installs_it(override, say):
    """Before anything is trained, and by name."""
    path, word, project = WORDS[override]
    what = f"{path}: {word} needs the package {project}, which is not installed."
    assert say(override) == [f"{what} Install it: pip install {project}"]


@pytest.mark.usefixtures("bare")
def test_a_run_is_opened_without_the_packages_of_its_training(tmp_path):
    """To predict with it needs none of them."""
    (tmp_path / "config.yaml").write_text(BASE + "training: {callbacks: [TensorBoard]}\n")
    load_config(tmp_path / "config.yaml", data_known=False)
    with pytest.raises(ConfigError, match="pip install tensorboard"):
        load_config(tmp_path / "config.yaml")


@pytest.mark.usefixtures("bare")
def test_a_run_that_goes_on_elsewhere_is_told(tmp_path):
    """Where its config has been read as that of a run, and its callbacks are made."""
    from dlrun.config.schema import Component
    from dlrun.execution.assembly import build_callbacks

    words = [Component(type="TensorBoard", arguments={"log_dir": "logs"})]
    with pytest.raises(ConfigError, match="pip install tensorboard"):
        build_callbacks(words, Run(tmp_path))


def test_an_installed_package_is_no_problem():
    """TensorFlow brings requests along."""
    assert list(package_problems("callbacks", {"type": "RemoteMonitor"}, "x")) == []
