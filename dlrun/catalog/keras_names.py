"""The public names of the installed Keras, kind by kind, and the aliases that Keras accepts."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Any, Final, NamedTuple

from dlrun.catalog import cache, source
from dlrun.catalog.kinds import KINDS

ACCESSORS: Final = {"get", "serialize", "deserialize"}


class Export(NamedTuple):
    """One public name of Keras."""

    module: str  # where it is defined
    name: str  # its name there
    public: str

    @property
    def is_class(self) -> bool:
        """Whether it is written as a class is, as networks are, too, which are functions."""
        return self.name[0].isupper()


@lru_cache
def origins(kind: str) -> dict[str, Export]:
    """The words of a kind that a config may use, each with what defines it."""
    is_function = kind == "activations"
    exports = [
        export
        for export in _exports(kind)
        if (export.name not in ACCESSORS if is_function else export.is_class)
    ]
    if kind == APPLICATIONS_AMONG:
        exports += applications().values()
    under_own_name = {export.name for export in exports if export.public == export.name}
    refused = REFUSED.get(kind, {})
    # A class with several public names is known by the one it was defined with, if that is public.
    return {
        export.public: export
        for export in exports
        if export.public not in refused
        and (export.public == export.name or export.name not in under_own_name)
    }


APPLICATIONS_AMONG: Final = "layers"
"""The kind among whose words the networks of `keras.applications` are."""


@lru_cache
def applications() -> dict[str, Export]:
    """The networks of `keras.applications`, each with the function that builds it."""
    return {export.public: export for export in _exports_of("applications") if export.is_class}


@lru_cache
def aliases(kind: str) -> dict[str, str]:
    """Other spellings that Keras accepts for the words of a kind."""
    words = origins(kind)
    found = {export.public: export.name for export in _exports(kind)}
    spell = KINDS[kind].spell
    if spell:
        found |= {spell(word): word for word in words}
    found |= {alias: found.get(name, name) for alias, name in _written_aliases(kind).items()}
    return {alias: word for alias, word in found.items() if word in words and alias not in words}


FILE_ARGUMENTS: Final = ("filepath", "filename", "log_dir", "directory")
"""The arguments by which Keras's callbacks name what they write."""


def _written(exports: list[Export]) -> list[list[str]]:
    return [[*export] for export in exports]


def _read(rows: Any) -> list[Export]:
    return [Export(*map(cache.text, row)) for row in rows]


def _exports(kind: str) -> list[Export]:
    return _exports_of(KINDS[kind].keras) if KINDS[kind].keras else []


@cache.kept("signatures", _written, _read)
def _exports_of(package: str) -> list[Export]:
    tree = ast.parse(source.module_text(f"keras.{package}"))
    return [
        Export(node.module, name.name, name.asname or name.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    ]


@cache.kept("signatures", dict, cache.texts)
def _written_aliases(kind: str) -> dict[str, str]:
    """The aliases written into Keras's lookup tables: `{"mse": mean_squared_error}`."""
    found: dict[str, str] = {}
    package = KINDS[kind].keras
    tree = ast.parse(source.module_text(f"keras.src.{package}") if package else "")
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found |= {
                str(key.value): value.id
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(value, ast.Name)
            }
        elif (
            isinstance(node, ast.Assign)
            and isinstance(target := node.targets[0], ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and isinstance(node.value, ast.Name)
        ):
            found[str(target.slice.value)] = node.value.id
    return found


CODE: Final = "it runs code that a config cannot hold"
ABSTRACT: Final = "it is a base class for others"
INPUT: Final = "the input comes from the dataset; name it 'input' in 'inputs'"
FUNCTION: Final = "it takes a Python function, which a config cannot hold"
TEXT: Final = "it works on text, and data are numbers"
OWN_PROGRESS: Final = "dlrun keeps the history and shows the progress itself"
LOSS_ONLY: Final = "it is a loss, and Keras has no metric of that name; 'loss' is logged as it is"
METRIC_ONLY: Final = "it is the metric {}, and Keras has no such loss"
SAME_MINIMUM: Final = {
    "root_mean_squared_error": "mean_squared_error has its minimum at the same weights",
}
"""What to train with, where a metric names what is wanted."""

LABELS_TOO: Final = "it mixes the labels of rows as it mixes images, and a layer sees no labels"
REFUSED: Final[dict[str, dict[str, str]]] = {
    "layers": {
        "Lambda": CODE,
        "TFSMLayer": CODE,
        "TorchModuleWrapper": CODE,
        "JaxLayer": CODE,
        "FlaxLayer": CODE,
        "Layer": ABSTRACT,
        "Wrapper": ABSTRACT,
        "Input": INPUT,
        "InputLayer": INPUT,
        "InputSpec": INPUT,
        "StringLookup": TEXT,
        "TextVectorization": TEXT,
        "HashedCrossing": "it takes features as a tuple of columns, and data are one array",
        "MaxNumBoundingBoxes": "it works on bounding boxes, which no dataset has",
        "AugMix": "Keras draws its operations once, when it compiles, and not for each batch",
        "CutMix": LABELS_TOO,
        "MixUp": LABELS_TOO,
        "Equalization": "Keras itself cannot build a model with it",
        "Pipeline": "it only holds other layers; write them out",
    },
    "losses": {
        "Loss": ABSTRACT,
        "CTC": "it compares sequences of labels, and a row has one label",
    },
    "metrics": {
        "Metric": ABSTRACT,
        "Mean": "it averages one value and cannot compare targets with predictions",
        "Sum": "it sums one value and cannot compare targets with predictions",
        "MeanMetricWrapper": FUNCTION,
    },
    "optimizers": {
        "Optimizer": ABSTRACT,
        "LossScaleOptimizer": "it wraps another optimizer",
        "MultiOptimizer": "it needs one optimizer for each set of variables",
        "OptimizerMap": "it needs one optimizer for each set of variables",
    },
    "schedules": {"LearningRateSchedule": ABSTRACT},
    "callbacks": {
        "Callback": ABSTRACT,
        "CallbackList": ABSTRACT,
        "LambdaCallback": FUNCTION,
        "LearningRateScheduler": (
            "it takes a Python function; give the optimizer a learning_rate such as"
            " {type: ExponentialDecay, ...}"
        ),
        "History": OWN_PROGRESS,
        "ProgbarLogger": OWN_PROGRESS,
        "BackupAndRestore": "it does not restore a run exactly; dlrun keeps checkpoints itself",
    },
    "initializers": {"Initializer": ABSTRACT},
    "regularizers": {"Regularizer": ABSTRACT},
    "constraints": {"Constraint": ABSTRACT},
    "activations": {"threshold": "it needs arguments, and an activation is a word alone"},
}
