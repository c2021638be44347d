"""How a training ended is told: by which callback, why, and whose weights the model has now."""

from __future__ import annotations

import csv

import pytest

from dlrun.backend import keras
from dlrun.training.callbacks import CallbackChain

CONFIG = """\
dataset: {type: moons, samples: 80, noise: 0.3, validation_split: 0.25}
model: {layers: [{type: Dense, units: 16, activation: tanh}, {type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: {type: SGD, learning_rate: 20.0}
training: {epochs: 40, callbacks: [CALLBACK]}
"""  # noqa: E501


def train(dlrun, tmp_path, callback, *words):
    """Train; gives the result, the log and the validation losses."""
    (tmp_path / "c.yaml").write_text(CONFIG.replace("CALLBACK", callback))
    result = dlrun("train", "c.yaml", *words)
    with (result.run / "history.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    return result, (result.run / "log.txt").read_text(), losses


@pytest.mark.parametrize("restores", [True, False])
def test_early_stopping_is_told(restores, dlrun, tmp_path):
    """After which epoch, why, the best epoch, and whose weights are left; in the log, too."""
    callback = (
        f"{{type: EarlyStopping, patience: 3, restore_best_weights: {str(restores).lower()}}}"
    )
    result, log, losses = train(dlrun, tmp_path, callback)
    best = losses.index(min(losses)) + 1
    assert len(losses) == best + 3 < 40
    weights = (
        "its weights are restored" if restores else f"the weights are those of epoch {best + 3}"
    )
    line = (
        f"early stopping after epoch {best + 3} of 40: val_loss has not improved for 3 epochs; "
        f"the best was epoch {best} ({min(losses):.4g}), and {weights}\n"
    )
    assert line in result.err
    assert line in log
    assert " left" not in result.err
    assert line not in train(dlrun, tmp_path, callback, "--quiet")[0].err


@pytest.mark.slow
def test_weights_that_are_restored_at_the_last_epoch_are_told(dlrun, tmp_path):
    """Keras restores them though nothing was stopped."""
    callback = "{type: EarlyStopping, patience: 50, restore_best_weights: true}"
    result, _, losses = train(dlrun, tmp_path, callback)
    best = losses.index(min(losses)) + 1
    assert best < len(losses) == 40
    assert (
        f"EarlyStopping has restored the weights of epoch {best} ({min(losses):.4g}), "
        "the best by val_loss\n"
    ) in result.err
    assert "EarlyStopping has" not in train(dlrun, tmp_path, "TerminateOnNaN")[0].err


class Enough(keras.callbacks.Callback):
    """Ends the training."""

    def on_epoch_end(self, epoch, logs=None):
        """After the second epoch."""
        del logs
        self.model.stop_training = epoch == 1


def test_any_callback_that_stops_is_named():
    """Also one of one's own."""
    chain = CallbackChain([Enough()], keras.Sequential(), [], epochs=5, steps=1)
    chain.call("on_epoch_end", 0, {})
    assert chain.endings(completed=1, asked=5) == []
    chain.call("on_epoch_end", 1, {})
    assert chain.endings(completed=2, asked=5) == [
        "Enough has ended the training after epoch 2 of 5"
    ]


def test_the_last_restored_weights_are_those_that_stay():
    """Two of them, and a baseline that was never reached."""
    pair = [
        keras.callbacks.EarlyStopping("loss", restore_best_weights=True, baseline=0.1, patience=2),
        keras.callbacks.EarlyStopping("loss", restore_best_weights=True, patience=9, min_delta=0.4),
    ]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    chain = CallbackChain(pair, model, [], epochs=9, steps=1)
    chain.begin()
    for epoch, loss in enumerate((1.0, 0.9, 0.95)):
        chain.call("on_epoch_end", epoch, {"loss": loss})
    assert chain.endings(completed=3, asked=9) == [
        (
            "early stopping after epoch 3 of 9: loss has not improved beyond the baseline 0.1 for "
            "3 epochs; the best was epoch 2 (0.9), and the weights are those of epoch 3"
        ),
        "EarlyStopping has restored the weights of epoch 1 (1), the best by loss (min_delta 0.4)",
    ]
