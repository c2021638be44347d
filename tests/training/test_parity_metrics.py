"""Every metric of the installed Keras logs what it logs under `fit`, over both splits."""

from __future__ import annotations

import pytest

from dlrun import catalog
from tests.marking import first
from tests.training.parity import Case, check, component, train_by_dlrun

HIDDEN = {"type": "Dense", "units": 6, "activation": "relu"}
ADAM = {"type": "Adam", "learning_rate": 0.05}


def case(units, activation, loss, target, *metrics, **changes):
    """A network with one hidden layer, watched by many metrics."""
    output = {"type": "Dense", "units": units, "activation": activation}
    return Case((HIDDEN, output), loss, ADAM, metrics, target=target, **changes)


TABLE = {
    "numbered classes": case(
        3,
        "softmax",
        "SparseCategoricalCrossentropy",
        "index",
        "SparseCategoricalAccuracy",
        {"type": "SparseTopKCategoricalAccuracy", "k": 2},
        "SparseCategoricalCrossentropy",
        {"type": "IoU", "num_classes": 3, "target_class_ids": [0, 2], "sparse_y_pred": False},
        {"type": "MeanIoU", "num_classes": 3, "sparse_y_pred": False},
    ),
    "one-hot classes": case(
        3,
        "softmax",
        "CategoricalCrossentropy",
        "one_hot",
        "CategoricalAccuracy",
        {"type": "TopKCategoricalAccuracy", "k": 2},
        {"type": "AUC", "multi_label": True, "num_thresholds": 50},
        {"type": "Precision", "class_id": 1},
        {"type": "Recall", "top_k": 2},
        "F1Score",
        {"type": "FBetaScore", "beta": 0.5, "average": "macro"},
        "CategoricalHinge",
        "CategoricalCrossentropy",
        "KLDivergence",
        {"type": "OneHotIoU", "num_classes": 3, "target_class_ids": [1]},
        {"type": "OneHotMeanIoU", "num_classes": 3},
    ),
    "two classes": case(
        1,
        "sigmoid",
        "BinaryCrossentropy",
        "binary",
        {"type": "BinaryAccuracy", "threshold": 0.4},
        "AUC",
        {"type": "AUC", "curve": "PR", "name": "area", "summation_method": "minoring"},
        "Precision",
        "Recall",
        {"type": "F1Score", "threshold": 0.5, "average": "micro"},
        {"type": "BinaryIoU", "target_class_ids": [0, 1], "threshold": 0.5},
        "BinaryCrossentropy",
        weighted=True,
    ),
    "two classes, counted": case(
        1,
        "sigmoid",
        "BinaryCrossentropy",
        "binary",
        "TruePositives",
        "TrueNegatives",
        "FalsePositives",
        # With several thresholds, Keras 3.15 hands its history the variable itself, so that the
        # training column of `fit` shows the counts of the validation rows.
        {"type": "FalseNegatives", "thresholds": 0.7},
        {"type": "PrecisionAtRecall", "recall": 0.6},
        {"type": "RecallAtPrecision", "precision": 0.6},
        {"type": "SensitivityAtSpecificity", "specificity": 0.5},
        {"type": "SpecificityAtSensitivity", "sensitivity": 0.5},
    ),
    "signs": case(1, "tanh", "Hinge", "sign", "Hinge", "SquaredHinge"),
    "numbers": case(
        2,
        None,
        "MeanSquaredError",
        "value",
        "MeanAbsoluteError",
        "MeanSquaredError",
        "RootMeanSquaredError",
        "LogCoshError",
        "CosineSimilarity",
        "R2Score",
        {"type": "R2Score", "class_aggregation": None, "name": "each"},
        "ConcordanceCorrelation",
        "PearsonCorrelation",
    ),
    "positive numbers": case(
        2,
        "softplus",
        "Poisson",
        "positive",
        "Poisson",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        weighted=True,
    ),
}

ROWLESS = dict.fromkeys(
    ("accuracy", "Accuracy"), "they fit themselves to the labels: one of the others, or sides"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", first(1, TABLE))
def test_metrics_log_what_they_log_under_fit(name):
    """Every column, of the training and of the validation rows, in every epoch."""
    check(TABLE[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", first(1, TABLE))
def test_an_epoch_of_one_batch_logs_what_it_logs_under_fit(name):
    """Then no variable keeps what a metric has seen."""
    check(TABLE[name], batch_size=10_000)


@pytest.mark.slow
def test_a_metric_with_several_values_has_a_column_for_each():
    """Keras's history holds an array; a row of a CSV holds numbers."""
    found = train_by_dlrun(TABLE["one-hot classes"], epochs=1)
    columns = [name for name in found.history if name.startswith("val_f1_score")]
    assert columns == ["val_f1_score_0", "val_f1_score_1", "val_f1_score_2"]


def test_the_table_has_every_metric_of_the_catalog():
    """What a new Keras brings cannot be missed."""
    rows = {component(word)["type"] for one in TABLE.values() for word in one.metrics}
    assert rows | set(ROWLESS) == set(catalog.words("metrics"))
