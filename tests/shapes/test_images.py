"""Layers that change images give what Keras says they give."""

from __future__ import annotations

import pytest

from dlrun.shapes import images, walk
from dlrun.shapes.images import AUGMENTING, CHANNELS
from dlrun.shapes.layer import ONE_INPUT
from tests.shapes.networks import complete
from tests.shapes.test_against_keras import keras_says

ARGUMENTS = {
    "height": 4, "width": 5, "factor": 0.2, "height_factor": 0.1, "width_factor": 0.1,
    "output_size": 2, "scale": 1.0, "filters": 3, "kernel_size": 2,
}  # fmt: skip
LEFT_TO_KERAS = ("RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
RANKS = {"1": (6, 3), "2": (8, 9, 3), "3": (4, 4, 5, 2)}


def layer(word):
    """The layer with what it needs."""
    from dlrun.catalog import find

    needed = [one.name for one in find("layers", word).parameters if one.required]
    given = {name: ARGUMENTS[name] for name in needed if name in ARGUMENTS}
    if word == "RandomPosterization":
        given["factor"] = 3
    return complete(word, "layer", **given)


def sample(word):
    """A sample that the layer takes."""
    return RANKS[word[-2]] if word.startswith("Adaptive") else RANKS["2"]


@pytest.mark.parametrize(
    "word",
    [
        word
        for word, function in ONE_INPUT.items()
        if function.__module__ == images.__name__ and word not in LEFT_TO_KERAS
    ],
)
def test_the_output_has_the_shape_that_keras_gives_it(word):
    """One layer on one image."""
    layers = [layer(word)]
    (step,) = walk(layers, sample(word))
    assert step.shape is not None
    model, refused = keras_says(sample(word), layers)
    assert refused is None
    assert (None, *step.shape) == tuple(model.output_shape)


@pytest.mark.parametrize("word", AUGMENTING)
def test_rows_are_no_images(word):
    """A sample of two axes is refused, which Keras would take for an image without a batch."""
    (step,) = walk([layer(word)], (8, 8))
    assert "takes an input of shape (height, width, channels), got (8, 8)" in step.problem.what


@pytest.mark.parametrize("word", CHANNELS)
def test_the_number_of_channels_matters(word):
    """Grey or colour, or colour alone."""
    (step,) = walk([layer(word)], (8, 8, 5))
    assert step.problem.what.endswith("channels, got (8, 8, 5).")


def test_a_sequence_of_images():
    """ConvLSTM2D takes one axis more than Conv2D."""
    (step,) = walk([layer("ConvLSTM2D")], (8, 8, 1))
    assert step.problem.what == (
        "ConvLSTM2D takes an input of shape (steps, height, width, channels), "
        "got (8, 8, 1) from the data."
    )
    (step,) = walk([layer("ConvLSTM2D")], (3, 8, 8, 1))
    assert step.problem is None
    assert step.shape is None
