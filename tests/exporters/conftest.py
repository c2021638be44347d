"""The shipped configs, each trained once for all tests of what exporters write of them."""

from __future__ import annotations

import json

import pytest

from tests.conftest import CONFIGS, alone

FORMS = {"saved_model": "saved_model", "onnx": "model.onnx", "litert": "model.tflite"}
SHIPPED = [one.stem for one in sorted(CONFIGS.glob("*.yaml")) if not one.stem.startswith("mnist")]
"""MNIST needs a file that tests may lack."""


@pytest.fixture(scope="session")
def written(common):
    """Train a shipped config as far as its second epoch: in all forms, and as a program.

    Gives the run folder, which is only read.
    """
    from dlrun.cli import main

    def run_of(name):
        home = common / "written" / name
        home.mkdir(parents=True, exist_ok=True)
        with alone(home / "lock"):
            if not (home / "done").exists():
                epochs = 0 if name == "threshold_exact" else 2
                exports = json.dumps(["script", *FORMS])
                words = ["train", CONFIGS / f"{name}.yaml", "--set", f"training.epochs={epochs}"]
                words += ["--set", f"exports={exports}", "--no-report", "--runs-dir", home / "runs"]
                assert main([str(word) for word in words]) == 0
                (home / "done").touch()
        (run,) = (home / "runs").iterdir()
        return run

    return run_of
