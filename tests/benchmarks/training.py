"""The train phase, in this process: dlrun's trainer against `keras.Model.fit`."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.rows import Row, alternating
from tests.conftest import CONFIGS, MNIST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dlrun.arrays import Samples, Splits
    from dlrun.config import Experiment

STEPS_PER_EXECUTION = (1, 10, 50)
"""What `fit` may choose from where it is given its best; a whole epoch is tried as well."""


@dataclass(frozen=True)
class Task:
    """One training to be timed.

    Attributes:
        experiment: Its config.
        splits: Its rows, labels not fitted yet.
        steady: Whether to time an epoch without tracing; else the whole training.
    """

    experiment: Experiment
    splits: Splits
    steady: bool = False


class Clock:
    """A listener that notes when how much of the training was done."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []
        self._steps = 1
        self._began = (0.0, 0.0)

    def message(self, text: str) -> None:
        """Ignore it."""

    def started(self, *, epochs: int, steps: int, first_epoch: int = 0) -> None:
        """Note the length of an epoch, and the time."""
        del epochs, first_epoch
        self._steps = steps
        self._began = (0.0, time.perf_counter())

    def progressed(self, *, epoch: int, step: int, logs: Any) -> None:
        """Note the position, in epochs, and the time."""
        del logs
        self.points.append((epoch + step / self._steps, time.perf_counter()))

    def finished(self) -> None:
        """Ignore it."""

    def epoch_seconds(self) -> float:
        """Return the seconds an epoch from the end of the first stretch on, which traces.

        A training of one stretch, as in the tiny mode, is counted whole.
        """
        first, last = self.points[0], self.points[-1]
        first = self._began if first == last else first
        return (last[1] - first[1]) / (last[0] - first[0])


def by_dlrun(task: Task) -> float:
    """Time dlrun's training once."""
    from dlrun.training.trainer import Trainer
    from dlrun.workflows.assembly import assemble

    assembly, splits, _ = assemble(task.experiment, task.splits)
    training, clock = task.experiment.training, Clock()
    began = time.perf_counter()
    Trainer(
        assembly.steps,
        splits,
        epochs=training.epochs,
        batch_size=training.batch_size,
        shuffle=training.shuffle,
        seed=0,
        callbacks=[],
        listener=clock,
    ).fit()
    return clock.epoch_seconds() if task.steady else time.perf_counter() - began


def by_fit(task: Task, *, epochs: int | None = None, steps_per_execution: int = 1) -> float:
    """Time plain Keras once.

    Args:
        task: What to train.
        epochs: How many epochs to run; the others are counted at the median time of these.
        steps_per_execution: As in `compile`.
    """
    from dlrun.backend import keras
    from dlrun.backend.components import create
    from dlrun.training.metrics import build_metrics
    from dlrun.workflows.assembly import assemble

    experiment = task.experiment
    assembly, splits, _ = assemble(experiment, task.splits)
    assembly.model.compile(
        optimizer=create("optimizers", experiment.optimizer.as_dict(), path="optimizer"),
        loss=create("losses", experiment.loss.as_dict(), path="loss"),
        metrics=build_metrics([one.as_dict() for one in experiment.metrics], splits.spec),
        steps_per_execution=steps_per_execution,
    )
    training, ends = experiment.training, []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    measured = epochs or training.epochs
    began = time.perf_counter()
    assembly.model.fit(
        splits.train.x,
        splits.train.y,
        validation_data=_pair(splits.validation),
        epochs=measured,
        batch_size=training.batch_size,
        shuffle=training.shuffle,
        verbose=0,
        callbacks=[note],
    )
    seconds = time.perf_counter() - began
    lengths = [after - before for before, after in itertools.pairwise(ends)]
    if task.steady:
        return sum(lengths) / len(lengths)
    missing = training.epochs - measured
    return seconds + missing * median(lengths) if missing else seconds


def _pair(samples: Samples | None) -> Any:
    return None if samples is None else (samples.x, samples.y)


def task_of(path: Path, *overrides: str, steady: bool = False) -> Task:
    """Load a config and its rows."""
    from dlrun.config import load_config
    from dlrun.workflows.load import load_splits

    experiment = load_config(path, overrides)
    return Task(experiment, load_splits(experiment), steady)


def small_task(name: str, goal: float, epochs: int, fit_epochs: int) -> Callable[[bool], Row]:
    """A benchmark of a tutorial's whole training; `fit` may run fewer epochs."""

    def run(tiny: bool) -> Row:
        ours = 4 if tiny else epochs
        measured = min(ours, 3 if tiny else fit_epochs)
        task = task_of(CONFIGS / f"{name}.yaml", f"training.epochs={ours}")
        medians = alternating(
            lambda: by_dlrun(task), lambda: by_fit(task, epochs=measured), 1 if tiny else 3
        )
        note = f"{ours} epochs, tracing included"
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
    task = task_of(
        CONFIGS / f"{name}.yaml",
        f"dataset.path={MNIST}",
        f"training.epochs={2 if tiny else 4}",
        steady=True,
    )
    task = Task(task.experiment, first_rows(task.splits, 300 if tiny else rows), steady=True)
    note = f"{len(task.splits.train):,} rows, without tracing"
    return (
        against_best(title, goal, task, note, tiny)
        if best
        else _plain(title, goal, task, note, tiny)
    )


def _plain(title: str, goal: float, task: Task, note: str, tiny: bool) -> Row:
    medians = alternating(lambda: by_dlrun(task), lambda: by_fit(task), 1 if tiny else 3)
    return Row(title, "s", *medians, goal=goal, note=note)


def against_best(title: str, goal: float, task: Task, note: str, tiny: bool) -> Row:
    """Compare with `fit` under the `steps_per_execution` that suits it best."""
    total = -(-len(task.splits.train) // task.experiment.training.batch_size)
    choices = sorted({min(choice, total) for choice in (*STEPS_PER_EXECUTION, total)})
    choices = choices[:1] if tiny else choices
    best = min(choices, key=lambda choice: by_fit(task, steps_per_execution=choice))
    medians = alternating(
        lambda: by_dlrun(task),
        lambda: by_fit(task, steps_per_execution=best),
        1 if tiny else 3,
    )
    note += f"; fit with steps_per_execution={best}, its best of {', '.join(map(str, choices))}"
    return Row(title, "s", *medians, goal=goal, note=note)


def lstm(tiny: bool) -> Row:
    """An epoch of an LSTM over series of 20 steps, whose sum's sign is the class."""
    import tempfile
    from pathlib import Path

    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(100 if tiny else 2000, 20, 8)).astype("float32")
    y = (x[:, :, 0].sum(axis=1) > 0).astype("int64")
    with tempfile.TemporaryDirectory() as folder:
        data, config = Path(folder) / "series.npz", Path(folder) / "lstm.yaml"
        np.savez(data, x=x, y=y)
        config.write_text(LSTM.format(path=data, epochs=2 if tiny else 5))
        task = task_of(config, steady=True)
    note = f"{len(x):,} series of 20 x 8, LSTM of 32, batch 32, without tracing"
    return against_best("LSTM, an epoch", 1.0, task, note, tiny)


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


def first_rows(splits: Splits, count: int) -> Splits:
    """Keep the first training rows."""
    from dataclasses import replace

    train = splits.train
    return replace(splits, train=replace(train, x=train.x[:count], y=train.y[:count]))


BENCHMARKS: Sequence[Callable[[bool], Row]] = (
    small_task("two_points_sigmoid", 100, 3000, 200),
    small_task("majority_logistic", 35, 200, 200),
    small_task("threshold_hinge", 30, 150, 150),
    mnist_mlp,
    mnist_cnn,
    lstm,
)
