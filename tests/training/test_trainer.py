"""The loop: equal to Keras, the same bits however it is cut, and honest about its end."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.errors import DivergedError, InterruptedRunError
from dlrun.signals import StopRequest
from dlrun.training import trainer as trainer_module
from tests.marking import first
from tests.training.networks import Silent, model, rows, splits, trainer
from tests.training.parity_rows import batched


def dropout_and_norm():
    return [
        keras.layers.Dense(8, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3, seed=5),
    ]


def run_in_stretches(budget, monkeypatch, **options):
    """Train with every stretch cut to at most `budget` steps."""
    if budget:
        monkeypatch.setattr(trainer_module, "_FIRST_BUDGET", budget)
        monkeypatch.setattr(trainer_module, "_GROWTH", 1)
        monkeypatch.setattr(trainer_module, "STRETCH_SECONDS", 1e9)
    built = model(layers=dropout_and_norm)
    fitted = trainer(built, epochs=6, **options)
    fitted.fit()
    return built.get_weights(), fitted.history.to_csv()


@pytest.mark.parametrize("shuffle", first(0, [True, False]))
def test_cutting_the_training_into_stretches_never_changes_a_bit(shuffle, monkeypatch):
    """One step at a time or many epochs at once: the same weights, the same history."""
    whole, history = run_in_stretches(10_000, monkeypatch, shuffle=shuffle)
    for budget in (1, 3, 7, 20) if shuffle else (3,):
        cut, cut_history = run_in_stretches(budget, monkeypatch, shuffle=shuffle)
        assert cut_history == history
        assert all(np.array_equal(a, b) for a, b in zip(whole, cut, strict=True))


@pytest.mark.slow
def test_weights_and_history_equal_keras_fit():
    """Same initial weights, same order: the arithmetic is Keras's own."""
    ours, theirs = model(), model()
    data = splits()
    fitted = trainer(ours, data, shuffle=False)
    fitted.fit()
    theirs.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    expected = theirs.fit(
        batched(data.train, 8),
        validation_data=batched(data.validation, 8),
        epochs=4,
        shuffle=False,
        verbose=0,
    ).history
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        values = [row[name] for row in fitted.history.rows]
        np.testing.assert_allclose(values, expected[name], rtol=1e-6)


def callback_run(make, *, ours, epochs=30):
    """Train with a callback under dlrun or under `fit`; return what came."""
    built, data, callback = model(optimizer=keras.optimizers.SGD(0.5)), splits(), make()
    if ours:
        fitted = trainer(built, data, shuffle=False, callbacks=[callback], epochs=epochs)
        fitted.fit()
        names = fitted.history.rows[0]
        history = {name: [row[name] for row in fitted.history.rows] for name in names}
    else:
        built.compile(
            optimizer=built.optimizer, loss="categorical_crossentropy", metrics=["accuracy"]
        )
        history = built.fit(
            batched(data.train, 8),
            validation_data=batched(data.validation, 8),
            epochs=epochs,
            shuffle=False,
            verbose=0,
            callbacks=[callback],
        ).history
    return built.get_weights(), history, callback


class StopAtBatch(keras.callbacks.Callback):
    """Asks for the end in the middle of the third epoch; both loops finish the epoch."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def on_train_batch_end(self, batch, logs=None):
        """Note the batch and its running loss."""
        self.batches.append((batch, logs["loss"]))
        if len(self.batches) == 17:
            self.model.stop_training = True


def plateau():
    return keras.callbacks.ReduceLROnPlateau("val_accuracy", factor=0.5, patience=3)


@pytest.mark.slow
def test_a_callback_that_watches_batches_sees_those_of_fit():
    """The others, which see epochs, are those of `test_parity_callbacks`."""
    weights, history, callback = callback_run(StopAtBatch, ours=True)
    expected_weights, expected, under_fit = callback_run(StopAtBatch, ours=False)
    assert set(history) == set(expected)
    np.testing.assert_allclose(callback.batches, under_fit.batches, rtol=1e-6)
    for column, values in expected.items():
        np.testing.assert_allclose(history[column], values, rtol=2e-5, err_msg=column)
    for a, b in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.slow
def test_hearing_of_epochs_late_changes_nothing(monkeypatch):
    """Callbacks hear of many epochs at once, and yet the bits are those of single epochs."""
    results = []
    for single in (False, True):
        if single:
            monkeypatch.setattr("dlrun.training.callbacks._horizon", lambda _: 1)
        results.append(callback_run(plateau, ours=True))
    (weights, history, _), (expected_weights, expected, _) = results
    assert history == expected
    assert len(set(history["learning_rate"])) > 2
    assert all(np.array_equal(a, b) for a, b in zip(weights, expected_weights, strict=True))


def test_diverging_training_keeps_the_last_good_weights():
    """The error names the epoch; the weights are those of the epoch before, all finite."""
    built = model(optimizer=keras.optimizers.SGD(1e30), loss="mse")
    fitted = trainer(built, epochs=50)
    with pytest.raises(DivergedError, match=r"The loss became NaN or infinite in epoch \d+\."):
        fitted.fit()
    assert all(np.isfinite(weight).all() for weight in built.get_weights())
    assert all(np.isfinite(row["loss"]) for row in fitted.history.rows)


def test_a_signal_ends_the_training_between_two_stretches():
    """What was trained is kept, and the error carries the exit code of the signal."""
    stop = StopRequest()
    listener = Silent()
    listener.progressed = lambda **_: setattr(stop, "signal_number", signal.SIGTERM)
    fitted = trainer(model(), epochs=10_000, listener=listener)
    with pytest.raises(InterruptedRunError, match=r"Interrupted by SIGTERM\.") as caught:
        fitted.fit(stop)
    assert caught.value.exit_code == 143
    done = len(fitted.history.rows)
    assert 0 < done < 10_000
    assert caught.value.saved.startswith(f"epoch {done} of 10000")


def test_progress_is_told_with_logs():
    """The listener hears of every stretch; the last one is the end."""
    listener = Silent()
    trainer(model(), listener=listener).fit()
    last = listener.progress[-1]
    assert (last["epoch"], last["step"]) == (4, 0)
    assert list(last["logs"]) == ["loss", "accuracy", "val_loss", "val_accuracy"]


def test_a_batch_larger_than_the_data_is_the_whole_data():
    """As in Keras: one step an epoch."""
    data = splits(count=5, validation=0)
    fitted = trainer(model(), data, batch_size=64)
    fitted.fit()
    assert len(fitted.history.rows) == 4


def test_rows_of_the_helper_have_every_class():
    """The rows that these tests train on are a real problem."""
    assert set(rows().y.argmax(axis=1)) == {0, 1, 2}


@pytest.mark.slow
def test_the_kept_weights_do_not_depend_on_how_the_training_was_cut(monkeypatch):
    """A loss that explodes in mid-epoch: the weights are those of the epoch before."""
    kept = []
    for budget in (1, 3, 10_000):
        with monkeypatch.context() as patch:
            patch.setattr(trainer_module, "_FIRST_BUDGET", budget)
            patch.setattr(trainer_module, "_GROWTH", 1)
            rate = keras.optimizers.schedules.PiecewiseConstantDecay([16], [0.01, 1e38])
            built = model(optimizer=keras.optimizers.SGD(rate), loss="mse")
            with pytest.raises(
                DivergedError, match=r"in epoch 3\. The weights of epoch 2 are kept"
            ):
                trainer(built, epochs=5).fit()
            kept.append(built.get_weights())
    calm = model(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    trainer(calm, epochs=2).fit()
    for weights in kept:
        assert all(np.array_equal(a, b) for a, b in zip(weights, calm.get_weights(), strict=True))
