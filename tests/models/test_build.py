"""Building a model: stacks, graphs, weights, and errors that name the layer."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.backend.components import said_by
from dlrun.errors import ConfigError
from dlrun.models.build import build_model, output_activation, summary_text
from dlrun.models.weights import get_weights, set_weights, weight_layout

KERNEL_1 = [
    [-1.08239257, 0.32482854, 0.95010394, 0.00501535, -0.47380614],
    [-0.56682748, 1.15749049, 0.91618514, 0.37518814, -0.67639047],
]
BIAS_1 = [-0.18290569, 0.21453567, 0.01353107, 0.27740911, 0.09604219]
KERNEL_2 = [[-0.8775745], [1.09351909], [0.21981503], [1.31380796], [-0.10301871]]
BIAS_2 = [0.27410847]


def layer(type_, name, inputs, *, weights=None, trainable=True, **arguments):
    """A layer as a config resolves it."""
    own = {"type": type_, "name": name, "inputs": inputs, "weights": weights}
    return own | {"trainable": trainable} | arguments


def build(*layers, shape=(2,), seed=0):
    return build_model(layers, input_shape=shape, seed=seed, name="test")


def test_the_forward_pass_is_that_worked_out_by_hand():
    """The published calculation: x = (0.3, 0.1) gives 0.93015909."""
    model = build(
        layer("Dense", "a", ["input"], units=5, activation="tanh", weights=[KERNEL_1, BIAS_1]),
        layer("Dense", "b", ["a"], units=1, activation="tanh", weights=[KERNEL_2, BIAS_2]),
    )
    y = model(np.array([[0.3, 0.1]], dtype="float32")).numpy()
    assert y[0, 0] == pytest.approx(0.93015909, abs=1e-6)


def test_a_graph_connects_layers_by_name():
    """Add takes two inputs: here twice the data and the data, so three times the data."""
    double = [np.eye(2).tolist(), [0.0, 0.0]]
    model = build(
        layer("Dense", "twice", ["input"], units=2, weights=[(2 * np.eye(2)).tolist(), [0, 0]]),
        layer("Dense", "once", ["input"], units=2, weights=double),
        layer("Add", "sum", ["twice", "once"]),
    )
    np.testing.assert_array_equal(model(np.array([[1.0, -2.0]])).numpy(), [[3.0, -6.0]])


def test_the_seed_decides_the_initial_weights():
    """The same seed gives the same bits, whatever was built before; another seed other ones."""
    stack = [layer("Dense", "dense", ["input"], units=3)]
    first, again, other = build(*stack), build(*stack), build(*stack, seed=1)
    assert np.array_equal(first.get_weights()[0], again.get_weights()[0])
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


def test_initial_weights_are_those_of_keras():
    """What Keras makes after `set_random_seed(seed)` in a fresh session."""
    ours = build(layer("Dense", "dense", ["input"], units=3), seed=7)
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    theirs = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    assert np.array_equal(ours.get_weights()[0], theirs.get_weights()[0])


def test_a_frozen_layer_does_not_train():
    """`trainable: false` takes a layer's weights out of the trainable ones."""
    model = build(
        layer("Dense", "frozen", ["input"], units=3, trainable=False),
        layer("Dense", "free", ["frozen"], units=1),
    )
    assert [variable.path for variable in model.trainable_variables] == [
        "free/kernel",
        "free/bias",
    ]


def test_nested_components_are_built():
    """A wrapper gets its layer, a layer its regularizer and its initializer."""
    model = build(
        layer(
            "Bidirectional",
            "both_ways",
            ["input"],
            layer={"type": "LSTM", "units": 3},
        ),
        layer(
            "Dense",
            "dense",
            ["both_ways"],
            units=1,
            kernel_regularizer={"type": "L2", "l2": 0.5},
            kernel_initializer={"type": "Constant", "value": 2.0},
        ),
        shape=(4, 2),
    )
    assert model.output_shape == (None, 1)
    assert float(model.losses[0]) == pytest.approx(0.5 * 6 * 4.0)


def test_an_error_of_building_names_the_layer_and_the_shape():
    """Keras's own sentence is kept, the dump of arguments is not."""
    with pytest.raises(ConfigError) as caught:
        build(
            layer("Dense", "dense", ["input"], units=3),
            layer("Conv2D", "conv2d", ["dense"], filters=2, kernel_size=3),
        )
    text = str(caught.value)
    assert text.startswith("model.layers[1] (Conv2D): cannot take an input of shape (3,). ")
    assert "expected min_ndim=4, found ndim=2" in text
    assert "Arguments received" not in text


def test_an_argument_that_keras_refuses_names_the_layer():
    """The value is wrong, so the layer cannot even be made."""
    with pytest.raises(ConfigError, match=r"model\.layers\[0\] \(Dense\): .*positive integer.*-3"):
        build(layer("Dense", "dense", ["input"], units=-3))


def test_weights_of_a_wrong_shape_are_told_with_both_shapes():
    """The kernel of two inputs and one unit is (2, 1)."""
    with pytest.raises(ConfigError) as caught:
        build(layer("Dense", "dense", ["input"], units=1, weights=[[[1.0]], [0.0]]))
    assert str(caught.value) == (
        "model.layers[0] (Dense).weights[0]: The kernel of Dense has the shape (2, 1), got (1, 1). "
        "Its input has the shape (2,)."
    )


def test_ragged_weights_are_refused():
    """Rows of unequal length are not a kernel."""
    with pytest.raises(
        ConfigError, match=r"weights\[0\]: A weight is .* nested list of numbers in equal rows"
    ):
        build(layer("Dense", "dense", ["input"], units=1, weights=[[[1.0], [1.0, 2.0]], [0.0]]))


def test_weights_by_path_make_an_equal_model():
    """What `get_weights` gives, `set_weights` takes, moving averages included."""
    stack = [
        layer("Dense", "dense", ["input"], units=3),
        layer("BatchNormalization", "norm", ["dense"]),
    ]
    first, second = build(*stack, seed=0), build(*stack, seed=1)
    weights = get_weights(first)
    assert list(weights) == list(weight_layout(second))
    assert weight_layout(second)["norm/moving_mean"] == ((3,), "float32")
    set_weights(second, weights)
    x = np.ones((1, 2), dtype="float32")
    assert np.array_equal(first(x).numpy(), second(x).numpy())


@pytest.mark.parametrize(
    ("last", "activation"),
    [
        (("Dense", {"units": 1, "activation": "sigmoid"}), "sigmoid"),
        (("Dense", {"units": 1}), "linear"),
        (("Softmax", {}), "softmax"),
        (("Activation", {"activation": "tanh"}), "tanh"),
        (("Dropout", {"rate": 0.1}), None),
    ],
)
def test_the_last_activation_is_found(last, activation):
    """It tells probabilities from other numbers."""
    type_, arguments = last
    model = build(layer(type_, "last", ["input"], **arguments))
    assert output_activation(model, "last") == activation


def test_the_summary_counts_parameters():
    """2 x 3 weights and 3 biases; a normalization has as many moving averages as weights."""
    stack = [
        layer("Dense", "dense", ["input"], units=3),
        layer("BatchNormalization", "norm", ["dense"]),
    ]
    assert summary_text(build(*stack), stack) == (
        "layer  type                inputs  output shape  parameters\n"
        "-----  ------------------  ------  ------------  ----------\n"
        "dense  Dense               input   (None, 3)              9\n"
        "norm   BatchNormalization  dense   (None, 3)             12\n"
        "\n"
        "21 parameters, 15 of them trainable\n"
    )


def test_attention_takes_its_inputs_one_by_one():
    """Query and value, both the data: self-attention."""
    model = build(
        layer("MultiHeadAttention", "mha", ["input", "input"], num_heads=2, key_dim=3),
        shape=(5, 4),
    )
    assert model.output_shape == (None, 5, 4)


@pytest.mark.parametrize("name", ["größe", "a b", "_x", "", "???"])
def test_any_name_of_an_experiment_will_do(name):
    """Keras takes fewer names for a model than a file system for a file."""
    stack = [layer("Dense", "dense", ["input"], units=1)]
    build_model(stack, input_shape=(2,), seed=0, name=name)


def test_the_colors_of_keras_do_not_reach_the_message():
    """Keras prints some of its messages in bold, wherever they go."""
    error = ValueError("\x1b[1mException in call().\x1b[0m Bad.\n\nArguments received by a: b")
    assert said_by(error) == "Exception in call(). Bad."
