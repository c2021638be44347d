"""What a config means once it is valid: frozen values with every default filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from dlrun.config.places import Node, Place, Places
from dlrun.config.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

Fraction = Annotated[float, Field(gt=0, lt=1)]
MAX_SEED: Final = 2**32 - 1


class Section(BaseModel):
    """A part of a config: frozen, and strict about the types of its values."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True
    )


class Component(Section):
    """One word of the catalog with the arguments it is given: a loss, a metric, a callback."""

    type: str
    """The word, such as Adam or EarlyStopping."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """What it is given, the defaults that can be written down filled in."""

    def as_dict(self) -> dict[str, Any]:
        """The component as it stands in YAML: `{"type": "Adam", "learning_rate": 0.001}`."""
        return {"type": self.type, **self.arguments}


class DatasetConfig(Section):
    """Where the rows come from and how they are split."""

    type: str
    """The dataset: the name of a file in dlrun/datasets/."""

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    """The seed of generated rows and of the splits; null for the experiment's seed."""

    validation_split: Fraction | None = None
    """The share of the training rows that is watched during training and never trained on."""

    test_split: Fraction | None = None
    """The share of all rows that is looked at once at the end, for datasets without test rows."""

    scale: Literal["standard", "minmax", "none"] = "none"
    """How features are scaled, each by itself, images as a whole; fitted on the training rows."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """The dataset's own arguments, its defaults filled in."""

    def as_dict(self) -> dict[str, Any]:
        """The section as it stands in YAML."""
        return _merged(self)


class LayerConfig(Section):
    """One layer of the model."""

    type: str
    """The layer: the name of a Keras class."""

    name: str
    """Its name, as Keras would give it where none is written: dense, dense_1, ..."""

    inputs: tuple[str, ...] | None = None
    """The names of the layers that it reads; 'input' is the data. Left out: the layer above."""

    weights: list[Any] | None = None
    """Its starting weights as nested lists, such as [kernel, bias]."""

    trainable: bool = True
    """Whether training changes its weights."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """The layer's own arguments, the defaults that can be written down filled in."""

    def as_dict(self) -> dict[str, Any]:
        """The layer as it stands in YAML, with its inputs as a list."""
        merged = _merged(self)
        return merged | {"inputs": None if self.inputs is None else list(self.inputs)}


class ModelConfig(Section):
    """The layers, as a stack or as a graph."""

    layers: tuple[LayerConfig, ...] = Field(min_length=1)
    """The layers in the order in which they are built; the last one is the output."""


class TrainingConfig(Section):
    """How the weights are fitted."""

    epochs: int = Field(default=10, ge=0)
    """How often the training rows are gone through; 0 only evaluates the starting weights."""

    batch_size: int = Field(default=32, ge=1)
    """How many rows each step sees."""

    shuffle: bool = True
    """Whether every epoch has an order of its own, told by the seed and the epoch."""

    class_weight: dict[str, Annotated[float, Field(ge=0)]] | Literal["balanced"] | None = None
    """How much each class counts, by class name; 'balanced' for the inverse of its frequency."""

    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """What the layers compute in; mixed: in 16 bits, with weights of 32."""

    jit_compile: bool | Literal["auto"] = "auto"
    """Whether XLA compiles the training step; 'auto' does so on a GPU."""

    checkpoint_seconds: float = Field(default=30.0, ge=0)
    """The least time between two checkpoints, from which a killed run goes on."""

    callbacks: tuple[Component, ...] = ()
    """What is done after epochs, such as EarlyStopping."""


class Experiment(Section):
    """One experiment: what a config says, with every default filled in."""

    name: str = Field(min_length=1)
    """What its runs are called; the name of the file where it is left out."""

    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    """Where all randomness comes from: starting weights, the order of rows, dropout."""

    dataset: DatasetConfig
    """Where the rows come from."""

    model: ModelConfig
    """What is trained."""

    loss: Component | None = None
    """What is made small; null only where nothing is trained."""

    optimizer: Component | None = None
    """How it is made small; null only where nothing is trained."""

    metrics: tuple[Component, ...] = ()
    """What is measured besides the loss."""

    training: TrainingConfig = Field(default_factory=TrainingConfig)
    """How the weights are fitted."""

    exports: tuple[Component, ...] = ()
    """What a finished run leaves behind."""

    _places: Places = PrivateAttr(default_factory=lambda: Places(Node(None, Place(""))))

    @property
    def places(self) -> Places:
        """Where everything was written."""
        return self._places

    def as_dict(self) -> dict[str, Any]:
        """The experiment as it stands in YAML, in the order of the language."""
        training = self.training
        return {
            "name": self.name,
            "seed": self.seed,
            "dataset": self.dataset.as_dict(),
            "model": {"layers": [layer.as_dict() for layer in self.model.layers]},
            "loss": self.loss and self.loss.as_dict(),
            "optimizer": self.optimizer and self.optimizer.as_dict(),
            "metrics": [metric.as_dict() for metric in self.metrics],
            "training": {
                "epochs": training.epochs,
                "batch_size": training.batch_size,
                "shuffle": training.shuffle,
                "class_weight": training.class_weight,
                "precision": training.precision,
                "jit_compile": training.jit_compile,
                "checkpoint_seconds": training.checkpoint_seconds,
                "callbacks": [callback.as_dict() for callback in training.callbacks],
            },
            "exports": [export.as_dict() for export in self.exports],
        }

    def to_yaml(self) -> str:
        """The resolved config; `load_config` on it gives an equal experiment."""
        return to_yaml(self.as_dict())


def _merged(section: DatasetConfig | LayerConfig) -> dict[str, Any]:
    own: Mapping[str, Any] = {
        name: getattr(section, name) for name in type(section).model_fields if name != "arguments"
    }
    return {**own, **section.arguments}
