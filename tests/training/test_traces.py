"""The graph of the epochs is traced once, whatever the training looks like."""

from __future__ import annotations

import pytest

from dlrun.backend import keras
from dlrun.training import trainer as trainer_module
from tests.training.networks import model, splits, trainer


class Counting(keras.layers.Layer):
    """Passes its input on and counts how often Python runs it: once a trace for each use."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def call(self, x):
        """Return `x`."""
        self.count += 1
        return x


def traces(epochs, *, callbacks=(), optimizer="sgd", data=None):
    """Train; return how often epochs were traced, and how often the layer was run by it."""
    layer = Counting()
    built = model(optimizer=optimizer, layers=lambda: [layer])
    layer.count = 0
    fitted = trainer(built, data, epochs=epochs, callbacks=list(callbacks))
    fitted.fit()
    compiled = (fitted._compiled._whole, fitted._compiled._any)
    return sum(one.experimental_get_tracing_count() for one in compiled), layer.count


@pytest.mark.parametrize("epochs", [1, 2, 300])
def test_one_trace_whatever_the_number_of_epochs(epochs):
    """Epoch numbers are tensors; the network is traced once to train, once to validate."""
    assert traces(epochs) == (1, 2)


def test_one_trace_without_validation():
    """The network is traced once."""
    assert traces(40, data=splits(validation=0)) == (1, 1)


@pytest.mark.parametrize("budget", [1, 3, 11, 1000])
def test_one_trace_whatever_the_length_of_a_stretch(budget, monkeypatch):
    """Stretches begin and end in mid-epoch without a graph of their own."""
    monkeypatch.setattr(trainer_module, "_FIRST_BUDGET", budget)
    monkeypatch.setattr(trainer_module, "_GROWTH", 2)
    assert traces(9, data=splits(count=80)) == (1, 2)


def test_a_short_epoch_that_is_cut_after_all_takes_a_second_graph(monkeypatch):
    """Two steps, then four, then epochs of seven: whole ones have a smaller graph."""
    monkeypatch.setattr(trainer_module, "_FIRST_BUDGET", 2)
    monkeypatch.setattr(trainer_module, "_GROWTH", 2)
    assert traces(9) == (2, 4)


CALLBACKS = {
    "early stopping": lambda: keras.callbacks.EarlyStopping("val_loss", patience=2),
    "best weights": lambda: keras.callbacks.EarlyStopping(
        "val_loss", patience=3, restore_best_weights=True
    ),
    "plateau": lambda: keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.1),
    "scheduler": lambda: keras.callbacks.LearningRateScheduler(lambda epoch, _: 0.5 / (epoch + 1)),
    "one that watches epochs": keras.callbacks.Callback,
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_one_trace_whatever_the_callbacks(name):
    """New learning rates and replays use the same graph."""
    assert traces(30, callbacks=[CALLBACKS[name]()], optimizer=keras.optimizers.SGD(0.5)) == (1, 2)


def test_one_trace_under_a_callback_that_watches_batches():
    """One step at a time is the same graph too."""
    watcher = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: None)
    assert traces(3, callbacks=[watcher]) == (1, 2)


def test_averaged_weights_under_validation_are_traced_once():
    """What is measured outside the epochs has one graph of its own."""
    optimizer = keras.optimizers.SGD(0.1, use_ema=True)
    callbacks = [keras.callbacks.SwapEMAWeights()]
    assert traces(6, callbacks=callbacks, optimizer=optimizer) == (1, 2)


def test_one_trace_with_a_smaller_last_batch_and_weights_of_rows():
    """Batches of two sizes share a graph."""
    assert traces(20, data=splits(count=21, validation=9)) == (1, 2)
