"""Rules about weights that are written down: numbers in equal rows, of a shape that can fit."""

from collections.abc import Iterator

from dlrun.config.schema import Experiment
from dlrun.errors import Problem
from dlrun.shapes.walk import layer_of, weights_of
from dlrun.shapes.weights import weight_misfits

SIZES = ("units", "filters", "kernel_size", "input_dim", "output_dim")


def weights_fit_the_layer(experiment: Experiment) -> Iterator[Problem]:
    """As many weights as the layer has, each of a shape that goes with its arguments."""
    for index, layer in enumerate(experiment.model.layers):
        if layer.weights is not None:
            named = " and ".join(name for name in SIZES if name in layer.arguments)
            fix = f"Compare it with {named}." if named else "The input decides what is 'any'."
            wanted, path = weights_of(layer_of(layer.as_dict())), f"model.layers[{index}]"
            yield from weight_misfits(layer.type, wanted, layer.weights, path, fix=fix)
