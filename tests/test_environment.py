"""What surrounds a process never changes its run: the same bits in a new one, or it is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from dlrun.rundir.environment import differences
from tests.conftest import CONFIGS

KERAS_JSON = {
    "floatx": "float16",
    "epsilon": 0.1,
    "backend": "jax",
    "image_data_format": "channels_first",
    "dtype_policy": "mixed_float16",
}
HOSTILE = {
    "KERAS_BACKEND": "torch",
    "KERAS_FLOATX": "float16",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "PYTHONHASHSEED": "5",
}


@pytest.mark.slow
def test_settings_of_keras_and_python_change_nothing(dlrun, tmp_path):
    """Another process, with everything set that would change the run under `fit`; all recorded."""
    words = ["train", str(CONFIGS / "digits_mlp.yaml"), "--set", "training.epochs=2"]
    here = dlrun(*words).run
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(KERAS_JSON))
    hostile = {**HOSTILE, "KERAS_HOME": str(tmp_path / "keras")}
    ran = subprocess.run(
        [sys.executable, "-m", "dlrun", *words, "--no-report", "--quiet"],
        env={**os.environ, **hostile},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    there = tmp_path / ran.stdout.strip()
    for name in ("history.csv", "weights.safetensors", "metrics.json"):
        assert (there / name).read_bytes() == (here / name).read_bytes()
    record = json.loads((there / "run.json").read_text())
    assert hostile.items() <= record["environment"].items()
    assert record["processor"]
    assert record["cpu_count"] >= 1
    assert record["threads"].keys() == {"intra_op", "inter_op"}
    assert record["device"] == "cpu"


def test_what_dlrun_sets_itself_is_no_difference():
    """A run of a program that had loaded Keras, gone on with in a new process: no warning."""
    then = {"environment": {"KERAS_BACKEND": "tensorflow", "OMP_NUM_THREADS": "1"}}
    assert differences(then, {"environment": {"OMP_NUM_THREADS": "1"}}) == []
    assert differences(then, {"environment": {}}) == [
        "environment.OMP_NUM_THREADS was 1 and is None"
    ]
