"""A metric that would give a number without meaning is refused before the first step."""

from __future__ import annotations

import json

import pytest

from dlrun import catalog
from dlrun.catalog import metric_labels
from dlrun.catalog.metric_labels import misfit


@pytest.mark.parametrize(
    ("form", "output", "metric", "message"),
    [
        ("index", "probability", {"type": "CategoricalAccuracy"}, "does not take class numbers"),
        ("index", "probability", {"type": "Precision"}, "does not take class numbers"),
        ("index", "probability", {"type": "MeanSquaredError"}, "does not take class numbers"),
        ("one_hot", "probability", {"type": "SparseCategoricalAccuracy"}, "takes class numbers"),
        ("binary", "probability", {"type": "CategoricalAccuracy"}, "takes one-hot labels"),
        ("sign", "score", {"type": "BinaryAccuracy"}, "this loss uses -1 and +1"),
        ("sign", "score", {"type": "BinaryCrossentropy"}, "this loss uses -1 and +1"),
        ("binary", "logit", {"type": "BinaryAccuracy", "threshold": 0.5}, "outputs are logits"),
        ("binary", "logit", {"type": "Precision", "thresholds": None}, "outputs are logits"),
        ("one_hot", "logit", {"type": "CategoricalCrossentropy"}, "outputs are logits"),
    ],
)
def test_a_metric_that_misreads_labels_or_outputs_is_refused(form, output, metric, message):
    """With what it takes and what it would get."""
    what, _ = misfit(metric, label_form=form, output=output)
    assert message in what


@pytest.mark.parametrize(
    ("form", "output", "metric"),
    [
        ("index", "probability", {"type": "SparseTopKCategoricalAccuracy"}),
        ("one_hot", "probability", {"type": "Precision"}),
        ("one_hot", "probability", {"type": "CategoricalAccuracy"}),
        ("binary", "probability", {"type": "AUC"}),
        ("sign", "score", {"type": "MeanSquaredError"}),
        ("sign", "score", {"type": "Hinge"}),
        ("binary", "logit", {"type": "AUC", "from_logits": True}),
        ("binary", "logit", {"type": "BinaryAccuracy", "threshold": 0.0}),
        ("binary", "logit", {"type": "Precision", "thresholds": 0}),
        ("one_hot", "logit", {"type": "CategoricalCrossentropy", "from_logits": True}),
        ("one_hot", "logit", {"type": "CategoricalAccuracy"}),
    ],
)
def test_a_metric_that_reads_them_right_is_taken(form, output, metric):
    """No false refusals."""
    assert misfit(metric, label_form=form, output=output) is None


def test_the_tables_name_metrics_that_exist():
    """So that a renamed one is noticed."""
    named = metric_labels.PROBABILITIES | metric_labels.SPARSE | metric_labels.CATEGORICAL
    assert named | metric_labels.ANY_LABELS <= set(catalog.words("metrics"))


def test_the_refusal_names_the_metric_in_the_config(dlrun, tmp_path):
    """With its position."""
    config = {
        "dataset": {"type": "blobs"},
        "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
        "loss": "sparse_categorical_crossentropy",
        "optimizer": "SGD",
        "metrics": ["accuracy", "categorical_accuracy"],
    }
    (tmp_path / "blobs.yaml").write_text(json.dumps(config))
    told = dlrun("train", "blobs.yaml", code=2).err
    assert "blobs.yaml:1:" in told
    assert "metrics[1]: CategoricalAccuracy does not take class numbers" in told
