"""Callbacks act as under `fit`: the same stopping epoch, learning rates, weights and files."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from dlrun import catalog
from dlrun.backend import keras
from dlrun.errors import DivergedError
from tests.marking import first
from tests.training.parity import (
    CLOSE,
    Case,
    difference,
    relative_error,
    train_by_dlrun,
    train_by_fit,
)

callbacks = keras.callbacks

HIDDEN = {"type": "Dense", "units": 6, "activation": "relu"}
SOFTMAX = {"type": "Dense", "units": 3, "activation": "softmax"}
ACCURACY = {"type": "CategoricalAccuracy", "name": "accuracy"}
EPOCHS = 20
"""Enough for every callback below to act in the middle of the training."""


def case(optimizer=None, **changes):
    """A network that learns fast, then overfits its few rows."""
    optimizer = optimizer or {"type": "SGD", "learning_rate": 0.8, "momentum": 0.9}
    return Case((HIDDEN, SOFTMAX), optimizer=optimizer, metrics=(ACCURACY,), **changes)


AVERAGED = {"type": "SGD", "learning_rate": 0.3, "use_ema": True, "ema_momentum": 0.9}


def train_both(make, one=None, epochs=EPOCHS):
    """Train both ways with fresh callbacks; hold the results to each other; return both."""
    one = one or case()
    ours = train_by_dlrun(one, epochs=epochs, callbacks=make)
    theirs = train_by_fit(one, epochs=epochs, callbacks=make)
    assert len(ours.history["loss"]) == len(theirs.history["loss"]), "another stopping epoch"
    found = difference(ours, theirs)
    assert found.weights <= CLOSE, found
    assert found.history <= CLOSE, found
    return ours, theirs


STOPS = {
    "patience": lambda: callbacks.EarlyStopping("val_loss", patience=2),
    "no patience": lambda: callbacks.EarlyStopping("val_loss"),
    "best weights": lambda: callbacks.EarlyStopping(
        "val_loss", patience=4, restore_best_weights=True
    ),
    "start_from_epoch": lambda: callbacks.EarlyStopping(
        "val_loss", patience=1, start_from_epoch=9, restore_best_weights=True
    ),
    "min_delta": lambda: callbacks.EarlyStopping("loss", min_delta=0.1, patience=2),
    "baseline": lambda: callbacks.EarlyStopping("val_accuracy", baseline=0.95, patience=5),
    "more is better": lambda: callbacks.EarlyStopping("val_accuracy", patience=3),
    "mode given": lambda: callbacks.EarlyStopping("accuracy", mode="min", patience=2),
}


SLOW = {
    "no patience",
    "mode given",
    "more is better",
    "plateau, more is better",
    "plateau, cooldown, least rate",
}
"""Left out unless asked for with `-m slow`; each costs an epoch of `fit` many times over."""


def mostly(names):
    """The names, the slow ones marked."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in names]


@pytest.mark.parametrize("name", mostly(STOPS))
def test_early_stopping_stops_where_fit_stops(name):
    """In the same epoch, long before the last one, with the same weights."""
    ours, _ = train_both(lambda: [STOPS[name]()])
    assert len(ours.history["loss"]) < EPOCHS


@pytest.mark.slow
def test_early_stopping_that_never_stops_restores_the_best_weights():
    """At the end of the last epoch, as under `fit`."""
    ours, _ = train_both(
        lambda: [callbacks.EarlyStopping("val_loss", patience=99, restore_best_weights=True)],
        epochs=25,
    )
    assert len(ours.history["loss"]) == 25
    free = train_by_dlrun(case(), epochs=25)
    assert difference(ours, free).weights > CLOSE


@pytest.mark.slow
def test_restored_weights_win_over_averaged_ones():
    """The average is put in place at the end, and the callback's best weights after it."""
    train_both(
        lambda: [callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)],
        case(AVERAGED),
    )


RATES = {
    "plateau": lambda: callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1),
    "plateau, cooldown, least rate": lambda: callbacks.ReduceLROnPlateau(
        "loss", factor=0.3, patience=1, cooldown=2, min_delta=0.05, min_lr=0.01
    ),
    "plateau, more is better": lambda: callbacks.ReduceLROnPlateau("val_accuracy", patience=1),
    "a function of the epoch": lambda: callbacks.LearningRateScheduler(
        lambda epoch, rate: 0.8 if epoch < 5 else rate * 0.8
    ),
}


@pytest.mark.parametrize("name", mostly(RATES))
def test_learning_rates_are_those_of_fit(name):
    """In every epoch; and they change more than once."""
    ours, theirs = train_both(lambda: [RATES[name]()])
    rates = ours.history["learning_rate"]
    assert np.array_equal(rates, theirs.history["learning_rate"])
    assert len(set(rates)) > 2


@pytest.mark.parametrize("rate", first(1, ["plateau", "a function of the epoch"]))
@pytest.mark.parametrize("stop", ["patience", "best weights"])
@pytest.mark.parametrize("begins", ["rate", pytest.param("stop", marks=pytest.mark.slow)])
def test_two_that_change_the_course_act_together(rate, stop, begins):
    """In either order: rates, stopping epoch and restored weights are those of `fit`."""
    makers = [RATES[rate], STOPS[stop]]
    if begins == "stop":
        makers.reverse()
    train_both(lambda: [make() for make in makers])


@pytest.mark.slow
def test_averaged_weights_are_swapped_in_for_validation():
    """`val_loss` is that of the averaged weights, which the model ends with."""
    ours, _ = train_both(lambda: [callbacks.SwapEMAWeights()], case(AVERAGED), epochs=6)
    plain = train_by_dlrun(case(AVERAGED), epochs=6)
    assert relative_error(ours.history["loss"], plain.history["loss"]) <= CLOSE
    assert not np.array_equal(ours.history["val_loss"], plain.history["val_loss"])


@pytest.mark.slow
def test_averaged_weights_swapped_at_the_end_of_an_epoch():
    """So that what saves the model after it saves the averaged weights."""
    train_both(lambda: [callbacks.SwapEMAWeights(swap_on_epoch=True)], case(AVERAGED), epochs=6)


@pytest.mark.slow
def test_averaged_weights_and_early_stopping():
    """The stop is decided by the averaged weights' loss."""
    train_both(
        lambda: [
            callbacks.SwapEMAWeights(),
            callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True),
        ],
        case({**AVERAGED, "learning_rate": 0.8}),
    )


def saved_models(tmp_path, make, one=None):
    """Train both ways with callbacks that write to a folder of their own; return both folders."""
    one = one or case()
    folders = tmp_path / "ours", tmp_path / "theirs"
    for folder, train in zip(folders, (train_by_dlrun, train_by_fit), strict=True):
        folder.mkdir()
        train(one, epochs=8, callbacks=lambda folder=folder: make(folder))
    return folders


def weights_in(path):
    """The weights in a whole model's file, optimizer and all."""
    model = keras.models.load_model(path)
    optimizer = [np.asarray(variable.numpy()) for variable in model.optimizer.variables]
    return [*model.get_weights(), *optimizer]


CHECKPOINTS = {
    "every epoch": {"filepath": "{epoch:02d}.keras"},
    "the best by loss": {"filepath": "best.keras", "monitor": "val_loss", "save_best_only": True},
    "the best by accuracy": {
        "filepath": "{epoch:02d}-{val_accuracy:.2f}.keras",
        "monitor": "val_accuracy",
        "save_best_only": True,
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", first(1, CHECKPOINTS))
def test_a_checkpoint_holds_what_that_of_fit_holds(name, tmp_path):
    """The same files, with the same weights and the same state of the optimizer."""
    arguments = dict(CHECKPOINTS[name])
    file = arguments.pop("filepath")
    ours, theirs = saved_models(
        tmp_path, lambda folder: [callbacks.ModelCheckpoint(str(folder / file), **arguments)]
    )
    names = sorted(path.name for path in ours.iterdir())
    assert names == sorted(path.name for path in theirs.iterdir())
    for file_name in names[-2:]:
        pairs = zip(weights_in(ours / file_name), weights_in(theirs / file_name), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.slow
def test_a_checkpoint_after_the_swap_holds_the_averaged_weights(tmp_path):
    """Keras's own advice: swap at the end of the epoch, then save."""
    ours, theirs = saved_models(
        tmp_path,
        lambda folder: [
            callbacks.SwapEMAWeights(swap_on_epoch=True),
            callbacks.ModelCheckpoint(
                str(folder / "{epoch:02d}.weights.h5"), save_weights_only=True
            ),
        ],
        case(AVERAGED),
    )
    model = train_by_fit(case(AVERAGED), epochs=1).model
    held = []
    for folder in (ours, theirs):
        model.load_weights(folder / "07.weights.h5")
        held.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*held, strict=True))


@pytest.mark.parametrize("with_rate", [False, True])
def test_the_csv_log_has_the_rows_of_fit(with_rate, tmp_path):
    """The same header, the same epochs, the same numbers."""
    ours, theirs = saved_models(
        tmp_path,
        lambda folder: [
            *([RATES["plateau"]()] if with_rate else []),
            STOPS["patience"](),
            callbacks.CSVLogger(str(folder / "log.csv"), separator=";"),
        ],
    )
    tables = [
        list(csv.reader((folder / "log.csv").read_text().splitlines(), delimiter=";"))
        for folder in (ours, theirs)
    ]
    assert tables[0][0] == tables[1][0]
    assert (ours / "log.csv").read_bytes().count(b"\r\n") == len(tables[0])
    numbers = [np.array(table[1:], dtype="float64") for table in tables]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=CLOSE)


def test_training_that_diverges_ends_in_the_epoch_where_terminate_on_nan_ends_fit():
    """The loop always ends there, and keeps the weights of the last good epoch besides."""
    linear = {"type": "Dense", "units": 3}
    one = Case((linear, linear), "MeanSquaredError", {"type": "SGD", "learning_rate": 3.0})
    theirs = train_by_fit(one, epochs=EPOCHS, callbacks=lambda: [callbacks.TerminateOnNaN()])
    epoch = len(theirs.history["loss"])
    assert 1 < epoch < EPOCHS
    with pytest.raises(DivergedError, match=f"became NaN or infinite in epoch {epoch}\\."):
        train_by_dlrun(one, epochs=EPOCHS, callbacks=lambda: [callbacks.TerminateOnNaN()])


def test_callbacks_without_a_test_here_have_a_reason():
    """What a new Keras brings cannot be missed."""
    tested = {
        "EarlyStopping",
        "ReduceLROnPlateau",
        "LearningRateScheduler",
        "ModelCheckpoint",
        "SwapEMAWeights",
        "CSVLogger",
        "TerminateOnNaN",
    }
    reasons = {
        "OrbaxCheckpoint": "it needs the package orbax-checkpoint",
        "RemoteMonitor": "it sends the logs to a server",
        "TensorBoard": "it needs the package tensorboard, which TensorFlow no longer installs",
    }
    assert tested | set(reasons) == set(catalog.words("callbacks"))
