"""Small networks and rows that the tests of training share."""

from __future__ import annotations

import numpy as np

from dlrun.arrays import Samples, Spec, Splits
from dlrun.backend import keras
from dlrun.training.epochs import FitOptions
from dlrun.training.listener import Listener
from dlrun.training.steps import Steps
from dlrun.training.trainer import Trainer


class Silent(Listener):
    """A listener that keeps what it is told."""

    def __init__(self):
        self.progress = []
        self.epochs = []

    def epoch_ended(self, *, epoch, logs):
        """Keep it."""
        self.epochs.append((epoch, dict(logs)))

    def progressed(self, **facts):
        """Keep it."""
        self.progress.append(facts)


def rows(count=50, features=4, classes=3, seed=0):
    """Rows of noise whose class depends on them, one-hot encoded."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, features)).astype("float32")
    y = np.eye(classes, dtype="float32")[(x[:, 0] > 0).astype(int) + (x[:, 1] > 0)]
    return Samples(x, y)


def splits(count=50, validation=20):
    """Training and validation rows."""
    spec = Spec((4,), class_names=("a", "b", "c"), label_form="one_hot")
    held = rows(validation, seed=1) if validation else None
    return Splits(rows(count), held, None, spec)


def model(optimizer="adam", layers=None, seed=0, loss="categorical_crossentropy"):
    """A compiled classifier; the same seed gives the same initial weights."""
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    stack = layers() if layers else [keras.layers.Dense(8, activation="relu")]
    built = keras.Sequential(
        [keras.Input((4,)), *stack, keras.layers.Dense(3, activation="softmax")]
    )
    built.compile(optimizer=optimizer, loss=loss, jit_compile=False)
    return built


def trainer(built, data=None, *, jit_compile=False, **options):
    """A trainer with an accuracy, ready to fit."""
    metrics = [keras.metrics.CategoricalAccuracy(name="accuracy")]
    settings = {"epochs": 4, "batch_size": 8, "shuffle": True, "seed": 0, "pauses": ()}
    chosen = {name: options.pop(name, value) for name, value in settings.items()}
    options.setdefault("listener", Silent())
    steps = Steps(built, metrics, jit_compile=jit_compile)
    return Trainer(steps, data or splits(), FitOptions(**chosen), **options)
