"""The last layer and the loss."""

import pytest


def last(**changes):
    return [f"model.layers[1].{key}={value}" for key, value in changes.items()]


def test_softmax_of_one_unit(say):
    """It is always 1, wherever it stands."""
    message = (
        "activation: The softmax of a single unit is always 1. "
        "Use 'activation: sigmoid', or one unit for each class."
    )
    assert say(*last(activation="softmax")) == [f"model.layers[1].{message}"]
    changes = ("model.layers[0].units=1", "model.layers[0].activation=softmax")
    assert say(*changes) == [f"model.layers[0].{message}"]


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("categorical_crossentropy", "CategoricalCrossentropy"),
        ("SparseCategoricalCrossentropy", "SparseCategoricalCrossentropy"),
    ],
)
def test_sigmoid_and_a_categorical_loss(say, loss, name):
    """Which way out depends on the number of units."""
    what = (
        f"model.layers[1].activation: {name} takes probabilities that sum to 1, "
        "but each sigmoid stands alone. "
    )
    assert say(f"loss={loss}", *last(units=3)) == [f"{what}Use 'activation: softmax'."]
    assert say(f"loss={loss}") == [f"{what}Use the loss binary_crossentropy."]


@pytest.mark.parametrize(
    ("loss", "name", "fitting"),
    [
        ("binary_crossentropy", "BinaryCrossentropy", "sigmoid"),
        ("BinaryFocalCrossentropy", "BinaryFocalCrossentropy", "sigmoid"),
        ("categorical_crossentropy", "CategoricalCrossentropy", "softmax"),
        ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", "softmax"),
    ],
)
def test_a_cross_entropy_without_probabilities(say, accept, loss, name, fitting):
    """Of a linear layer, of one that leaves [0, 1]; not where the loss takes logits."""
    fix = f"Use 'activation: {fitting}', or give the loss 'from_logits: true'."
    what = f"model.layers[1].activation: {name} takes probabilities, but the last layer"
    choice = (f"loss={loss}", *last(units=3))
    assert say(*choice, *last(activation="null")) == [f"{what} has no activation. {fix}"]
    assert say(*choice, *last(activation="linear")) == [f"{what} has no activation. {fix}"]
    assert say(*choice, *last(activation="relu")) == [f"{what} ends with relu. {fix}"]
    accept(*choice, *last(activation="null"), "loss.from_logits=true")


def test_logits_that_are_none(say):
    """The loss would squash twice."""
    assert say("loss.from_logits=true") == [
        (
            "loss.from_logits: The loss takes logits, but the last layer "
            "has already applied sigmoid. "
            "Leave 'from_logits' out, or use 'activation: linear'."
        )
    ]


def test_layers_that_are_an_activation_count(say, accept):
    """Softmax and Activation end a model as an argument would."""
    softmax = "model.layers=[{type: Dense, units: 3}, Softmax]"
    accept("loss=categorical_crossentropy", softmax)
    assert say("loss={type: CategoricalCrossentropy, from_logits: true}", softmax) == [
        (
            "loss.from_logits: The loss takes logits, but the last layer "
            "has already applied softmax. "
            "Leave 'from_logits' out, or use 'activation: linear'."
        )
    ]
    tanh = "model.layers=[{type: Dense, units: 1}, {type: Activation, activation: tanh}]"
    assert say(tanh)[0].startswith("model.layers[1].activation: BinaryCrossentropy takes")


def test_a_layer_whose_output_is_not_known_is_left_alone(accept):
    """Nothing is refused on a guess."""
    accept("model.layers=[{type: Dense, units: 1}, Flatten]")
    accept("model.layers=[{type: Dense, units: 1}, {type: Rescaling, scale: 0.5}]")


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_a_hinge_tells_classes_by_sign(say, accept, loss):
    """The last layer must be able to go below zero, and has one unit."""
    accept(f"loss={loss}", *last(activation="tanh"))
    accept(f"loss={loss}", *last(activation="null"))
    name = {"hinge": "Hinge", "squared_hinge": "SquaredHinge"}[loss]
    assert say(f"loss={loss}") == [
        (
            f"model.layers[1].activation: {name} tells classes apart by sign, "
            "but sigmoid is never negative. Use 'activation: tanh' or 'linear'."
        )
    ]
    assert say(f"loss={loss}", *last(activation="tanh", units=2)) == [
        (
            f"model.layers[1].units: {name} takes one output for each row, got 2. "
            "Set 'units: 1', or use the loss categorical_hinge."
        )
    ]


@pytest.mark.parametrize(
    ("loss", "units", "activation"),
    [
        ("mse", 1, "sigmoid"),
        ("mse", 1, "null"),
        ("mae", 3, "softmax"),
        ("huber", 1, "tanh"),
        ("kl_divergence", 2, "softmax"),
        ("poisson", 1, "exponential"),
        ("categorical_hinge", 2, "null"),
        ("binary_crossentropy", 2, "softmax"),
        ("binary_crossentropy", 3, "sigmoid"),
        ("binary_crossentropy", 1, "hard_sigmoid"),
        ("sparse_categorical_crossentropy", 2, "softmax"),
        ("{type: categorical_crossentropy, label_smoothing: 0.1}", 2, "softmax"),
    ],
)
def test_what_goes_together(accept, loss, units, activation):
    """These are legal."""
    accept(f"loss={loss}", *last(units=units, activation=activation))
