"""Output shapes and weights of Keras layers, known without Keras, from the shape of a sample."""

from dlrun.shapes.layer import Shape, Weight, count_parameters
from dlrun.shapes.walk import Step, walk

__all__ = ["Shape", "Step", "Weight", "count_parameters", "walk"]
