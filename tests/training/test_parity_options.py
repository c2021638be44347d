"""What a config can say about the training changes it as it does under `fit`."""

from __future__ import annotations

import pytest

from dlrun import catalog
from dlrun.backend import keras
from tests.marking import first
from tests.training.parity import Case, check, difference, train_by_dlrun, train_by_fit

SOFTMAX = {"type": "Dense", "units": 3, "activation": "softmax"}
HIDDEN = {"type": "Dense", "units": 6, "activation": "relu"}
ADAM = {"type": "Adam", "learning_rate": 0.05}
SGD = {"type": "SGD", "learning_rate": 0.3, "momentum": 0.9}


def case(*, hidden=HIDDEN, **changes):
    """One hidden layer and a softmax over three classes."""
    return Case((hidden, SOFTMAX), **changes)


def regularized(word, **arguments):
    """A hidden layer whose kernel is regularized."""
    return {**HIDDEN, "kernel_regularizer": {"type": word, **arguments}}


WEIGHTS = {
    "sample weights": case(weighted=True, metrics=("CategoricalAccuracy",)),
    "sample weights, no validation": case(weighted=True, validation=False, optimizer=ADAM),
    "class weights": case(class_weight={0: 0.5, 1: 1.0, 2: 3.0}, metrics=("CategoricalAccuracy",)),
    "class weights of numbered classes": case(
        loss="SparseCategoricalCrossentropy",
        target="index",
        class_weight={0: 2.0, 1: 1.0, 2: 0.25},
        validation=False,
    ),
    "class weights of two classes": Case(
        (HIDDEN, {"type": "Dense", "units": 1, "activation": "sigmoid"}),
        "BinaryCrossentropy",
        target="binary",
        class_weight={0: 3.0, 1: 0.5},
        validation=False,
    ),
}
REGULARIZERS = {
    "activity of a layer, and its bias": case(
        hidden={
            **HIDDEN,
            "activity_regularizer": {"type": "L2", "l2": 0.01},
            "bias_regularizer": {"type": "L1", "l1": 0.01},
        }
    ),
    "activity as a layer, with sample weights": Case(
        (HIDDEN, {"type": "ActivityRegularization", "l1": 0.01, "l2": 0.02}, SOFTMAX),
        weighted=True,
    ),
}
"""Those of a kernel are in `SCHEDULES`."""
OPTIMIZER_OPTIONS = {
    "clipnorm": case(optimizer={**SGD, "clipnorm": 0.05}, validation=False),
    "clipvalue": case(optimizer={**ADAM, "clipvalue": 0.01}, validation=False),
    "global_clipnorm": case(optimizer={**SGD, "global_clipnorm": 0.05}),
    "gradient accumulation": case(optimizer={**SGD, "gradient_accumulation_steps": 2}),
    "gradient accumulation, Adam": case(
        optimizer={**ADAM, "gradient_accumulation_steps": 4}, validation=False
    ),
    "use_ema": case(optimizer={**SGD, "use_ema": True, "ema_momentum": 0.8}),
    "use_ema, overwriting": case(
        optimizer={**ADAM, "use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}
    ),
    "use_ema, one layer frozen": case(
        hidden={**HIDDEN, "trainable": False},
        optimizer={**SGD, "use_ema": True, "ema_momentum": 0.8},
        validation=False,
    ),
    "weight decay": case(optimizer={**ADAM, "weight_decay": 0.1}, validation=False),
    "loss scale": case(optimizer={**SGD, "loss_scale_factor": 128.0}, validation=False),
    "gradient accumulation, clipping and EMA at once": case(
        optimizer={
            **ADAM,
            "gradient_accumulation_steps": 2,
            "global_clipnorm": 0.1,
            "use_ema": True,
            "ema_momentum": 0.7,
        }
    ),
}


def scheduled(word, hidden, optimizer=SGD, **arguments):
    """Training under a learning rate that follows a schedule over steps."""
    schedule = {"type": word, **arguments}
    return case(hidden=hidden, optimizer={**optimizer, "learning_rate": schedule}, validation=False)


SCHEDULES = {
    "CosineDecay": scheduled(
        "CosineDecay",
        regularized("L1", l1=0.01),
        initial_learning_rate=0.01,
        decay_steps=5,
        warmup_target=0.3,
        warmup_steps=3,
    ),
    "CosineDecayRestarts": scheduled(
        "CosineDecayRestarts",
        regularized("L2", l2=0.02),
        ADAM,
        initial_learning_rate=0.1,
        first_decay_steps=3,
    ),
    "ExponentialDecay": scheduled(
        "ExponentialDecay",
        regularized("L1L2", l1=0.01, l2=0.02),
        ADAM,
        initial_learning_rate=0.1,
        decay_steps=2,
        decay_rate=0.5,
        staircase=True,
    ),
    "InverseTimeDecay": scheduled(
        "InverseTimeDecay",
        regularized("OrthogonalRegularizer", factor=0.01),
        initial_learning_rate=0.3,
        decay_steps=2,
        decay_rate=0.5,
    ),
    "PiecewiseConstantDecay": scheduled(
        "PiecewiseConstantDecay",
        {
            **HIDDEN,
            "kernel_constraint": {"type": "MaxNorm", "max_value": 0.5},
            "bias_constraint": {"type": "NonNeg"},
        },
        boundaries=[3, 6],
        values=[0.3, 0.1, 0.01],
    ),
    "PolynomialDecay": scheduled(
        "PolynomialDecay",
        {**HIDDEN, "kernel_constraint": {"type": "UnitNorm"}},
        initial_learning_rate=0.3,
        decay_steps=6,
        power=2.0,
    ),
}
"""One row for each schedule of the catalog, each over a kernel that is regularized or held."""

TABLE = WEIGHTS | REGULARIZERS | OPTIMIZER_OPTIONS | SCHEDULES


@pytest.mark.parametrize("name", first(4, TABLE))
def test_options_of_training_act_as_under_fit(name):
    """The weights and the history after three epochs are those of `fit`."""
    check(TABLE[name])


def test_the_table_has_every_schedule_of_the_catalog():
    """What a new Keras brings cannot be missed."""
    assert set(SCHEDULES) == set(catalog.words("schedules"))


def test_loss_scaling_on_its_own_trains_as_under_fit():
    """Where a step overflows, it is left out, and the scale falls, on both sides."""

    def overflowing():
        inner = keras.optimizers.SGD(0.1)
        return keras.optimizers.LossScaleOptimizer(inner, initial_scale=3e38)

    check(case(optimizer=overflowing, validation=False))


def test_a_small_change_of_an_option_is_seen():
    """The comparison has the power to find a wrong learning rate: 1 % of it is an error of 1e-4."""
    ours = train_by_dlrun(case(optimizer={**SGD, "learning_rate": 0.303}, validation=False))
    found = difference(ours, train_by_fit(case(optimizer=SGD, validation=False)))
    assert found.weights > 1e-4
    assert found.history > 1e-4
