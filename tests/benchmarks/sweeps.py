"""Sweeps: what a run costs among many, against a shell loop of plain Keras scripts."""

from __future__ import annotations

import sys
import tempfile
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.commands import launch
from tests.benchmarks.rows import Row
from tests.conftest import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLAIN_TWO_POINTS = """\
import sys
import keras
import numpy as np
keras.utils.set_random_seed(int(sys.argv[1]))
x = np.array([[0, 0], [1, 1], [0, 0], [1, 1], [1, 1], [1, 1]], "float32")
y = keras.utils.to_categorical([0, 1, 0, 1, 1, 1])
model = keras.Sequential([
    keras.Input((2,)),
    keras.layers.Dense(10, activation="relu"),
    keras.layers.Dense(2, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.SGD(0.01), loss="categorical_crossentropy",
              metrics=["accuracy"])
model.fit(x, y, epochs=int(sys.argv[2]), batch_size=32, verbose=0)
model.evaluate(x, y, verbose=0)
model.predict(x, verbose=0)
model.save(sys.argv[3])
"""


def seconds_a_run(runs: int, epochs: int) -> float:
    """Time a sweep over the seeds of two_points, the import included, and share it out."""
    with tempfile.TemporaryDirectory() as folder:
        done = launch(
            sys.executable, "-m", "dlrun", "train", str(CONFIGS / "two_points_softmax.yaml"),
            "--set", f"training.epochs={epochs}", "--set", f"seed=0..{runs - 1}",
            "--runs-dir", folder, "--quiet",
        )  # fmt: skip
    return done["seconds"] / runs


def seconds_a_script(epochs: int, measured: int) -> float:
    """Time a plain Keras script over some epochs, and count the others like those."""
    with tempfile.TemporaryDirectory() as folder:

        def run(count: int) -> float:
            words = ("0", str(count), f"{folder}/model.keras")
            return launch(sys.executable, "-c", PLAIN_TWO_POINTS, *words)["seconds"]

        few = run(max(measured // 3, 1))
        many = run(measured)
    each = (many - few) / (measured - max(measured // 3, 1))
    return many + max(epochs - measured, 0) * each


def sweep_two_points(tiny: bool) -> Row:
    """What one of 32 seeds of two_points takes, against a plain Keras script for each."""
    runs, epochs = (2, 3) if tiny else (32, 3000)
    ours = median(seconds_a_run(runs, epochs) for _ in range(1 if tiny else 3))
    theirs = seconds_a_script(epochs, 3 if tiny else 150)
    note = (
        "import included, at most 0.6 s wanted; plain Keras: a script a run, scaled to its epochs"
    )
    return Row(f"{runs} seeds of two_points, a run", "s", ours, theirs, goal=100, note=note)


BENCHMARKS: Sequence[Callable[[bool], Row]] = (sweep_two_points,)
