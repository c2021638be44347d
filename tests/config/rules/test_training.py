"""Training, callbacks and the data."""

import pytest

NO_VALIDATION = "dataset.validation_split=null"


def test_training_needs_a_loss_and_an_optimizer(say, accept):
    """Only without epochs are both superfluous."""
    assert say("loss=null", "optimizer=null") == [
        (
            "loss: Missing: training for 10 epochs needs a loss. "
            "Add 'loss', or set 'training.epochs: 0'."
        ),
        (
            "optimizer: Missing: training for 10 epochs needs an optimizer. "
            "Add 'optimizer: adam', or set 'training.epochs: 0'."
        ),
    ]
    accept("loss=null", "optimizer=null", "training.epochs=0")


def test_a_wrong_number_of_epochs_is_not_a_missing_loss(say):
    """One mistake is told once."""
    assert say("loss=null", "training.epochs=-1") == [
        "training.epochs: Expected 0 or more, got -1."
    ]


@pytest.mark.parametrize("callback", ["EarlyStopping", "ReduceLROnPlateau"])
def test_validation_that_is_not_there(say, accept, callback):
    """Keras watches val_loss unless it is told otherwise."""
    assert say(NO_VALIDATION, f"training.callbacks=[{callback}]") == [
        (
            "training.callbacks[0].monitor: There is no 'val_loss', "
            "because there are no validation "
            "rows. Set 'dataset.validation_split', or 'monitor: loss'."
        )
    ]
    accept(f"training.callbacks=[{callback}]")
    accept(NO_VALIDATION, f"training.callbacks=[{{type: {callback}, monitor: loss}}]")


def test_a_monitor_is_the_loss_or_a_metric(say, accept):
    """By the name that the metric has in the logs."""
    callbacks = "training.callbacks=[{type: EarlyStopping, monitor: %s}]"
    for monitor in ("loss", "acc", "val_acc", "val_pr", "mse", "auc", "val_auc_1"):
        metrics = "metrics=[acc, mse, AUC, AUC, {type: AUC, name: pr}]"
        accept(metrics, callbacks % monitor)
    assert say("metrics=[accuracy]", callbacks % "val_acc") == [
        (
            "training.callbacks[0].monitor: Neither the loss nor a metric is called 'val_acc'. "
            "Did you mean 'val_accuracy'?"
        )
    ]
    assert say("metrics=[accuracy]", callbacks % "f1") == [
        (
            "training.callbacks[0].monitor: Neither the loss nor a metric is called 'f1'. "
            "There is no f1_score among the metrics: add it. "
            "Logged are 'loss', 'accuracy', 'val_loss', 'val_accuracy'."
        )
    ]


@pytest.mark.parametrize(
    ("changes", "monitor", "told"),
    [
        (
            ["metrics=[AUC]"],
            "val_acc",
            (
                "Neither the loss nor a metric is called 'val_acc'. There is no accuracy among the "
                "metrics: add it. Logged are 'loss', 'auc', 'val_loss', 'val_auc'."
            ),
        ),
        (
            ["metrics=[accuracy]", NO_VALIDATION],
            "val_acc",
            (
                "There is no 'val_acc', because there are no validation rows. Set "
                "'dataset.validation_split' and 'monitor: val_accuracy', or 'monitor: accuracy'."
            ),
        ),
        (
            ["metrics=[AUC]", NO_VALIDATION],
            "val_acc",
            (
                "There is no 'val_acc', because there are no validation rows. Set "
                "'dataset.validation_split'. There is no accuracy among the metrics: add it. "
                "Logged are 'loss', 'auc'."
            ),
        ),
    ],
)
def test_an_abbreviation_is_no_other_metric_misspelt(say, changes, monitor, told):
    """`val_acc` is near `val_auc` in letters alone."""
    callback = f"training.callbacks=[{{type: EarlyStopping, monitor: {monitor}}}]"
    assert say(*changes, callback) == [f"training.callbacks[0].monitor: {told}"]


def test_a_checkpoint_watches_only_for_the_best(say, accept):
    """Otherwise its monitor has no effect."""
    checkpoint = "training.callbacks=[{type: ModelCheckpoint, filepath: a.keras%s}]"
    accept(NO_VALIDATION, checkpoint % "")
    (message,) = say(NO_VALIDATION, checkpoint % ", save_best_only: true")
    assert message.startswith("training.callbacks[0].monitor: There is no 'val_loss'")


def test_one_thing_sets_the_learning_rate(say, accept):
    """A schedule or a callback."""
    schedule = (
        "optimizer.learning_rate={type: CosineDecay, initial_learning_rate: 0.1, decay_steps: 100}"
    )
    accept(schedule)
    accept("training.callbacks=[ReduceLROnPlateau]")
    assert say(schedule, "training.callbacks=[EarlyStopping, ReduceLROnPlateau]") == [
        (
            "training.callbacks[1]: ReduceLROnPlateau cannot set the learning rate: "
            "CosineDecay already does. Remove one of them, or give the optimizer a number."
        )
    ]


def test_averages_must_be_kept_to_be_swapped(say, accept):
    """Keras finds out in the middle of training."""
    assert say("training.callbacks=[SwapEMAWeights]") == [
        (
            "training.callbacks[0]: SwapEMAWeights needs an optimizer that keeps averages. "
            "Give the optimizer 'use_ema: true'."
        )
    ]
    accept("training.callbacks=[SwapEMAWeights]", "optimizer.use_ema=true")


@pytest.mark.parametrize("dataset", ["linear", "sine"])
def test_a_regression_has_no_class_weights(say, accept, dataset):
    """Its target is a number."""
    regression = (f"dataset={{type: {dataset}}}", "loss=mse", "model.layers[1].activation=null")
    accept(*regression)
    assert say(*regression, "training.class_weight=balanced") == [
        (
            f"training.class_weight: There are no classes to weigh: the target of '{dataset}' is a "
            "number. Remove it."
        )
    ]
    accept("training.class_weight=balanced")


def test_test_rows_come_once(say, accept):
    """From the dataset, or split off."""
    accept("dataset.test_split=0.2")
    accept("dataset={type: moons, test_samples: 50}")
    assert say("dataset={type: moons, test_split: 0.2, test_samples: 50}") == [
        (
            "dataset.test_split: The dataset 'moons' brings test rows of its own here. "
            "Remove one of the two."
        )
    ]
    (message,) = say("dataset={type: mnist, test_split: 0.2}")
    assert message.startswith("dataset.test_split: The dataset 'mnist' brings test rows")
