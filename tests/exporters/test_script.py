"""`script`: a program without dlrun gives the weights and the history of the run, to the bit."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest

from tests.conftest import CONFIGS
from tests.exporters.conftest import SHIPPED
from tests.forked import PLAIN, run_program
from tests.marking import first
from tests.texts import reviews, write_folders

HIDDEN = """\
import runpy, sys
sys.modules["dlrun"] = None
runpy.run_path(sys.argv[1], run_name="__main__")
"""
"""Runs a program in a process that can import no dlrun."""
END = "training: {epochs: 2, batch_size: 16}\nexports: [script]\n"
MOONS = "dataset: {type: moons, samples: 70, noise: 0.1, validation_split: 0.2}\n"

QUICK = {
    "untrained": (CONFIGS / "threshold_exact.yaml", "training.epochs=0"),
    "table": (CONFIGS / "travel_mode_wide_deep.yaml", "training.epochs=2"),
}
WRITTEN = {
    "schedules": """\
dataset: {type: linear, samples: 60, weights: [0.1, 0.2], noise: 0.01, target_scale: standard}
model: {layers: [{type: Dense, units: 1, kernel_regularizer: {type: L1L2, l1: 0.01}}]}
loss: huber
optimizer:
  type: RMSprop
  learning_rate: {type: CosineDecay, initial_learning_rate: 0.01, decay_steps: 9}
metrics: [r2_score, mean_absolute_error]
""",
    "words of Keras": f"""\
{MOONS}model:
  layers:
    - {{type: Reshape, target_shape: [2, 1]}}
    - {{type: Bidirectional, layer: {{type: SimpleRNN, units: 3, dropout: 0.1}}}}
    - {{type: Dense, name: class, units: 4, activation: gelu,
        kernel_initializer: {{type: HeNormal}}, trainable: false}}
    - {{type: BatchNormalization}}
    - {{type: GaussianNoise, stddev: 0.1}}
    - {{type: Dense, units: 1, activation: tanh, weights: [[[0.1], [0.2], [-0.3], [0.4]], [0.0]]}}
loss: hinge
optimizer: {{type: AdamW, weight_decay: 0.01, clipnorm: 1.0, use_ema: true, ema_momentum: 0.9}}
metrics: [accuracy]
""",
    "weights of classes": f"""\
{MOONS}model: {{layers: [{{type: Dense, units: 2, activation: softmax}}]}}
loss: {{type: CategoricalCrossentropy, label_smoothing: 0.1}}
optimizer: {{type: SGD, momentum: 0.9, nesterov: true}}
metrics: [accuracy, {{type: Precision, name: hits, thresholds: 0.4}}, f1_score]
""",
}
WORDS = """\
dataset: {type: texts, path: texts, columns: {text: {type: text, length: 6}}, validation_split: 0.2}
model:
  layers:
    - {type: Embedding, inputs: [text], output_dim: 3, mask_zero: true}
    - {type: Bidirectional, layer: {type: LSTM, units: 2, dropout: 0.2}, name: read}
    - {type: Concatenate, inputs: [read, text]}
    - {type: Dropout, rate: 0.2}
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.05}
metrics: [accuracy]
"""
CALLBACKS = """[
  {type: LearningRateScheduler,
   schedule: {type: ExponentialDecay, initial_learning_rate: 0.1, decay_steps: 1, decay_rate: 0.5}},
  {type: ReduceLROnPlateau, patience: 1, monitor: loss}]"""
SETTINGS = {
    "weights of classes": (
        "training.class_weight={'0': 1, '1': 3}",
        "training.shuffle=false",
        f"training.callbacks={CALLBACKS}",
    ),
    "words of Keras": ("training.precision=mixed_bfloat16",),
}


def trained(dlrun, config, *settings):
    """Train a config with its script; gives the run folder."""
    options = [word for one in ("exports=[script]", *settings) for word in ("--set", one)]
    return dlrun("train", config, "--quiet", *options).run.absolute()


def run_script(run, cwd):
    """Run the program of a run without dlrun.

    `DLRUN_TEST_PLAIN_PYTHON` names the Python of a virtual environment that has TensorFlow only:
    then that one runs it, else a process in which dlrun is hidden.
    """
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if plain := env.get("DLRUN_TEST_PLAIN_PYTHON"):
        env = {name: value for name, value in env.items() if name != "PYTHONPATH"}
        program = [plain, str(run / "script" / "train.py")]
        return subprocess.run(program, cwd=cwd, env=env, capture_output=True, text=True)  # noqa: PLW1510
    return run_program(HIDDEN, run / "script" / "train.py", cwd=cwd, env=env, imported=PLAIN)


def check(run, cwd):
    """Run the program; it says how many weights and epochs are the same."""
    done = run_script(run, cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    weights = len(json.loads((run / "run.json").read_text())["final_weights"])
    assert f"identical to the run: {weights} weights" in done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", first(1, QUICK))
def test_the_program_gives_the_bits_of_a_shipped_config(name, dlrun, tmp_path):
    """No training, and a table with columns of its own. With `-m slow`, all of them."""
    config, *settings = QUICK[name]
    check(trained(dlrun, config, *settings), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", first(1, WRITTEN))
def test_the_program_says_what_the_config_says(name, dlrun, tmp_path):
    """Schedules, regularizers, nested and frozen layers, weights, callbacks, a policy."""
    (tmp_path / "written.yaml").write_text(WRITTEN[name] + END)
    check(trained(dlrun, "written.yaml", *SETTINGS.get(name, ())), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_config_is_a_program(name, written, tmp_path):
    """As far as its second epoch."""
    check(written(name), tmp_path)


@pytest.mark.slow
def test_the_program_reads_words_as_the_run_did(dlrun, tmp_path):
    """Numbers of words out of files, a mask, an LSTM that drops words by chance, and a bag."""
    write_folders(tmp_path / "texts", reviews(48))
    (tmp_path / "written.yaml").write_text(WORDS + END)
    check(trained(dlrun, "written.yaml"), tmp_path)


def test_another_result_is_told(dlrun, tmp_path):
    """Other rows give other weights, and the program ends with an error."""
    run = trained(dlrun, CONFIGS / "two_points_softmax.yaml", "training.epochs=2")
    path = run / "script" / "data.npz"
    with np.load(path) as stored:
        rows = dict(stored)
    rows["x_train"] = rows["x_train"] + np.float32(0.01)
    np.savez(path, **rows)
    done = run_script(run, tmp_path)
    assert done.returncode == 1
    assert "identical" not in done.stdout


def test_what_cannot_be_written_is_named(dlrun, tmp_path):
    """All of it at once; the run without its script is not lost."""
    text = WRITTEN["weights of classes"].replace(
        "f1_score", "{type: MeanSquaredError, dtype: float64}"
    )
    text = text.replace("type: SGD, momentum: 0.9, nesterov: true", "type: ScheduleFreeAdamW")
    (tmp_path / "written.yaml").write_text(text + END.replace("[script]", "[]"))
    run = dlrun("train", "written.yaml", "--quiet").run
    told = dlrun("export", run, "script", code=1).err
    assert "ScheduleFreeAdamW: dlrun begins its state at the first weights" in told
    assert "MeanSquaredError in float64" in told
    assert not (run / "script").exists()
    dlrun("verify", run)
