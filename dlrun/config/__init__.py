"""The contract that comes in: a YAML file checked and frozen as an `Experiment`."""

from dlrun.config.loading import load_config, locate, locating
from dlrun.config.schema import (
    Component,
    DatasetConfig,
    Experiment,
    LayerConfig,
    ModelConfig,
    TrainingConfig,
)

__all__ = [
    "Component",
    "DatasetConfig",
    "Experiment",
    "LayerConfig",
    "ModelConfig",
    "TrainingConfig",
    "load_config",
    "locate",
    "locating",
]
