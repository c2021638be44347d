"""A training that is stopped anywhere and goes on in a new process ends in the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.callbacks.learning_rate_scheduler import LearningRateScheduler
from dlrun.errors import RunFolderError
from dlrun.rundir.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from dlrun.training import trainer as trainer_module
from dlrun.training.state import COST, Checkpointer
from tests.marking import first
from tests.training.networks import model, splits, trainer

callbacks, layers, optimizers = keras.callbacks, keras.layers, keras.optimizers
EPOCHS = 8
NEVER = 10**9


class KilledError(Exception):
    """The process is gone."""


def drops():
    return [
        layers.Dense(8, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.3, seed=5),
    ]


def augmented():
    """Rows of four numbers as images of 2 x 2 pixels."""
    return [
        layers.Reshape((2, 2, 1)),
        layers.RandomFlip(),
        layers.RandomRotation(0.5),
        layers.RandomBrightness(0.3, value_range=(-9, 9)),
        layers.Flatten(),
    ]


def sixteen_bits():
    return [layers.Dense(8, activation="relu", dtype="mixed_float16")]


def scaled():
    return optimizers.LossScaleOptimizer(optimizers.Adam(0.05), dynamic_growth_steps=5)


def scaled_nadam():
    return optimizers.LossScaleOptimizer(optimizers.Nadam(0.05))


def decaying():
    return optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 30))


def averaged():
    return optimizers.SGD(0.3, momentum=0.9, use_ema=True, ema_overwrite_frequency=7)


def collected():
    return optimizers.SGD(0.3, momentum=0.9, gradient_accumulation_steps=3)


def stopping():
    return callbacks.EarlyStopping("loss", min_delta=0.05, patience=2, restore_best_weights=True)


NETWORKS = {
    "dropout, batch normalization": (drops, lambda: optimizers.Adam(0.05)),
    "augmentation": (augmented, lambda: optimizers.Adam(0.05)),
    "a schedule": (drops, decaying),
    "averaged weights": (drops, averaged),
    "collected gradients": (drops, collected),
    "16 bits, scaled loss": (sixteen_bits, scaled),
    "16 bits, Nadam": (sixteen_bits, scaled_nadam),
}
CALLBACKS = {
    "early stopping, best weights": lambda _: [stopping()],
    "plateau, log": lambda folder: [
        callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.1, cooldown=1),
        callbacks.CSVLogger(str(folder / "log.csv")),
    ],
    "rates by epoch, best so far": lambda folder: [
        LearningRateScheduler(optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)),
        callbacks.ModelCheckpoint(
            str(folder / "best.weights.h5"), "loss", save_best_only=True, save_weights_only=True
        ),
    ],
    "averages for validation": lambda _: [callbacks.SwapEMAWeights(swap_on_epoch=True)],
    "every batch": lambda folder: [
        callbacks.ModelCheckpoint(
            str(folder / "{epoch}.weights.h5"), save_freq=9, save_weights_only=True
        )
    ],
}


def train(folder, network, make, *, commits=NEVER, go_on=False):
    """Train in stretches of three batches, a commit after each; die at the last of `commits`."""
    left = commits

    def keep(state):
        nonlocal left
        save_checkpoint(folder, state)
        left -= 1
        if not left:
            raise KilledError

    stack, optimizer = network
    given = [] if make is None else make(folder)
    built = model(optimizer(), layers=stack)
    fitted = trainer(
        built,
        splits(validation=0 if make is None else 20),
        epochs=EPOCHS,
        callbacks=given,
        keeper=Checkpointer(keep, seconds=0),
    )
    saved, damaged = load_checkpoint(folder) if go_on else (None, [])
    assert damaged == []
    try:
        fitted.begin(saved)
        fitted.fit()
    finally:
        for callback in given:
            if getattr(callback, "csv_file", None) is not None:
                callback.csv_file.close()
    return built, fitted


def files(folder):
    """What callbacks wrote as text; weights are compared as tensors."""
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def assert_goes_on(tmp_path, monkeypatch, network, make, every):
    """Train at once, and again with a kill after each `every` commits; compare to the bit."""
    monkeypatch.setattr(trainer_module, "_FIRST_BUDGET", 3)
    monkeypatch.setattr(trainer_module, "_GROWTH", 1)
    monkeypatch.setattr(trainer_module, "STRETCH_SECONDS", 1e9)
    # A process that has made others before names its optimizer otherwise.
    optimizers.Adam(), optimizers.SGD()
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    built, at_once = train(whole, network, make)
    kills = 0
    while True:
        try:
            again, in_parts = train(cut, network, make, commits=every, go_on=kills > 0)
            break
        except KilledError:
            kills += 1
    assert kills >= 1
    assert in_parts.history.to_csv() == at_once.history.to_csv()
    assert all(map(np.array_equal, again.get_weights(), built.get_weights()))
    ours, theirs = (load_checkpoint(folder)[0] for folder in (cut, whole))
    assert ours.facts == theirs.facts
    assert all(np.array_equal(ours.tensors[name], theirs.tensors[name]) for name in theirs.tensors)
    assert files(cut) == files(whole)


# A new process traces its graphs. An epoch has three stretches: each kill is elsewhere in it.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "every"),
    first(1, [*((name, 13) for name in NETWORKS), *((name, 4) for name in [*NETWORKS][:3])]),
)
def test_networks_go_on(network, every, tmp_path, monkeypatch):
    """Variables of layers, optimizers, metrics and seeds; in mid-epoch too."""
    assert_goes_on(tmp_path, monkeypatch, NETWORKS[network], None, every)


@pytest.mark.parametrize("name", first(0, CALLBACKS))
def test_callbacks_go_on(name, tmp_path, monkeypatch):
    """They count on where they stood: the same stop, the same rates, the same files."""
    network = (drops, averaged if "averages" in name else lambda: optimizers.SGD(0.3))
    every = 7 if "stopping" in name else 13
    assert_goes_on(tmp_path, monkeypatch, network, CALLBACKS[name], every)


def test_the_checkpoint_of_another_model_is_refused(tmp_path):
    """By the name, the dtype and the shapes of what does not fit."""
    network = (drops, lambda: optimizers.Adam(0.05))
    with pytest.raises(KilledError):
        train(tmp_path, network, None, commits=1)
    wider = (lambda: [layers.Dense(9, activation="relu")], network[1])
    told = r"^the checkpoint does not fit the model: '.*' is float32 \(4, 8\), expected float32 "
    with pytest.raises(RunFolderError, match=told + r"\(4, 9\)\.$"):
        train(tmp_path, wider, None, go_on=True)


def test_a_commit_that_takes_long_is_not_repeated_soon(monkeypatch):
    """Commits take at most 2 % of the time, whatever one of them costs."""
    clock = [0.0]
    monkeypatch.setattr("dlrun.training.state.time.monotonic", lambda: clock[0])

    def slow(_):
        clock[0] += 3.0

    keeper = Checkpointer(slow, seconds=30)
    clock[0] = 29.0
    assert not keeper.due()
    clock[0] = 30.0
    assert keeper.due()
    keeper.commit(lambda: Checkpoint({}, {}))
    ended = clock[0]
    clock[0] = ended + 3.0 / COST - 1
    assert not keeper.due()
    clock[0] = ended + 3.0 / COST
    assert keeper.due()
