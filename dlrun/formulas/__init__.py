"""What every layer computes, in plain NumPy, independent of TensorFlow and Keras."""

from dlrun.formulas.network import Node, Stage, Story, derivative, follow, read_nodes
from dlrun.formulas.weights import weights_by_layer
from dlrun.formulas.working import NoFormulaError, Place, WeightedSum

__all__ = [
    "NoFormulaError",
    "Node",
    "Place",
    "Stage",
    "Story",
    "WeightedSum",
    "derivative",
    "follow",
    "read_nodes",
    "weights_by_layer",
]
