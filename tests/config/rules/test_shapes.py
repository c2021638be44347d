"""Shapes that do not fit, told with the rest of a config's mistakes."""

import pytest

DIGITS = "dataset={type: digits}"
STACK = (
    "model.layers=[{type: Conv2D, filters: 2, kernel_size: 3}, {type: MaxPooling2D, pool_size: 8},"
    " {type: Flatten}, {type: Dense, units: 10, activation: softmax}]"
)


def test_a_layer_that_cannot_take_its_input(say):
    """Only the first one on the way is told: what comes after it would be a guess."""
    assert say(DIGITS, STACK, "loss=categorical_crossentropy") == [
        (
            "model.layers[1].pool_size: A window of (8, 8) does not fit into (6, 6), which is what "
            "MaxPooling2D gets. Make it smaller, use 'padding: same', or shrink the input less "
            "before it."
        )
    ]


def test_a_mistake_above_is_told_first(say):
    """A layer whose argument is wrong may be meant otherwise; no shape below it is believed."""
    messages = say(DIGITS, STACK, "loss=categorical_crossentropy", "model.layers[0].strides=two")
    assert len(messages) == 1
    assert messages[0].startswith("model.layers[0].strides: Expected ")


@pytest.mark.parametrize("key", ["colums=3", "centers=x"])
def test_a_mistake_in_the_dataset_is_told_first(say, key):
    """Its shape may be another one."""
    (message,) = say("dataset={type: blobs}", f"dataset.{key}")
    assert message.startswith(f"dataset.{key.split('=')[0]}: ")


def test_weights_of_another_input(say, accept):
    """The size that the input decides, too."""
    weights = "model.layers[0].weights=[[[{0}], [{0}], [{0}]], [{0}]]".format(", ".join("0" * 8))
    assert say("dataset={type: moons}", weights) == [
        (
            "model.layers[0].weights[0]: The kernel of Dense has the shape (2, 8), got (3, 8). "
            "Its input has the shape (2,)."
        )
    ]
    accept("dataset={type: threshold_sum, columns: 3}", weights)


def test_weights_of_layers_that_only_the_walk_knows(say, accept):
    """As many as the layer has."""
    norm = "model.layers[0]={type: LayerNormalization, name: hidden, weights: [[1, 1]]}"
    assert say("dataset={type: moons}", norm) == [
        (
            "model.layers[0].weights: LayerNormalization has 2 weights, got 1. "
            "Write [gamma (2,), beta (2,)]."
        )
    ]
    relu = "model.layers[0]={type: ReLU, name: hidden, weights: [[1]]}"
    assert say("dataset={type: moons}", relu) == [
        "model.layers[0].weights: ReLU has 0 weights, got 1. Remove them."
    ]
    accept("dataset={type: moons}", norm.replace("[[1, 1]]", "[[1, 1], [0, 0]]"))


@pytest.mark.parametrize(
    ("dataset", "units", "loss", "message"),
    [
        (
            "digits, flatten: true",
            "3, activation: softmax",
            "categorical_crossentropy",
            (
                "model.layers[1]: The last layer gives 3 numbers for each row, but the data has 10 "
                "classes (0, 1, 2, 3, 4, 5, 6, 7, 8, 9). Set `units: 10`."
            ),
        ),
        (
            "digits",
            "10, activation: softmax",
            "categorical_crossentropy",
            (
                "model.layers[1]: The last layer gives an array of shape (8, 8, 10) for each row, "
                "but a label is one class. Put a Flatten layer before the first Dense layer."
            ),
        ),
        (
            "spirals, arms: 3",
            "1, activation: sigmoid",
            "binary_crossentropy",
            (
                "loss: BinaryCrossentropy with one output tells 2 classes apart, but the data has "
                "3 classes (0, 1, 2). Use categorical_crossentropy after a last layer with "
                "`units: 3` and `activation: softmax`."
            ),
        ),
        (
            "moons",
            "3, activation: sigmoid",
            "binary_crossentropy",
            (
                "model.layers[1]: The last layer gives 3 numbers for each row, but the data has 2 "
                "classes (0, 1). Set `units: 2` or `units: 1`."
            ),
        ),
        (
            "blobs",
            "1",
            "hinge",
            (
                "loss: Hinge tells 2 classes apart, but the data has 3 classes (0, 1, 2). "
                "Use categorical_hinge with `units: 3`."
            ),
        ),
        (
            "sine",
            "2",
            "mse",
            (
                "model.layers[1]: The last layer gives 2 numbers for each row, but the target is "
                "1 number. Set `units: 1`."
            ),
        ),
    ],
)
def test_a_last_layer_that_cannot_fit(say, dataset, units, loss, message):
    """In the words in which it would be told after the data were read."""
    last = f"model.layers[1]={{type: Dense, units: {units}, name: output}}"
    assert say(f"dataset={{type: {dataset}}}", last, f"loss={loss}") == [message]


@pytest.mark.parametrize(
    ("dataset", "units", "loss"),
    [
        ("digits, flatten: true", "10, activation: softmax", "sparse_categorical_crossentropy"),
        ("moons", "2, activation: softmax", "categorical_crossentropy"),
        ("moons", "2, activation: sigmoid", "binary_crossentropy"),
        ("moons", "1", "mse"),
        ("threshold_sum", "1", "hinge"),
        ("blobs", "3", "mse"),
        ("sine", "1", "mse"),
        ("csv, path: missing.csv", "7", "mse"),
    ],
)
def test_last_layers_that_fit(accept, dataset, units, loss):
    """One unit for each class, or one for two; what is not known is not refused."""
    last = f"model.layers[1]={{type: Dense, units: {units}, name: output}}"
    accept(f"dataset={{type: {dataset}}}", last, f"loss={loss}")


def test_one_mistake_is_told_once(say):
    """What was said about the last layer is not said in other words."""
    last = "model.layers[1]={type: Dense, units: 1, activation: softmax, name: output}"
    (message,) = say("dataset={type: moons}", last, "loss=categorical_crossentropy")
    assert message.startswith("model.layers[1].activation: The softmax of a single unit")
