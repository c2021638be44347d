"""What is said where a layer cannot take its input: what it got, what it takes, what to do."""

import pytest
import yaml

from dlrun.shapes import walk
from tests.shapes.networks import complete

ONE_INPUT = [
    (
        (2,),
        "Conv2D, filters: 3, kernel_size: 3",
        (
            "Conv2D takes an input of shape (height, width, channels), got (2,) from the data. "
            "Put {type: Reshape, target_shape: [2, 1, 1]} before it."
        ),
    ),
    (
        (64,),
        "MaxPooling2D",
        (
            "MaxPooling2D takes an input of shape (height, width, channels), got (64,) from the "
            "data. Put {type: Reshape, target_shape: [8, 8, 1]} before it."
        ),
    ),
    (
        (8, 9),
        "Conv2D, filters: 3, kernel_size: 3, data_format: channels_first",
        (
            "Conv2D takes an input of shape (channels, height, width), got (8, 9) from the data. "
            "Put {type: Reshape, target_shape: [1, 8, 9]} before it."
        ),
    ),
    (
        (8, 8, 1),
        "LSTM, units: 3",
        (
            "LSTM takes an input of shape (steps, features), got (8, 8, 1) from the data. "
            "Put {type: Reshape, target_shape: [8, -1]} before it."
        ),
    ),
    (
        (8, 8, 1),
        "RepeatVector, n: 3",
        (
            "RepeatVector takes an input of shape (features,), got (8, 8, 1) from the data. "
            "Put a Flatten layer before it."
        ),
    ),
    (
        (3, 4, 2),
        "Conv2D, filters: 3, kernel_size: 5",
        (
            ".kernel_size: A window of (5, 5) does not fit into (3, 4), which is what Conv2D gets. "
            "Make it smaller, use 'padding: same', or shrink the input less before it."
        ),
    ),
    (
        (4, 2),
        "Conv1D, filters: 3, kernel_size: 3, dilation_rate: 2",
        (
            ".kernel_size: A window of (5,) does not fit into (4,), which is what Conv1D gets. "
            "Make it smaller, use 'padding: same', or shrink the input less before it."
        ),
    ),
    (
        (1, 1, 2),
        "MaxPooling2D",
        (
            ".pool_size: A window of (2, 2) does not fit into (1, 1), which is what MaxPooling2D "
            "gets. Make it smaller, use 'padding: same', or shrink the input less before it."
        ),
    ),
    (
        (4, 4, 3),
        "Conv2D, filters: 4, kernel_size: 1, groups: 2",
        (
            ".groups: The 3 channels of the input cannot be dealt out to 2 groups. "
            "Choose a number of groups that divides 3."
        ),
    ),
    (
        (4, 4, 2),
        "Conv2D, filters: 3, kernel_size: 1, groups: 2",
        (
            ".groups: The 3 filters cannot be dealt out to 2 groups. "
            "Choose a number of groups that divides 3."
        ),
    ),
    (
        (4, 2),
        "Conv1DTranspose, filters: 3, kernel_size: 1, output_padding: 1",
        (
            ".output_padding: The output padding (1,) must be smaller than the strides (1,). "
            "Make it smaller."
        ),
    ),
    (
        (8, 8, 1),
        "Reshape, target_shape: [7, 7]",
        (
            ".target_shape: The input (8, 8, 1) from the data has 64 numbers, but (7, 7) has 49. "
            "Choose sizes whose product is 64, or use a Flatten layer."
        ),
    ),
    (
        (8, 8, 1),
        "Reshape, target_shape: [8, 9]",
        (
            ".target_shape: The input (8, 8, 1) from the data has 64 numbers, but (8, 9) has 72. "
            "Write such as 'target_shape: [8, 8]'."
        ),
    ),
    (
        (8, 8, 1),
        "Reshape, target_shape: [7, -1]",
        (
            ".target_shape: The input (8, 8, 1) from the data has 64 numbers, "
            "but (7, -1) takes 7 each. Choose sizes whose product is 64, or use a Flatten layer."
        ),
    ),
    (
        (8, 8, 1),
        "Reshape, target_shape: [-1, -1]",
        (
            ".target_shape: A target shape has sizes from 0 up and one -1 at most, got (-1, -1). "
            "Let -1 stand for one size that follows from the others."
        ),
    ),
    (
        (8, 4),
        "Permute, dims: [1, 2, 3]",
        (
            ".dims: Permute has 'dims: [1, 2, 3]', but its input is (8, 4) from the data. "
            "Name each of its axes once: 1, 2, in the new order."
        ),
    ),
    (
        (4, 1),
        "Cropping1D, cropping: 2",
        ".cropping: Cropping1D cuts (4,) off (4,): nothing is left. Crop less.",
    ),
    (
        (4,),
        "BatchNormalization, axis: 2",
        (
            ".axis: BatchNormalization has 'axis: 2', but its input is (4,) from the data. "
            "Its only axis is 1, or -1 for the last one; 0 is that of the batch."
        ),
    ),
    (
        (4, 2),
        "LayerNormalization, axis: 0",
        (
            ".axis: LayerNormalization has 'axis: 0', but its input is (4, 2) from the data. "
            "Its axes are 1 to 2, or -1 for the last one; 0 is that of the batch."
        ),
    ),
    (
        (4, 6),
        "GroupNormalization, groups: 4",
        (
            ".groups: The 6 channels of the input cannot be dealt out to 4 groups. "
            "Choose a number of groups that divides 6."
        ),
    ),
    (
        (4,),
        "TimeDistributed, layer: {type: Flatten}",
        (
            "TimeDistributed takes an input of shape (steps, features), got (4,) from the data. "
            "Put {type: Reshape, target_shape: [4, 1]} before it."
        ),
    ),
    (
        (3, 4),
        "TimeDistributed, layer: {type: Conv1D, filters: 2, kernel_size: 5}",
        (
            ".layer: Conv1D takes an input of shape (steps, features), got (4,). "
            "Put {type: Reshape, target_shape: [4, 1]} before it."
        ),
    ),
    (
        (3, 4),
        "Bidirectional, layer: {type: GRU, units: 2, stateful: true}",
        (
            ".layer.stateful: A stateful GRU needs batches of one size, which dlrun does not "
            "promise. Set 'stateful: false'."
        ),
    ),
]
MERGING = [
    (
        ("Add", {}, (4,), (3,)),
        (
            ".inputs: Add takes inputs of one shape, got (4,) from 'a' and (3,) from 'b'. "
            "Bring them to one width, such as with a Dense layer before one of them."
        ),
    ),
    (
        ("Multiply", {}, (2, 2, 4), (2, 2, 2)),
        (
            ".inputs: Multiply takes inputs of one shape, got (2, 2, 4) from 'a' and (2, 2, 2) "
            "from 'b'. Bring them to one width, such as with a convolution of kernel_size 1 before "
            "one of them."
        ),
    ),
    (
        ("Average", {}, (8, 1, 4), (7, 1, 4)),
        (
            ".inputs: Average takes inputs of one shape, got (8, 1, 4) from 'a' and (7, 1, 4) from "
            "'b'. Bring them to one size, such as with 'padding: same' or a pooling layer."
        ),
    ),
    (
        ("Subtract", {}, (4,), (4, 3)),
        (
            ".inputs: Subtract takes inputs of one shape, got (4,) from 'a' and (4, 3) from 'b'. "
            "Put a Flatten or a Reshape layer before one of them."
        ),
    ),
    (
        ("Concatenate", {}, (4,), (4, 1)),
        (
            ".inputs: Concatenate takes inputs with equally many axes, got (4,) from 'a' and (4, "
            "1) from 'b'. Put a Flatten or a Reshape layer before one of them."
        ),
    ),
    (
        ("Concatenate", {}, (4, 2), (3, 2)),
        (
            ".inputs: Concatenate takes inputs that differ along axis -1 only, got (4, 2) from 'a' "
            "and (3, 2) from 'b'. Choose another axis, or bring the inputs to one size."
        ),
    ),
    (
        ("Dot", {"axes": -1}, (4, 2), (4, 3)),
        (
            ".axes: Dot sums along axes of one size, got (4, 2) from 'a' and (4, 3) from 'b'. "
            "Choose other axes, or bring the inputs to one size."
        ),
    ),
    (
        ("Dot", {"axes": 3}, (4, 2), (4, 3)),
        (
            ".axes: Dot has 'axes: 3', but its input is (4, 2). "
            "Its axes are 1 to 2, or -1 for the last one; 0 is that of the batch."
        ),
    ),
]


def written(text):
    """A layer as it would stand in a config."""
    arguments = yaml.safe_load(f"{{type: {text}}}")
    if "layer" in arguments:
        inner = complete(name=None, **arguments["layer"])
        arguments["layer"] = {key: inner[key] for key in inner if key not in ("inputs", "weights")}
    return complete(arguments.pop("type"), "it", **arguments)


@pytest.mark.parametrize(("sample", "layer", "message"), ONE_INPUT)
def test_one_input(sample, layer, message):
    """At the layer, or at the argument that decides."""
    (step,) = walk([written(layer)], sample)
    path = "model.layers[0]" if message.startswith(".") else "model.layers[0]: "
    assert str(step.problem) == path + message


@pytest.mark.parametrize(("merging", "message"), MERGING)
def test_several_inputs(merging, message):
    """Every input is named with its shape."""
    word, arguments, *shapes = merging
    reshaped = [
        complete("Reshape", name, ["input"], target_shape=list(shape))
        for name, shape in zip("ab", shapes, strict=True)
    ]
    sample = (None,)  # fits every target shape
    layers = [*reshaped, complete(word, "it", ["a", "b"], **arguments)]
    assert str(walk(layers, sample)[-1].problem) == "model.layers[2]" + message


@pytest.mark.parametrize(
    "layer",
    [
        "EinsumDense, equation: 'ab,bc->ac', output_shape: 3",
        "Dense, units: 3, lora_rank: 2",
        "LSTM, units: 3, return_state: true",
        "Bidirectional, layer: {type: LSTM, units: 3}, merge_mode: null",
        "Dense, units: a few",
        "Reshape, target_shape: 3",
        "TimeDistributed, layer: Dense",
        "TimeDistributed, layer: {type: EinsumDense, equation: 'ab,bc->ac', output_shape: 3}",
        "ZeroPadding1D, padding: -1",
    ],
)
def test_what_is_not_known_ends_the_walk(layer):
    """Quietly; the layers below have no shape either, and Dense after it is not guessed at."""
    if "TimeDistributed, layer: Dense" in layer:
        it = complete("TimeDistributed", "it", layer="Dense")
    else:
        it = written(layer)
    steps = walk([it, complete("Dense", "below", ["it"], units=2)], (4, 2))
    assert [(step.shape, step.weights, step.problem) for step in steps] == [(None, None, None)] * 2


def test_sizes_that_are_not_known():
    """They pass through where nothing depends on them."""
    layers = [
        complete("Conv1D", "conv", ["input"], filters=3, kernel_size=2),
        complete("MaxPooling1D", "pool", ["conv"], padding="same"),
        complete("LSTM", "lstm", ["pool"], units=4, return_sequences=True),
        complete("Flatten", "flat", ["lstm"]),
        complete("Dense", "dense", ["flat"], units=2),
    ]
    steps = walk(layers, (None, 5))
    assert [step.shape for step in steps] == [(None, 3), (None, 3), (None, 4), (None,), (2,)]
    assert [step.problem for step in steps] == [None] * 5
    assert [step.weights is None for step in steps] == [False, False, False, False, True]


def test_a_name_given_twice_is_not_guessed_at():
    """Which of the two is meant is not known."""
    first, second = (complete("Dense", "same", ["input"], units=units) for units in (1, 2))
    steps = walk([first, second, complete("Dense", "last", ["same"], units=1)], (2,))
    assert [step.shape for step in steps] == [(1,), (2,), None]
