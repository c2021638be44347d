"""Layers that change images by chance do so by the seed, in training alone, and go on exactly."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.backend import keras, tf
from dlrun.shapes.images import AUGMENTING, BY_CHANCE

UNIT = {"value_range": (0, 1)}
ARGUMENTS = {
    "RandomBrightness": {"factor": 0.2, **UNIT},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {
        "brightness_factor": 0.3, "contrast_factor": 0.3, "saturation_factor": 0.3,
        "hue_factor": 0.3, **UNIT,
    },
    "RandomContrast": {"factor": 0.2},
    "RandomCrop": {"height": 8, "width": 8},
    "RandomGaussianBlur": {"factor": 1.0, **UNIT},
    "RandomGrayscale": {"factor": 0.5},
    "RandomHue": {"factor": 0.3, **UNIT},
    "RandomPosterization": {"factor": 4, **UNIT},
    "RandomRotation": {"factor": 0.2},
    "RandomSaturation": {"factor": 0.3},
    "RandomSharpness": {"factor": 0.5, **UNIT},
    "RandomShear": {"x_factor": 0.3, "y_factor": 0.3},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
    "Solarization": {"addition_factor": 0.3, "threshold_factor": 0.3, **UNIT},
    **dict.fromkeys(("RandAugment", "RandomElasticTransform"), UNIT),
    **dict.fromkeys(("RandomErasing", "RandomInvert"), UNIT),
}  # fmt: skip
FIXED = sorted({*AUGMENTING} - {*BY_CHANCE})
CHANCE = sorted({*BY_CHANCE, "RandomCrop"})
FAST = ("RandomFlip", "RandomBrightness", "RandomContrast", "RandomCrop")
X = np.random.default_rng(0).random((6, 12, 12, 3)).astype(np.float32)


def build(name):
    """A model of that layer alone, and what it does in training and in measuring, compiled."""
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(0)
    data = keras.Input((12, 12, 3))
    model = keras.Model(data, getattr(keras.layers, name)(**ARGUMENTS.get(name, {}))(data))
    signature = [tf.TensorSpec((None, 12, 12, 3))]

    def called(training):
        return tf.function(
            lambda x: model(x, training=training), autograph=False, input_signature=signature
        )

    return model, called(True), called(False)


@pytest.mark.parametrize(
    "name", [one if one in FAST else pytest.param(one, marks=pytest.mark.slow) for one in CHANCE]
)
def test_chance_is_told_by_the_seed(name):
    """Each batch draws anew; the state of the seed goes back, and another build draws the same."""
    model, train, measure = build(name)
    assert model.variables  # the checkpoint keeps them
    begin = [variable.numpy() for variable in model.variables]
    first, second = train(X).numpy(), train(X).numpy()
    assert not np.array_equal(first, second)
    for variable, value in zip(model.variables, begin, strict=True):
        variable.assign(value)
    assert np.array_equal(train(X), first)
    assert np.array_equal(train(X), second)
    _, train, _ = build(name)
    assert np.array_equal(train(X), first)
    measured = measure(X).numpy()
    assert np.array_equal(measured, measure(X))
    if name != "RandomCrop":  # it cuts out the middle
        assert np.array_equal(measured, X)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIXED)
def test_what_is_no_chance_is_done_always(name):
    """In measuring as in training."""
    model, train, measure = build(name)
    assert not model.variables
    assert np.array_equal(train(X), measure(X))
    assert not np.array_equal(train(X), X)
