"""The formulas agree with TensorFlow, layer by layer, and their derivatives with its tape."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.formulas import derivative, follow
from tests.formulas.networks import NETWORKS


def test_there_are_at_least_forty_networks():
    """Without those that differ in their activation only."""
    assert len(NETWORKS) - 30 >= 40


@pytest.mark.parametrize(("sample", "layers"), NETWORKS.values(), ids=NETWORKS)
def test_every_layer_gives_what_tensorflow_gives(sample, layers, build):
    """Within 1e-5, in every layer and not only at the end; so do the derivatives, within 1e-4."""
    from dlrun.backend import keras, tf

    nodes, model, x = build(sample, layers)
    forward_pass = follow(nodes, x)
    assert forward_pass.ending is None
    outputs = [model.get_layer(node.name).output for node in nodes]
    given = tf.constant(x[None])
    network = keras.Model(model.input, outputs)
    if "channels_first" in layers:
        # TensorFlow convolves channels first on some processors only, XLA on all.
        network = tf.function(network, jit_compile=True)
    with tf.GradientTape() as tape:
        tape.watch(given)
        expected = network(given, training=False)
        expected = expected if isinstance(expected, list) else [expected]
        place = tuple(size // 2 for size in expected[-1].shape[1:])
        picked = expected[-1][(0, *place)]
    for stage, other in zip(forward_pass.stages, expected, strict=True):
        assert stage.working.output.shape == other.shape[1:]
        np.testing.assert_allclose(stage.working.output, other[0], rtol=1e-5, atol=1e-5)
    slope, theirs = derivative(nodes, x, place), tape.gradient(picked, given)
    if theirs is None:
        assert slope is None
    else:
        np.testing.assert_allclose(slope, theirs[0], rtol=1e-4, atol=1e-4)
