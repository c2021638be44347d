"""Output shapes and weights of Keras layers, known without Keras, from the shape of a sample."""

from dlrun.shapes.outputs import Shape, Weight, count_parameters
from dlrun.shapes.samples import Sample, find_sample
from dlrun.shapes.walk import Step, walk

__all__ = ["Sample", "Shape", "Step", "Weight", "count_parameters", "find_sample", "walk"]
