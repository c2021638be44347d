"""Arguments of one layer that depend on each other."""

import pytest


def first(layer):
    return f"model.layers[0]={{type: {layer}, name: hidden}}"


@pytest.mark.parametrize(
    ("layer", "argument", "sizes", "got"),
    [
        ("Conv2D, filters: 3, kernel_size: [3, 3, 3]", "kernel_size", 2, 3),
        ("Conv1D, filters: 3, kernel_size: [3, 3]", "kernel_size", 1, 2),
        ("MaxPooling3D, pool_size: [2, 2]", "pool_size", 3, 2),
        ("UpSampling2D, size: [2]", "size", 2, 1),
        ("Conv2DTranspose, filters: 3, kernel_size: 3, strides: [1, 1, 1]", "strides", 2, 3),
    ],
)
def test_a_window_has_one_number_per_dimension(say, layer, argument, sizes, got):
    """Or one for all of them."""
    word = layer.partition(",")[0]
    what = f"Expected a list of {sizes} for {word}, got {got}. Or write one number."
    assert say(first(layer)) == [f"model.layers[0].{argument}: {what}"]


@pytest.mark.parametrize(
    "layer",
    [
        "Conv2D, filters: 3, kernel_size: [3, 3], strides: 2, dilation_rate: 1",
        "Conv2D, filters: 3, kernel_size: 3, strides: 1, dilation_rate: [2, 2]",
        "SeparableConv2D, filters: 3, kernel_size: [3, 3]",
        "ConvLSTM2D, filters: 3, kernel_size: 3",
        "MaxPooling1D, pool_size: 2",
        "Conv1D, filters: 3, kernel_size: [2], padding: SAME",
        "GlobalMaxPooling2D",
        "ZeroPadding2D, padding: [[1, 1], [2, 2]]",
    ],
)
def test_windows_that_fit(accept, layer):
    """One number, or as many as there are dimensions."""
    accept(first(layer))


def test_strides_or_dilation(say):
    """Keras has no kernel that does both."""
    assert say(first("Conv2D, filters: 3, kernel_size: 3, strides: 2, dilation_rate: [1, 2]")) == [
        (
            "model.layers[0].dilation_rate: Conv2D cannot have both "
            "strides and a dilation rate above "
            "1. Remove one of them."
        )
    ]


def test_a_cell_is_not_a_layer(say, accept):
    """It stands inside one."""
    assert say(first("GRUCell, units: 3")) == [
        (
            "model.layers[0].type: GRUCell is one step of a recurrent "
            "layer, not a layer by itself. "
            "Write {type: RNN, cell: {type: GRUCell, ...}}, or use GRU."
        )
    ]
    accept(first("RNN, cell: {type: GRUCell, units: 3}"))
    accept(first("RNN, cell: [{type: GRUCell, units: 3}, {type: LSTMCell, units: 3}]"))


def test_wrappers_hold_what_they_can_use(say, accept):
    """Bidirectional holds a recurrent layer, RNN a cell."""
    accept(first("Bidirectional, layer: {type: SimpleRNN, units: 3}"))
    accept(first("TimeDistributed, layer: {type: Dense, units: 3}"))
    assert say(first("Bidirectional, layer: Flatten")) == [
        (
            "model.layers[0].layer: Bidirectional cannot hold Flatten. "
            "It takes 'GRU', 'LSTM', 'RNN', "
            "'SimpleRNN', 'ConvLSTM1D', 'ConvLSTM2D', 'ConvLSTM3D'."
        )
    ]
    assert say(first("RNN, cell: {type: Dense, units: 3}")) == [
        (
            "model.layers[0].cell: RNN cannot hold Dense. It takes 'GRUCell', 'LSTMCell', "
            "'SimpleRNNCell', 'StackedRNNCells'."
        )
    ]


def test_a_layer_that_must_see_the_data_first_is_told(say):
    """Without its statistics it would do nothing, in silence."""
    assert say("model.layers[0]={type: Normalization}") == [
        (
            "model.layers[0]: Normalization has not seen the data, so it needs mean. "
            "Give mean and variance, or use 'dataset.scale: standard'."
        )
    ]


IMAGES = """\
dataset: {type: digits}
model:
  layers:
    - {type: RandomFlip}
    - {type: RandomBrightness, factor: 0.2}
    - {type: Rescaling, scale: 255}
    - {type: RandomInvert}
    - {type: Flatten}
    - {type: Dense, units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: adam
"""


def test_pixels_are_in_the_range_that_layers_are_told(refuse, load):
    """Keras takes 0 to 255 for granted, which would turn fractions white; scaled ones may be so."""
    (message,) = refuse(IMAGES)
    assert message.endswith(
        "model.layers[1].value_range: RandomBrightness is told of pixels from 0 to 255; those of "
        "'digits' are from 0 to 1. Set 'value_range: [0, 1]'."
    )
    load(IMAGES, "model.layers.1.value_range=[0, 1]")
    load(IMAGES, "dataset.scale=standard")


def test_layers_that_would_mix_labels_are_refused(refuse):
    """A layer sees no labels."""
    (message,) = refuse(IMAGES, "model.layers.1={type: MixUp}")
    assert "'MixUp' cannot be used: it mixes the labels of rows as it mixes images" in message
