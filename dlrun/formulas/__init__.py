"""What every layer computes, in plain NumPy, independent of TensorFlow and Keras."""

from dlrun.formulas.network import Node, Stage, Story, derivative, follow, read_nodes
from dlrun.formulas.statistics import Statistics, largest_places, statistics
from dlrun.formulas.working import NoFormulaError, Place, WeightedSum

__all__ = [
    "NoFormulaError", "Node", "Place", "Stage", "Statistics", "Story", "WeightedSum", "derivative",
    "follow", "largest_places", "read_nodes", "statistics",
]  # fmt: skip
