"""Words of Keras that cannot be used in a config, each with the reason a user is told."""

from __future__ import annotations

from typing import Final

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
