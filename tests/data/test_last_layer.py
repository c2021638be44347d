"""Holding the last activation against the loss."""

from __future__ import annotations

import pytest

from dlrun.data.last_layer import check_activation
from dlrun.errors import ConfigError


def check(loss, activation, *, outputs=(1,), from_logits=False):
    check_activation(loss, outputs=outputs, from_logits=from_logits, output_activation=activation)


@pytest.mark.parametrize(
    ("loss", "activation", "options"),
    [
        ("binary_crossentropy", "sigmoid", {}),
        ("binary_crossentropy", "linear", {"from_logits": True}),
        ("categorical_crossentropy", "softmax", {"outputs": (3,)}),
        ("categorical_crossentropy", "linear", {"outputs": (3,), "from_logits": True}),
        ("categorical_crossentropy", None, {"outputs": (3,)}),
        ("hinge", "tanh", {}),
        ("hinge", "linear", {}),
        ("mse", "linear", {}),
        ("mse", "sigmoid", {}),
        (None, "tanh", {}),
    ],
)
def test_what_fits_passes(loss, activation, options):
    """The usual pairs, and an activation that is not known."""
    check(loss, activation, **options)


@pytest.mark.parametrize(
    ("loss", "activation", "options", "message"),
    [
        (
            "binary_crossentropy",
            "softmax",
            {},
            ("model.layers[-1].activation: The softmax of a single unit is always 1. "
            "Use `activation: sigmoid`, or one unit per class."),
        ),
        (
            "binary_crossentropy",
            "linear",
            {},
            ("model.layers[-1].activation: binary_crossentropy takes probabilities, but linear "
            "gives numbers outside 0 to 1. Use `activation: sigmoid`, or give the loss "
            "`from_logits: true`."),
        ),
        (
            "BCE",
            "tanh",
            {},
            ("model.layers[-1].activation: BCE takes probabilities, but tanh gives numbers outside "
            "0 to 1. Use `activation: sigmoid`, or give the loss `from_logits: true`."),
        ),
        (
            "SparseCategoricalCrossentropy",
            "relu",
            {"outputs": (3,)},
            ("model.layers[-1].activation: SparseCategoricalCrossentropy takes probabilities, but "
            "relu gives numbers outside 0 to 1. Use `activation: softmax`, or give the loss "
            "`from_logits: true`."),
        ),
        (
            "binary_crossentropy",
            "sigmoid",
            {"from_logits": True},
            ("loss.from_logits: The loss takes logits, but the last layer has already applied "
            "sigmoid. Leave `from_logits` out, or use `activation: linear`."),
        ),
        (
            "hinge",
            "sigmoid",
            {},
            ("model.layers[-1].activation: hinge tells classes apart by sign, but sigmoid is never "
            "negative. Use `activation: tanh` or `linear`."),
        ),
    ],
)  # fmt: skip
def test_what_cannot_mean_what_it_says_is_told(loss, activation, options, message):
    """Keras would train on, and badly."""
    with pytest.raises(ConfigError) as error:
        check(loss, activation, **options)
    assert str(error.value) == message
