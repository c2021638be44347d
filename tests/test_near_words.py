"""What was probably meant: by spelling, by initials, or by the words of other libraries."""

import pytest

from dlrun import catalog
from dlrun.wording import SAYINGS, did_you_mean, near_word, near_words

CROSSENTROPIES = (
    "Did you mean 'binary_crossentropy', 'categorical_crossentropy' or "
    "'sparse_categorical_crossentropy'?"
)


@pytest.mark.parametrize(
    ("kind", "word", "said"),
    [
        ("metrics", "rmse", "root_mean_squared_error"),
        ("metrics", "RMSE", "root_mean_squared_error"),
        ("metrics", "f1", "f1_score"),
        ("metrics", "fbeta", "f_beta_score"),
        ("metrics", "roc_auc", "AUC"),
        ("metrics", "average_precision", "AUC"),
        ("metrics", "sensitivity", "Recall"),
        ("metrics", "r2", "r2_score"),
        ("metrics", "tp", "true_positives"),
        ("metrics", "miou", "MeanIoU"),
        ("metrics", "accuracy_score", "accuracy"),
        ("metrics", "acuracy", "accuracy"),
        ("metrics", "kld", "kl_divergence"),
        ("metrics", "cosine_proximity", "cosine_similarity"),
        ("losses", "l1", "mean_absolute_error"),
        ("losses", "mse_loss", "mean_squared_error"),
        ("losses", "smooth_l1_loss", "Huber"),
        ("losses", "kullback_leibler_divergence", "kl_divergence"),
        ("losses", "cce", "categorical_crossentropy"),
        ("losses", "scce", "sparse_categorical_crossentropy"),
        ("losses", "binary_cross_entropy", "binary_crossentropy"),
        ("layers", "Linear", "Dense"),
        ("layers", "BatchNorm2d", "BatchNormalization"),
    ],
)
def test_abbreviations_and_words_of_others(kind, word, said):
    """Keras 1 and 2, scikit-learn, PyTorch."""
    assert catalog.suggest(kind, word) == f"Did you mean '{said}'?"


@pytest.mark.parametrize("word", ["crossentropy", "cross_entropy", "ce", "nll", "log_loss"])
@pytest.mark.parametrize("kind", ["losses", "metrics"])
def test_where_the_word_does_not_choose_all_are_named(kind, word):
    """There are three cross-entropies."""
    assert catalog.suggest(kind, word) == CROSSENTROPIES


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        (
            "val_acc",
            ["loss", "auc", "accuracy", "val_loss", "val_auc", "val_accuracy"],
            "val_accuracy",
        ),
        ("val_acc", ["val_loss", "val_auc", "val_binary_accuracy"], "val_binary_accuracy"),
        ("val_f1", ["val_loss", "val_f1_score"], "val_f1_score"),
        ("test.acc", ["test.loss", "test.accuracy"], "test.accuracy"),
        ("lr", ["learning_rate", "layers"], "learning_rate"),
        ("wd", ["learning_rate", "weight_decay"], "weight_decay"),
        ("nb_epoch", ["epochs", "batch_size"], "epochs"),
        ("bs", ["epochs", "batch_size"], "batch_size"),
        ("epoch", ["epochs", "batch_size"], "epochs"),
        ("mlr", ["max_learning_rate", "epochs"], "max_learning_rate"),
        ("qqq", ["epochs", "batch_size"], None),
    ],
)
def test_keys_and_names_of_logs(word, known, near):
    """A prefix that says of which rows is kept."""
    assert near_word(word, known) == near


def test_nothing_is_suggested_that_is_not_there():
    """An abbreviation of what another kind has says nothing."""
    assert near_words("acc", ["epochs"]) == ()
    assert did_you_mean("acc", ["epochs"]) is None


def test_what_is_said_leads_to_words_that_exist():
    """Every meaning is a word or an alias of some kind, a key, or an argument of a layer."""
    keys = {"learning_rate", "epochs", "batch_size", "weight_decay"}
    meant = {one for meanings in SAYINGS.values() for one in meanings}
    known = {one for one in meant for kind in catalog.KINDS if catalog.canonical(kind, one)}
    layers = ("Dense", "Conv2D", "MaxPooling1D", "Dropout")
    of_layers = {one.name for word in layers for one in catalog.find("layers", word).parameters}
    assert meant - known <= keys | of_layers | {"fbeta_score"}


def test_a_loss_is_no_metric(dlrun, tmp_path):
    """Keras has metrics for some losses only."""
    (tmp_path / "huber.yaml").write_text(
        "dataset: sine\nmodel: {layers: [{type: Dense, units: 1}]}\nloss: huber\noptimizer: sgd\n"
        "metrics: [huber]\n"
    )
    told = dlrun("validate", "huber.yaml", code=2).err
    assert "metrics[0]: 'huber' cannot be used: it is a loss, and Keras has no metric" in told


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (
            "rmse",
            (
                "it is the metric root_mean_squared_error, and Keras has no such loss; "
                "mean_squared_error has its minimum at the same weights."
            ),
        ),
        ("f1", "it is the metric f1_score, and Keras has no such loss."),
    ],
)
def test_a_metric_is_no_loss(word, reason, dlrun, tmp_path):
    """`rmse` is no `mse` misspelt."""
    (tmp_path / "sine.yaml").write_text(
        "dataset: sine\nmodel: {layers: [{type: Dense, units: 1}]}\noptimizer: sgd\n"
        f"loss: {word}\n"
    )
    told = dlrun("validate", "sine.yaml", code=2).err
    assert f"loss: '{word}' cannot be used: {reason}" in told


def test_a_monitor_of_the_wrong_name(dlrun, tmp_path):
    """`val_acc` is accuracy, not the area under a curve."""
    (tmp_path / "moons.yaml").write_text(
        "dataset: {type: moons, validation_split: 0.2}\n"
        "model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}\n"
        "loss: bce\noptimizer: sgd\nmetrics: [AUC, accuracy]\n"
        "training: {callbacks: [{type: EarlyStopping, monitor: val_acc}]}\n"
    )
    told = dlrun("validate", "moons.yaml", code=2).err
    assert "Neither the loss nor a metric is called 'val_acc'. Did you mean 'val_accuracy'?" in told
