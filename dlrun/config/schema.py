"""What a config means once it is valid: frozen values with every default filled in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

from dlrun.catalog.kinds import KINDS
from dlrun.config.nodes import Node, Place, Places
from dlrun.config.sections import Field, FieldInfo, Section
from dlrun.config.yaml import to_yaml
from dlrun.datasets.samples import find_sample

Fraction = Annotated[float, Field(gt=0, lt=1)]
MAX_SEED: Final = 2**32 - 1
DEFAULT_EXPORTS: Final = ("keras_model", "predictions")
"""What a run leaves behind where a config does not say it."""


@dataclass(frozen=True)
class Of:
    """Marks a field that holds words of a kind, as in `Annotated[Component, Of("losses")]`."""

    kind: str


def kind_of(field: FieldInfo) -> str | None:
    """The kind of word that a field holds, one or several; None for plain values and sections."""
    waiting = [field.annotation, *field.metadata]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Of):
            return part.kind
        waiting += get_args(part)
    return None


def section_of(field: FieldInfo) -> type[Section] | None:
    """The section that a field is; None for words and plain values."""
    held: Any = field.annotation
    is_section = isinstance(held, type) and issubclass(held, Section) and kind_of(field) is None
    return held if is_section else None


def keys_beside(kind: str) -> tuple[str, ...]:
    """The keys that dlrun itself understands beside every word of a kind."""
    section = globals().get(KINDS[kind].section)
    return section.own_keys() if section else ()


class Component(Section):
    """One word of the catalog with the arguments it is given: a loss, a metric, a callback."""

    type: str
    """The word, such as Adam or EarlyStopping."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """What it is given, the defaults that can be written down filled in."""


class DatasetConfig(Section):
    """Where the rows come from and how they are split."""

    type: str
    """The dataset: the name of a file in dlrun/datasets/."""

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    """The seed of generated rows and of the splits; null for the experiment's seed."""

    validation_split: Fraction | None = None
    """The share of the rows left by `test_split` that is watched, and never trained on."""

    test_split: Fraction | None = None
    """The share of all rows that is looked at once at the end, for datasets without test rows."""

    folds: int | None = Field(default=None, ge=2)
    """Into how many folds the training rows are dealt, with `fold`; null for no folds."""

    fold: int | None = Field(default=None, ge=1)
    """Which of the folds, counted from 1, is watched in this run and never trained on."""

    scale: Literal["standard", "minmax", "none"] = "none"
    """How features are scaled, each by itself, images as a whole; fitted on the training rows."""

    target_scale: Literal["standard", "minmax", "log"] | None = None
    """How a target of numbers is scaled for the loss; fitted on the training rows. Metrics and
    predictions stay in its own units."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """The dataset's own arguments, its defaults filled in."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that it names, a glob as it is written."""
        given = self.arguments.values()
        lists = (value if isinstance(value, list | tuple) else [value] for value in given)
        return tuple(one for items in lists for one in items if isinstance(one, Path))

    @property
    def image_folders(self) -> tuple[Path, ...]:
        """The folders in which the columns of a table say that their images are."""
        columns = self.arguments.get("columns")
        told = columns.values() if isinstance(columns, dict) else ()
        below = [one["folder"] for one in told if isinstance(one, dict) and one.get("folder")]
        return tuple(Path(path.parent, folder) for path in self.paths[:1] for folder in below)

    @property
    def split_by(self) -> dict[str, Any]:
        """How a column of a table says how rows are split, and its name; empty where none does."""
        given = self.arguments.get("split_by")
        return given if isinstance(given, dict) else {}

    @property
    def may_have_validation(self) -> bool:
        """Whether there are validation rows; of a column, or a folder, of splits the data tell."""
        if self.validation_split is not None or self.fold is not None or "column" in self.split_by:
            return True
        return find_sample(self.type, self.arguments).has_validation is not False


class LayerConfig(Section):
    """One layer of the model."""

    type: str
    """The layer: the name of a Keras class."""

    name: str
    """Its name, as Keras would give it where none is written: dense, dense_1, ..."""

    inputs: tuple[str, ...] | None = None
    """The names of layers or columns that it reads; 'input' is the data. Null: the layer above."""

    weights: list[Any] | Literal["imagenet"] | Path | None = Field(
        default=None, title="lists of numbers, 'imagenet', a path or null"
    )
    """Its starting weights as nested lists, such as [kernel, bias]; of a whole network, such as
    MobileNetV3Small, 'imagenet', a file, or null for none."""

    trainable: bool = True
    """Whether training changes its weights."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """The layer's own arguments, the defaults that can be written down filled in."""


class ModelConfig(Section):
    """The layers, as a stack or as a graph."""

    layers: tuple[Annotated[LayerConfig, Of("layers")], ...] = Field(min_length=1)
    """The layers in the order in which they are built; the last one is the output."""

    freeze: list[str] = Field(default_factory=list, title="a list of names of layers")
    """The names of layers that training does not change: each is as if it said 'trainable: false'.
    A config that extends another one can free them by an empty list."""

    @property
    def mappings(self) -> list[dict[str, Any]]:
        """The layers as mappings; of those that are frozen, `trainable` is false."""
        return [
            layer.as_dict() | {"trainable": layer.trainable and layer.name not in self.freeze}
            for layer in self.layers
        ]


class TrainingConfig(Section):
    """How the weights are fitted."""

    epochs: int = Field(default=10, ge=0)
    """How often the training rows are gone through; 0 only evaluates the starting weights."""

    batch_size: int = Field(default=32, ge=1)
    """How many rows each step sees."""

    shuffle: bool = True
    """Whether every epoch has an order of its own, told by the seed and the epoch."""

    class_weight: dict[str, Annotated[float, Field(ge=0)]] | Literal["balanced"] | None = Field(
        default=None, title="a weight for each class name, 'balanced' or null"
    )
    """How much each class counts, by class name, or the yes of each label by that of the label;
    'balanced' for the inverse of its frequency."""

    sampling: Literal["over", "under"] | None = None
    """Whether training rows of rare classes are repeated, or such of frequent ones left out."""

    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """What the layers compute in; mixed: in 16 bits, with weights of 32."""

    jit_compile: bool | Literal["auto"] = "auto"
    """Whether XLA compiles the training step; 'auto' does so on a GPU."""

    checkpoint_seconds: float = Field(default=30.0, ge=0)
    """The least time between two checkpoints, from which a killed run goes on."""

    callbacks: tuple[Annotated[Component, Of("callbacks")], ...] = ()
    """What is done after epochs, such as EarlyStopping."""


class PlotsConfig(Section):
    """How the plots of a report are written."""

    format: Literal["png", "svg", "pdf"] = "png"
    """What a report draws besides PNG: SVG, or PDF for papers; the numbers are CSV in any case."""


class Experiment(Section):
    """One experiment: what a config says, with every default filled in."""

    name: str = Field(min_length=1)
    """What its runs are called; the name of the file where it is left out."""

    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    """Where all randomness comes from: starting weights, the order of rows, dropout."""

    dataset: Annotated[DatasetConfig, Of("datasets")]
    """Where the rows come from."""

    model: ModelConfig
    """What is trained."""

    loss: Annotated[Component, Of("losses")] | None = None
    """What is made small; null only where nothing is trained."""

    optimizer: Annotated[Component, Of("optimizers")] | None = None
    """How it is made small; null only where nothing is trained."""

    metrics: tuple[Annotated[Component, Of("metrics")], ...] = ()
    """What is measured besides the loss."""

    training: TrainingConfig = Field(default_factory=TrainingConfig)
    """How the weights are fitted."""

    exports: tuple[Annotated[Component, Of("exporters")], ...] = ()
    """What a finished run leaves behind."""

    trackers: tuple[Annotated[Component, Of("trackers")], ...] = ()
    """Who else hears of every epoch, and of what comes out."""

    plots: PlotsConfig = Field(default_factory=PlotsConfig)
    """How the plots of its report are written."""

    @property
    def places(self) -> Places:
        """Where everything was written."""
        found: Places = vars(self).get("_places") or Places(Node(None, Place("")))
        return found

    def written_at(self, places: Places) -> Self:
        """Give the same experiment, which knows where it was written."""
        return self.model_copy(update={"_places": places})

    def to_yaml(self) -> str:
        """The resolved config; `load_config` on it gives an equal experiment."""
        return to_yaml(self.as_dict())
