"""What every layer computes, in plain NumPy, independent of TensorFlow and Keras."""

from dlrun.formulas.network import ForwardPass, Node, Stage, derivative, follow, read_nodes
from dlrun.formulas.working import (
    NoFormulaError,
    Place,
    Statistics,
    WeightedSum,
    largest_places,
    statistics,
)

__all__ = [
    "ForwardPass", "NoFormulaError", "Node", "Place", "Stage", "Statistics", "WeightedSum",
    "derivative", "follow", "largest_places", "read_nodes", "statistics",
]  # fmt: skip
