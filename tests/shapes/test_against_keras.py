"""What is told without Keras is what Keras says: shapes, weights, and which layer does not fit."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings

from dlrun.errors import ConfigError
from dlrun.shapes import count_parameters, walk
from tests.shapes.networks import networks

LAYER = re.compile(r"model\.layers\[(\d+)\]")


def keras_says(sample, layers):
    """The model, or the number of the layer that Keras refuses."""
    from dlrun.models.build import build_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of masks that a layer drops
        try:
            return build_model(layers, input_shape=sample, seed=0, name="network"), None
        except ConfigError as error:
            (problem,) = error.problems
            return problem, int(LAYER.match(problem.path)[1])


def assert_equal(model, steps):
    """Every shape, every weight and the sums are those of the model."""
    for step in steps:
        built = model.get_layer(step.name)
        assert (None, *step.shape) == tuple(built.output.shape), step
        found = [(weight.name, tuple(weight.shape)) for weight in built.weights]
        assert [(weight.name, weight.shape) for weight in step.weights] == found, step
        assert count_parameters(step.weights) == built.count_params()
        trained = sum(weight.shape.num_elements() for weight in built.trainable_weights)
        assert count_parameters(step.weights, trainable=True) == trained, step


@pytest.mark.slow
@settings(max_examples=400)
@given(networks())
def test_networks(network):
    """A random network is told as Keras builds it, or refused at the layer that Keras refuses."""
    sample, layers = network
    steps = walk(layers, sample)
    refused = [index for index, step in enumerate(steps) if step.problem is not None]
    model, refused_by_keras = keras_says(sample, layers)
    assert refused == ([] if refused_by_keras is None else [refused_by_keras]), model
    if not refused:
        assert_equal(model, steps)
