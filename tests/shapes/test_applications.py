"""What is told of the networks of `keras.applications` without building them."""

import pytest

from dlrun import catalog
from dlrun.shapes.applications import NETWORKS
from dlrun.shapes.walk import walk

WORDS = catalog.family_members("applications")
SIZES = ((107, 96),)
"""Images whose sides leave other remainders at every step."""


def step(word, shape, **arguments):
    """Carry the shape of an image through a network."""
    taken = {one.name: one.written_default for one in catalog.find("layers", word).parameters}
    layer = {"type": word, "name": "base", "inputs": ["input"], "trainable": True}
    return walk([{**layer, **taken, **arguments}], shape)[0]


def built(word, shape, **arguments):
    """Build a network as Keras does, but for its weights, which stay without numbers."""
    from keras.src.backend.common.stateless_scope import StatelessScope

    from dlrun.backend import keras

    with StatelessScope(initialize_variables=False):
        return getattr(keras.applications, word)(
            input_shape=shape, weights=None, include_top=False, **arguments
        )


def test_every_network_is_known():
    assert sorted(NETWORKS) == sorted(WORDS)


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
def test_each_gives_what_keras_gives(word):
    for size in SIZES:
        shape = (*size, 3)
        assert step(word, shape, include_top=False).shape == built(word, shape).output_shape[1:]


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
def test_each_has_the_smallest_image_that_keras_takes(word):
    least = NETWORKS[word].least
    if least > 32:
        with pytest.raises(ValueError, match="at least"):
            built(word, (least - 1, least, 3))
    too_small = step(word, (least - 1, least, 3)).problem
    assert f"{word} takes images of ({least}, {least}) pixels at least" in too_small.what
    assert step(word, (least, least, 3)).problem is None


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.35, 0.5, 0.75, 1.0, 1.3])
@pytest.mark.parametrize(
    "word", ["MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large"]
)
def test_a_width_multiplier_changes_the_maps(word, alpha):
    maps = built(word, (32, 32, 3), alpha=alpha, pooling="avg").output_shape[1:]
    assert step(word, (32, 32, 3), alpha=alpha, include_top=False, pooling="avg").shape == maps
