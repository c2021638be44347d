"""Every loss and every optimizer of the installed Keras trains as under `fit`.

The tables are held to the catalog: a loss or an optimizer that a new Keras brings fails here until
it has a row.
"""

from __future__ import annotations

import pytest

from dlrun import catalog
from dlrun.backend import keras
from tests.marking import first
from tests.training.parity import CLOSE, NEAR, Case, check, component, relative_error

HIDDEN = {"type": "Dense", "units": 5, "activation": "tanh"}


def head(units, activation=None, **arguments):
    """A hidden layer and an output layer."""
    return (HIDDEN, {"type": "Dense", "units": units, "activation": activation, **arguments})


def classes(loss, **changes):
    """Three classes, one-hot encoded, under a softmax."""
    return Case(head(3, "softmax"), loss, **changes)


def numbers(loss, target="value", **changes):
    """Two numbers, predicted by a layer without activation."""
    return Case(head(2), loss, target=target, **({"validation": False} | changes))


def fast(word, learning_rate=0.05, **arguments):
    """An optimizer that gets somewhere in nine steps."""
    return {"type": word, "learning_rate": learning_rate, **arguments}


LOSSES = {
    "BinaryCrossentropy": Case(head(1, "sigmoid"), "BinaryCrossentropy", target="binary"),
    "BinaryFocalCrossentropy": Case(head(1, "sigmoid"), "BinaryFocalCrossentropy", target="binary"),
    "CategoricalCrossentropy": classes("CategoricalCrossentropy", optimizer=fast("SGD", 0.5)),
    "CategoricalFocalCrossentropy": classes(
        "CategoricalFocalCrossentropy", optimizer=fast("Adamax")
    ),
    "CategoricalGeneralizedCrossEntropy": classes(
        "CategoricalGeneralizedCrossEntropy", target="index"
    ),
    "CategoricalHinge": classes("CategoricalHinge", optimizer=fast("RMSprop")),
    "Circle": Case(
        (HIDDEN, {"type": "Dense", "units": 4}, "UnitNormalization"), "Circle", target="index"
    ),
    "CosineSimilarity": numbers("CosineSimilarity"),
    "Dice": classes("Dice", optimizer=fast("Adagrad")),
    "Hinge": Case(head(1, "tanh"), "Hinge", target="sign"),
    "Huber": numbers({"type": "Huber", "delta": 0.5}),
    "KLDivergence": classes("KLDivergence", optimizer=fast("AdamW", weight_decay=0.1)),
    "LogCosh": numbers("LogCosh", optimizer=fast("Nadam")),
    "MeanAbsoluteError": numbers("MeanAbsoluteError"),
    "MeanAbsolutePercentageError": numbers(
        "MeanAbsolutePercentageError",
        target="positive",
        optimizer={"type": "SGD", "learning_rate": 0.001},
    ),
    "MeanSquaredError": numbers("MeanSquaredError", validation=True, optimizer=fast("Adam")),
    "MeanSquaredLogarithmicError": numbers("MeanSquaredLogarithmicError", target="positive"),
    "Poisson": Case(head(2, "softplus"), "Poisson", target="positive"),
    "SparseCategoricalCrossentropy": classes("SparseCategoricalCrossentropy", target="index"),
    "SquaredHinge": Case(head(1, "tanh"), "SquaredHinge", target="sign"),
    "Tversky": classes("Tversky", optimizer=fast("Adadelta", 1.0)),
}
"""One row for each loss of the catalog."""

LOSS_OPTIONS = {
    "binary, logits, smoothed": Case(
        head(1),
        {"type": "BinaryCrossentropy", "from_logits": True, "label_smoothing": 0.1},
        target="binary",
        validation=False,
        optimizer=fast("Adam", amsgrad=True),
    ),
    "binary, summed": Case(
        head(1, "sigmoid"), {"type": "BinaryCrossentropy", "reduction": "sum"}, target="binary"
    ),
    "binary, class balancing": Case(
        head(1, "sigmoid"),
        {"type": "BinaryFocalCrossentropy", "apply_class_balancing": True, "gamma": 1.5},
        target="binary",
        validation=False,
    ),
    "categorical, logits, smoothed": Case(
        head(3),
        {"type": "CategoricalCrossentropy", "from_logits": True, "label_smoothing": 0.2},
        fast("SGD", momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    "sparse, logits": Case(
        head(3),
        {"type": "SparseCategoricalCrossentropy", "from_logits": True},
        fast("SGD", momentum=0.9),
        target="index",
    ),
    "squared error, mean over weights": numbers(
        {"type": "MeanSquaredError", "reduction": "mean_with_sample_weight"}, weighted=True
    ),
}


def optimized(optimizer, tolerance=CLOSE, **changes):
    """A classifier of three classes under an optimizer."""
    options = {"validation": False, "optimizer": optimizer, "tolerance": tolerance}
    return classes("CategoricalCrossentropy", **(options | changes))


OPTIMIZERS = {
    "Adafactor": optimized(fast("Adafactor")),
    "Ftrl": optimized(fast("Ftrl", 0.5)),
    "Lamb": optimized(fast("Lamb")),
    "Lion": optimized(fast("Lion")),
    "Muon": optimized(fast("Muon")),
    # Keras 3.15 builds the optimizer of a first `fit` inside a symbolic scope, where the momenta,
    # which must begin as copies of the weights, stay at zero.
    "ScheduleFreeAdamW": optimized(fast("ScheduleFreeAdamW", warmup_steps=3), built_first=True),
}
"""One row for each optimizer of the catalog that no row of `LOSSES` has."""

OPTIMIZER_OPTIONS = {
    "RMSprop, centered, momentum": optimized(
        fast("RMSprop", centered=True, momentum=0.9), validation=False
    ),
}
"""More of them are in `LOSS_OPTIONS` and in `test_parity_options`."""

WRAPPERS = {
    "LossScaleOptimizer": optimized(
        lambda: keras.optimizers.LossScaleOptimizer(
            keras.optimizers.SGD(0.1), initial_scale=1024.0, dynamic_growth_steps=4
        )
    ),
}
"""Optimizers around others: no config says them, but mixed precision makes one."""

OF_LOSSES = {component(case.optimizer)["type"] for case in LOSSES.values()}
"""The optimizers that the losses are trained by."""

ROWLESS_LOSSES = {
    "Loss": "the base class",
    "CTC": "it compares sequences of labels, and a row has one label",
}

ROWLESS_OPTIMIZERS = {
    "Optimizer": "the base class",
    "MultiOptimizer": "it needs one optimizer for each set of variables, which no config can say",
    "OptimizerMap": "it holds the optimizers of a MultiOptimizer",
}


@pytest.mark.parametrize("name", first(4, LOSSES))
def test_every_loss_trains_as_under_fit(name):
    """Weights and history after three epochs are those of `fit`."""
    check(LOSSES[name])


@pytest.mark.parametrize("name", first(3, LOSS_OPTIONS))
def test_options_of_losses_train_as_under_fit(name):
    """Logits, smoothing and reductions are handed on to the loss."""
    check(LOSS_OPTIONS[name])


@pytest.mark.parametrize("name", first(3, OPTIMIZERS))
def test_every_optimizer_trains_as_under_fit(name):
    """Weights and history after three epochs are those of `fit`."""
    check(OPTIMIZERS[name])


@pytest.mark.parametrize("name", OPTIMIZER_OPTIONS)
def test_options_of_optimizers_train_as_under_fit(name):
    """Momentum and its kin are handed on to the optimizer."""
    check(OPTIMIZER_OPTIONS[name])


@pytest.mark.parametrize("name", WRAPPERS)
def test_optimizers_around_others_train_as_under_fit(name):
    """A loss that is scaled for the gradients is logged unscaled."""
    check(WRAPPERS[name])


def test_the_tables_have_every_loss_and_optimizer_of_the_catalog():
    """What a new Keras brings cannot be missed."""
    assert set(LOSSES) == set(catalog.words("losses"))
    assert set(OPTIMIZERS) | OF_LOSSES == set(catalog.words("optimizers"))


def test_a_loss_of_keras_without_a_row_has_a_reason():
    """The catalog leaves some out; none is forgotten."""
    of_keras = {
        name
        for name, value in vars(keras.losses).items()
        if isinstance(value, type) and issubclass(value, keras.losses.Loss)
    }
    assert of_keras - set(LOSSES) == set(ROWLESS_LOSSES)


def test_an_optimizer_of_keras_without_a_row_has_a_reason():
    """The catalog leaves some out; none is forgotten."""
    of_keras = {
        name
        for name, value in vars(keras.optimizers).items()
        if isinstance(value, type) and "Optimizer" in {base.__name__ for base in value.__mro__}
    }
    assert of_keras - set(OPTIMIZERS) - OF_LOSSES - set(WRAPPERS) <= set(ROWLESS_OPTIMIZERS)


def test_the_error_is_relative_to_the_largest_entry():
    """One entry of 200 that is off by 0.002 is an error of 1e-5."""
    assert relative_error([200.0, 1.0], [200.0, 1.002]) == pytest.approx(NEAR)
    assert relative_error([float("nan"), 1.0], [1.0, 1.0]) == float("inf")
