"""Whole commands, each in a process of its own: their time and their memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from tests.benchmarks.rows import Row, alternating
from tests.conftest import CONFIGS, MNIST, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Linux counts the memory of a forking parent as the child's own peak, so a small one does it.
LAUNCHER = """\
import json, os, resource, subprocess, sys, time
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a user has the compiled files
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": seconds, "processor": used.ru_utime + used.ru_stime,
                  "mebibytes": used.ru_maxrss / 1024, "code": done.returncode,
                  "stderr": done.stderr[-2000:]}))
"""

PLAIN_MNIST = """\
import sys
import numpy as np
import keras
with np.load(sys.argv[1]) as data:
    x, y = data["x_train"], data["y_train"]
    x_test, y_test = data["x_test"], data["y_test"]
x = x.reshape(len(x), -1).astype("float32") / 255
x_test = x_test.reshape(len(x_test), -1).astype("float32") / 255
y, y_test = keras.utils.to_categorical(y), keras.utils.to_categorical(y_test)
model = keras.Sequential([
    keras.Input((784,)),
    keras.layers.Dense(512, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=int(sys.argv[2]), batch_size=128, verbose=0)
model.evaluate(x_test, y_test, batch_size=128, verbose=0)
"""


def launch(*command: str) -> dict[str, float]:
    """Run a command to its end.

    Returns:
        Its `seconds`, those that it had a `processor` for, and its peak of memory in `mebibytes`.
    """
    launched = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *command],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    found = json.loads(launched.stdout)
    if found["code"] != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{found['stderr']}")
    return found


def train(
    config: str, *overrides: str, options: Sequence[str] = ("--no-report",)
) -> dict[str, float]:
    """Run `dlrun train` on a shipped config, into a folder that is then removed."""
    words = [word for override in overrides for word in ("--set", override)]
    with tempfile.TemporaryDirectory() as folder:
        return launch(
            sys.executable, "-m", "dlrun", "train", str(CONFIGS / config),
            "--runs-dir", folder, *words, *options,
        )  # fmt: skip


def two_points(tiny: bool) -> Row:
    """The whole command on two_points against the bare import of TensorFlow."""
    epochs = 3 if tiny else 3000
    seconds = alternating(
        lambda: train("two_points_sigmoid.yaml", f"training.epochs={epochs}")["seconds"],
        lambda: launch(sys.executable, "-c", "import tensorflow")["seconds"],
        1 if tiny else 5,
    )
    return Row(
        "two_points_sigmoid, whole command",
        "s",
        *seconds,
        goal=1.6,
        faster=False,
        note='against python -c "import tensorflow"',
    )


def mnist_memory(tiny: bool) -> Row:
    """The peak of memory of training on MNIST, against the same in plain Keras."""
    title = "MNIST MLP, peak memory"
    if not MNIST.is_file():
        return Row(title, skipped=f"MNIST is not at {MNIST.name} (set DLRUN_TEST_MNIST)")
    peaks = alternating(
        lambda: train("mnist_mlp_rmsprop.yaml", f"dataset.path={MNIST}", "training.epochs=1")[
            "mebibytes"
        ],
        lambda: launch(sys.executable, "-c", PLAIN_MNIST, str(MNIST), "1")["mebibytes"],
        1 if tiny else 3,
    )
    note = "one epoch and the evaluation, whole process"
    return Row(title, "MiB", *peaks, goal=1.3, faster=False, note=note)


def report_digits(tiny: bool) -> Row:
    """What plots and page add to a training."""
    epochs = ["training.epochs=2"] if tiny else []
    with_report, without = alternating(
        lambda: train("digits_mlp.yaml", *epochs, options=("--report",))["seconds"],
        lambda: train("digits_mlp.yaml", *epochs)["seconds"],
        1 if tiny else 5,
    )
    added = with_report - without
    note = f"what the report adds to a training of {without:.1f} s, against 2 s"
    return Row("digits_mlp, report", "s", added, 2.0, goal=1.0, faster=False, note=note)


BENCHMARKS: Sequence[Callable[[bool], Row]] = (two_points, mnist_memory, report_digits)
