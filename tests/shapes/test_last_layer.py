"""Holding the last activation against the loss."""

from __future__ import annotations

import pytest

from dlrun.shapes.last_layer import activation_misfits, misgiving


def check(loss, activation, *, units=1, from_logits=False):
    return list(
        map(
            str,
            activation_misfits(loss, units=units, activation=activation, from_logits=from_logits),
        )
    )


@pytest.mark.parametrize(
    ("loss", "activation", "options"),
    [
        ("binary_crossentropy", "sigmoid", {}),
        ("binary_crossentropy", "linear", {"from_logits": True}),
        ("categorical_crossentropy", "softmax", {"units": 3}),
        ("categorical_crossentropy", "linear", {"units": 3, "from_logits": True}),
        ("categorical_crossentropy", None, {"units": 3}),
        ("hinge", "tanh", {}),
        ("hinge", "linear", {}),
        ("mse", "linear", {}),
        ("mse", "sigmoid", {}),
        (None, "tanh", {}),
    ],
)
def test_what_fits_passes(loss, activation, options):
    """The usual pairs, and an activation that is not known."""
    assert check(loss, activation, **options) == []


@pytest.mark.parametrize(
    ("loss", "activation", "options", "message"),
    [
        (
            "binary_crossentropy",
            "softmax",
            {},
            ("model.layers[-1].activation: The softmax of a single unit is always 1. "
            "Use 'activation: sigmoid', or one unit for each class."),
        ),
        (
            "binary_crossentropy",
            "linear",
            {},
            ("model.layers[-1].activation: binary_crossentropy takes probabilities, but the last "
            "layer has no activation. Use 'activation: sigmoid', or give the loss "
            "'from_logits: true'."),
        ),
        (
            "BCE",
            "tanh",
            {},
            ("model.layers[-1].activation: BCE takes probabilities, but the last layer ends with "
            "tanh. Use 'activation: sigmoid', or give the loss 'from_logits: true'."),
        ),
        (
            "SparseCategoricalCrossentropy",
            "relu",
            {"units": 3},
            ("model.layers[-1].activation: SparseCategoricalCrossentropy takes probabilities, but "
            "the last layer ends with relu. Use 'activation: softmax', or give the loss "
            "'from_logits: true'."),
        ),
        (
            "categorical_crossentropy",
            "sigmoid",
            {"units": 3},
            ("model.layers[-1].activation: categorical_crossentropy takes probabilities that sum "
            "to 1, but each sigmoid stands alone. Use 'activation: softmax'."),
        ),
        (
            "binary_crossentropy",
            "sigmoid",
            {"from_logits": True},
            ("loss.from_logits: The loss takes logits, but the last layer has already applied "
            "sigmoid. Leave 'from_logits' out, or use 'activation: linear'."),
        ),
        (
            "hinge",
            "sigmoid",
            {},
            ("model.layers[-1].activation: hinge tells classes apart by sign, but sigmoid is never "
            "negative. Use 'activation: tanh' or 'linear'."),
        ),
    ],
)  # fmt: skip
def test_what_cannot_mean_what_it_says_is_told(loss, activation, options, message):
    """Keras would train on, and badly."""
    assert check(loss, activation, **options) == [message]


@pytest.mark.parametrize(
    ("classes", "units", "fitting"),
    [
        (2, 1, "binary_crossentropy after 'activation: sigmoid'"),
        (2, 2, "categorical_crossentropy after 'activation: softmax'"),
        (60, 60, "categorical_crossentropy after 'activation: softmax'"),
        (60, 1, "categorical_crossentropy after 'units: 60' and 'activation: softmax'"),
        (60, None, "categorical_crossentropy after 'units: 60' and 'activation: softmax'"),
    ],
)
def test_the_loss_that_suits_depends_on_how_many_classes_there_are(classes, units, fitting):
    """One output tells two of them apart."""
    found = misgiving("mse", units=units, activation=None, classes=classes)
    assert found is not None
    assert found[1] == f"Use {fitting}."
