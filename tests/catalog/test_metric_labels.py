"""A metric that would give a number without meaning is refused before the first step."""

from __future__ import annotations

import json

import pytest

from dlrun import catalog
from dlrun.catalog import label_forms
from dlrun.catalog.label_forms import Handed, Targets, caution, handed, misfit


def what_is_handed(form, output):
    """Labels and outputs of a usual shape."""
    alone = form in ("binary", "sign")
    return Handed(form, output, 1 if alone else 7, alone=alone)


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
    what, _ = misfit(metric, what_is_handed(form, output))
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
    assert misfit(metric, what_is_handed(form, output)) is None


def test_the_tables_name_every_metric():
    """So that a renamed one, or a new one, is noticed."""
    named = {word for kind in label_forms.KINDS.values() for word in kind.words.split()}
    named -= {"accuracy", "acc"}
    assert named == set(catalog.words("metrics")) - {"accuracy"}


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


def fix_of(metric, got):
    """What a refusal advises."""
    return misfit({"type": metric} if isinstance(metric, str) else metric, got)[1]


@pytest.mark.parametrize(
    ("metric", "got", "fix"),
    [
        ({"type": "MeanIoU", "num_classes": 3}, Handed("one_hot", "probability", 3),
         "Give it 'sparse_y_pred: false' and 'sparse_y_true: false'."),
        ({"type": "MeanIoU", "num_classes": 3}, Handed("index", "probability", 3),
         "Give it 'sparse_y_pred: false'."),
        ("MeanIoU", Handed("binary", "probability", 1, alone=True), "Use BinaryIoU."),
        ("BinaryIoU", Handed("one_hot", "probability", 3),
         "Use {type: OneHotMeanIoU, num_classes: 3}."),
        ("BinaryAccuracy", Handed("one_hot", "probability", 3), "Use accuracy."),
        ("BinaryCrossentropy", Handed("one_hot", "probability", 3),
         "Use categorical_crossentropy."),
        ("CategoricalCrossentropy", Handed("binary", "probability", 1, alone=True),
         "Use binary_crossentropy."),
        ("accuracy", Handed("flags", "probability", 3, alone=True, named=False),
         "Use binary_accuracy."),
        ("accuracy", Handed("one_hot", "probability", 3, 2, named=False),
         "Use categorical_accuracy."),
        ("F1Score", Handed("numbers", "score", 1, named=False),
         "Use mean_absolute_error or r2_score."),
        ("F1Score", Handed("one_hot", "probability", 3, 2, named=False),
         "Use categorical_accuracy."),
        ("PearsonCorrelation", Handed("numbers", "score", 1, named=False),
         "Use mean_absolute_error or r2_score."),
        ({"type": "TopKCategoricalAccuracy", "k": 5}, Handed("one_hot", "probability", 3),
         "Use a smaller number."),
        ({"type": "Precision", "class_id": 3}, Handed("one_hot", "probability", 3),
         "Leave 'class_id' out."),
        ("Hinge", Handed("binary", "probability", 1, alone=True), "Use accuracy."),
        ("MeanSquaredLogarithmicError", Handed("numbers", "score", 1, below_zero=True),
         "Use mean_squared_error or mean_absolute_error."),
        ("MeanAbsolutePercentageError", Handed("numbers", "score", 1, zero=True),
         "Use mean_absolute_error."),
    ],
)  # fmt: skip
def test_a_refusal_names_what_fits(metric, got, fix):
    """A metric of the same purpose where there is one, or the arguments."""
    assert fix_of(metric, got) == fix


@pytest.mark.parametrize(
    ("targets", "loss", "activation", "outputs", "labels"),
    [
        ("flags", "binary_crossentropy", "sigmoid", (3,), "flags"),
        ("flags", "mse", "sigmoid", (1,), "binary"),
        ("one_hot", "binary_crossentropy", "sigmoid", (3,), "flags"),
        ("one_hot", "mse", "softmax", (3,), "one_hot"),
        ("one_hot", "categorical_crossentropy", "softmax", (8, 8, 3), "one_hot"),
        ("shares", "kl_divergence", "softmax", (3,), "shares"),
        ("shares", "mse", "linear", (3,), "fractions"),
        ("numbers", "mse", "linear", (3,), "numbers"),
    ],
)
def test_targets_are_read_as_the_ending_reads_them(targets, loss, activation, outputs, labels):
    """A row with a single 1 is one choice for a softmax, and several labels for sigmoids."""
    got = handed(
        loss=loss,
        from_logits=False,
        activation=activation,
        outputs=outputs,
        form="value",
        targets=Targets(targets),
    )
    assert got.labels == labels


def test_what_is_pooled_is_told():
    """Precision of a softmax without a class is the accuracy of two classes."""
    got = Handed("one_hot", "probability", 2)
    assert caution({"type": "Precision"}, got) == (
        "Precision pools all 2 classes, so it is not that of one class; "
        "'class_id: 1' looks at one class."
    )
    assert "'multi_label: true'" in caution({"type": "AUC"}, got)
    assert caution({"type": "Precision", "class_id": 1}, got) is None
    assert caution({"type": "Precision"}, Handed("binary", "probability", 1, alone=True)) is None


def test_a_metric_that_cannot_fit_is_told_by_validate(dlrun, tmp_path):
    """As far as the config tells; all of them at once."""
    config = {
        "dataset": {"type": "moons"},
        "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
        "loss": "categorical_crossentropy",
        "optimizer": "SGD",
        "metrics": [{"type": "MeanIoU", "num_classes": 2}, "binary_accuracy", "Recall"],
    }
    (tmp_path / "moons.yaml").write_text(json.dumps(config))
    told = dlrun("validate", "moons.yaml", code=2).err
    assert "Give it 'sparse_y_pred: false' and 'sparse_y_true: false'." in told
    assert "BinaryAccuracy takes each output for itself" in told
    told = dlrun("validate", "moons.yaml", "--set", "metrics=[Recall]")
    assert "warning: --set metrics: metrics[0]: Recall pools all 2 classes" in told.err
