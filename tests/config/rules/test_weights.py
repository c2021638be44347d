"""Weights that are written down."""

import pytest


def first(layer, weights):
    return f"model.layers[0]={{type: {layer}, name: hidden, weights: {weights}}}"


@pytest.mark.parametrize(
    ("layer", "weights"),
    [
        ("Dense, units: 2", "[[[1, 2], [3, 4]], [0, 0.5]]"),
        ("Dense, units: 2, use_bias: false", "[[[1, 2]]]"),
        ("Dense, units: 1", "[[[1.0], [1.0]], [-0.5]]"),
        ("Embedding, input_dim: 2, output_dim: 1", "[[[1], [2]]]"),
        ("Conv2D, filters: 1, kernel_size: [1, 2]", "[[[[[1]], [[2]]]], [0]]"),
        ("Conv1D, filters: 1, kernel_size: 2", "[[[[1]], [[2]]], [0]]"),
        ("LayerNormalization", "[[1, 1], [0, 0]]"),
        ("Dense, units: 2", "null"),
        ("PReLU", "[[[[1, 1], [0, 0]], [[1, 1], [0, 0]]]]"),
        ("SimpleRNN, units: 1", "[[[1], [2]], [[0]], [0]]"),
    ],
)
def test_weights_that_fit(accept, layer, weights):
    """The sizes that the input decides are left to the building of the model."""
    accept(first(layer, weights))


@pytest.mark.parametrize("weight", ["[[1, 2], [3]]", "[1, a]", "[null]", "true", "a", "[[1], 2]"])
def test_a_weight_is_an_array_of_numbers(say, weight):
    """Nested lists of equal length."""
    assert say(first("LayerNormalization", f"[[1, 1], {weight}]")) == [
        (
            "model.layers[0].weights[1]: A weight is a number or a nested list of numbers in equal "
            "rows. Write such as [[1.0], [1.0]]."
        )
    ]


@pytest.mark.parametrize(
    ("layer", "weights", "messages"),
    [
        (
            "Dense, units: 2",
            "[[[1, 2]]]",
            ["weights: Dense has 2 weights, got 1. Write [kernel (any, 2), bias (2,)]."],
        ),
        (
            "Dense, units: 2, use_bias: false",
            "[[[1, 2]], [0, 0]]",
            ["weights: Dense has 1 weight, got 2. Write [kernel (any, 2)]."],
        ),
        (
            "Dense, units: 2",
            "[[[1], [2]], [0]]",
            [
                (
                    "weights[0]: The kernel of Dense has the shape (any, 2), got (2, 1). "
                    "Compare it with units."
                ),
                (
                    "weights[1]: The bias of Dense has the shape (2,), got (1,). "
                    "Compare it with units."
                ),
            ],
        ),
        (
            "Embedding, input_dim: 3, output_dim: 1",
            "[[[1], [2]]]",
            [
                (
                    "weights[0]: The embeddings of Embedding have the shape (3, 1), got (2, 1). "
                    "Compare it with input_dim and output_dim."
                )
            ],
        ),
        (
            "Conv2D, filters: 2, kernel_size: 1",
            "[[[[1, 1]]], [0, 0]]",
            [
                (
                    "weights[0]: The kernel of Conv2D has the shape (1, 1, any, 2), got (1, 1, 2). "
                    "Compare it with filters and kernel_size."
                )
            ],
        ),
        (
            "LSTM, units: 1",
            "[[[1, 2, 3, 4]], [[1, 2]], [0, 0, 0, 0]]",
            [
                (
                    "weights[1]: The recurrent_kernel of LSTM has the shape (1, 4), got (1, 2). "
                    "Compare it with units."
                )
            ],
        ),
    ],
)
def test_weights_that_do_not_fit(say, layer, weights, messages):
    """Too few or too many, or of another shape than the arguments say."""
    assert say(first(layer, weights)) == [f"model.layers[0].{message}" for message in messages]
