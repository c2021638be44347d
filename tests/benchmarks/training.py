"""The train phase: dlrun's trainer against `keras.Model.fit`, each in a process of its own."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.own_fit import load
from tests.benchmarks.plain_fit import write_task
from tests.benchmarks.rows import Row, alternating
from tests.conftest import CONFIGS, MNIST, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STEPS_PER_EXECUTION = (1, 10, 50)
"""What `fit` may choose from where it is given its best; a whole epoch is tried as well."""

OWN_PROCESS = "each in a process of its own"
"""In dlrun's process plain Keras would gain by what dlrun does at its start-up."""


@dataclass(frozen=True)
class Task:
    """One training to be timed.

    Attributes:
        config: The file.
        overrides: As after `--set`.
        rows: How many training rows to keep; 0 for all.
        steady: Whether to time an epoch without tracing; else the whole training.
    """

    config: Path
    overrides: tuple[str, ...] = ()
    rows: int = 0
    steady: bool = False


def by_dlrun(task: Task) -> float:
    """Time dlrun's training once, in a process of its own."""
    words = (str(task.config), str(task.rows), *task.overrides)
    found = _run("tests.benchmarks.own_fit", *words)
    return found["epoch"] if task.steady else found["seconds"]


class PlainKeras:
    """Times the same training by plain Keras, each time in a process that never sees dlrun.

    Args:
        task: What to train.
        folder: Where its model and its rows are written to.
        epochs: How many epochs to run; the others are counted at the median time of these.
    """

    def __init__(self, task: Task, folder: Path, *, epochs: int | None = None) -> None:
        experiment, splits = load(task.config, task.overrides, task.rows)
        write_task(folder, experiment, splits)
        self._folder = folder
        self._steady = task.steady
        self._measured = epochs or experiment.training.epochs
        self._missing = experiment.training.epochs - self._measured
        self.rows = len(splits.train)
        self.steps = -(-self.rows // experiment.training.batch_size)

    def seconds(self, steps_per_execution: int = 1) -> float:
        """Time it once; `steps_per_execution` is that of `compile`."""
        words = (str(self._folder), str(self._measured), str(steps_per_execution))
        found = _run("tests.benchmarks.plain_fit", *words)
        lengths = [after - before for before, after in itertools.pairwise(found["ends"])]
        if self._steady:
            return sum(lengths) / len(lengths)
        return found["seconds"] + (self._missing * median(lengths) if self._missing else 0.0)


def _run(module: str, *words: str) -> Any:
    """Run a module of the benchmarks; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return json.loads(done.stdout.splitlines()[-1])


def small_task(name: str, goal: float, epochs: int, fit_epochs: int) -> Callable[[bool], Row]:
    """A benchmark of a tutorial's whole training; `fit` may run fewer epochs."""

    def run(tiny: bool) -> Row:
        ours = 4 if tiny else epochs
        measured = min(ours, 3 if tiny else fit_epochs)
        task = Task(CONFIGS / f"{name}.yaml", (f"training.epochs={ours}",))
        with tempfile.TemporaryDirectory() as folder:
            plain = PlainKeras(task, Path(folder), epochs=measured)
            medians = alternating(lambda: by_dlrun(task), plain.seconds, 1 if tiny else 3)
        note = f"{ours} epochs, tracing included; {OWN_PROCESS}"
        if measured < ours:
            note += f"; fit measured on {measured} epochs and scaled"
        return Row(f"{name}, training", "s", *medians, goal=goal, note=note)

    run.__name__ = name
    return run


def mnist_mlp(tiny: bool) -> Row:
    """An epoch of the MNIST MLP, all 60,000 rows."""
    return _mnist("mnist_mlp_rmsprop", "MNIST MLP, an epoch", 2.7, tiny, rows=60_000)


def mnist_cnn(tiny: bool) -> Row:
    """An epoch of the small CNN over a tenth of MNIST."""
    return _mnist("mnist_cnn", "MNIST CNN, an epoch", 1.0, tiny, rows=6_000, best=True)


def _mnist(name: str, title: str, goal: float, tiny: bool, *, rows: int, best: bool = False) -> Row:
    if not MNIST.is_file():
        return Row(title, skipped=f"MNIST is not at {MNIST.name} (set DLRUN_TEST_MNIST)")
    overrides = (f"dataset.path={MNIST}", f"training.epochs={2 if tiny else 4}")
    task = Task(CONFIGS / f"{name}.yaml", overrides, 300 if tiny else rows, steady=True)
    return _epoch(title, goal, task, f"{task.rows:,} rows", tiny, best=best)


def _epoch(title: str, goal: float, task: Task, note: str, tiny: bool, *, best: bool) -> Row:
    """Time an epoch; with `best`, `fit` gets the `steps_per_execution` that suits it best."""
    with tempfile.TemporaryDirectory() as folder:
        plain = PlainKeras(task, Path(folder))
        note += f", without tracing; {OWN_PROCESS}"
        choice = 1
        if best:
            choices = sorted({min(one, plain.steps) for one in (*STEPS_PER_EXECUTION, plain.steps)})
            choices = choices[:1] if tiny else choices
            choice = min(choices, key=plain.seconds)
            tried = ", ".join(map(str, choices))
            note += f"; fit with steps_per_execution={choice}, its best of {tried}"
        medians = alternating(
            lambda: by_dlrun(task), lambda: plain.seconds(choice), 1 if tiny else 3
        )
    return Row(title, "s", *medians, goal=goal, note=note)


def lstm(tiny: bool) -> Row:
    """An epoch of an LSTM over series of 20 steps, whose sum's sign is the class."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(100 if tiny else 2000, 20, 8)).astype("float32")
    y = (x[:, :, 0].sum(axis=1) > 0).astype("int64")
    with tempfile.TemporaryDirectory() as folder:
        data, config = Path(folder) / "series.npz", Path(folder) / "lstm.yaml"
        np.savez(data, x=x, y=y)
        config.write_text(LSTM.format(path=data, epochs=2 if tiny else 5))
        note = f"{len(x):,} series of 20 x 8, LSTM of 32, batch 32"
        return _epoch("LSTM, an epoch", 1.0, Task(config, steady=True), note, tiny, best=True)


LSTM = """\
dataset: {{type: npz, path: {path}}}
model:
  layers:
    - {{type: LSTM, units: 32}}
    - {{type: Dense, units: 2, activation: softmax}}
loss: sparse_categorical_crossentropy
optimizer: Adam
metrics: [accuracy]
training: {{epochs: {epochs}, batch_size: 32}}
"""


BENCHMARKS: Sequence[Callable[[bool], Row]] = (
    small_task("two_points_sigmoid", 100, 3000, 200),
    small_task("majority_logistic", 35, 200, 200),
    small_task("threshold_hinge", 30, 150, 150),
    mnist_mlp,
    mnist_cnn,
    lstm,
)
