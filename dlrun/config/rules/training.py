"""Rules about training: what callbacks watch exists, all that is given is used, ids stay ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlrun.catalog.label_forms import label_form
from dlrun.catalog.words import metric_meant
from dlrun.config.schema import Experiment
from dlrun.datasets.samples import Sample, find_sample
from dlrun.errors import Problem
from dlrun.shapes.input_readers import find_lookups, find_masks
from dlrun.wording import count, did_you_mean, listed, near_word

NEEDED: Final = (("loss", "a loss", "loss"), ("optimizer", "an optimizer", "optimizer: adam"))
SET_THE_RATE: Final = ("ReduceLROnPlateau", "LearningRateScheduler")


def training_has_its_parts(experiment: Experiment) -> Iterator[Problem]:
    """Only an experiment without epochs can do without a loss and an optimizer."""
    epochs = experiment.training.epochs
    for key, a_word, example in NEEDED:
        if epochs > 0 and getattr(experiment, key) is None:
            what = f"Missing: training for {count(epochs, 'epoch')} needs {a_word}."
            yield Problem(key, what, f"Add '{example}', or set 'training.epochs: 0'.")


def logged_names(experiment: Experiment) -> list[str]:
    """What an epoch logs of the training rows: the loss and the metrics, by name."""
    return ["loss", *(str(metric.arguments.get("name")) for metric in experiment.metrics)]


def monitors_exist(experiment: Experiment) -> Iterator[Problem]:
    """A callback watches the loss or a metric, of the training or of the validation rows."""
    logged = logged_names(experiment)
    has_validation = experiment.dataset.may_have_validation
    known = [*logged, *(f"val_{name}" for name in logged)] if has_validation else logged
    for index, callback in enumerate(experiment.training.callbacks):
        monitor = callback.arguments.get("monitor")
        # ModelCheckpoint looks at its monitor only if it saves the best.
        is_watched = bool(callback.arguments.get("save_best_only", True))
        if monitor is not None and monitor not in known and is_watched:
            what, fix = _no_monitor(monitor, logged, known)
            yield Problem(f"training.callbacks[{index}].monitor", what, fix)


def _no_monitor(monitor: str, logged: list[str], known: list[str]) -> tuple[str, str]:
    bare = monitor.removeprefix("val_")
    near = bare if bare in logged else near_word(bare, logged)
    metric = metric_meant(bare)
    others = f"Logged are {listed(known)}."
    if metric is not None and near is None:
        others = f"There is no {metric} among the metrics: add it. {others}"
    if len(known) > len(logged) or monitor == bare:
        what = f"Neither the loss nor a metric is called '{monitor}'."
        return what, did_you_mean(monitor, known) or others
    what = f"There is no '{monitor}', because there are no validation rows."
    if near is None:
        return what, f"Set 'dataset.validation_split'. {others}"
    too = "" if near == bare else f" and 'monitor: val_{near}'"
    return what, f"Set 'dataset.validation_split'{too}, or 'monitor: {near}'."


def one_thing_sets_the_learning_rate(experiment: Experiment) -> Iterator[Problem]:
    """Keras fails in the middle of training where a schedule and a callback both set it."""
    rate = experiment.optimizer and experiment.optimizer.arguments.get("learning_rate")
    for index, callback in enumerate(experiment.training.callbacks):
        if callback.type in SET_THE_RATE and isinstance(rate, dict):
            what = f"{callback.type} cannot set the learning rate: {rate['type']} already does."
            fix = "Remove one of them, or give the optimizer a number."
            yield Problem(f"training.callbacks[{index}]", what, fix)


def averages_are_kept(experiment: Experiment) -> Iterator[Problem]:
    """SwapEMAWeights needs an optimizer that keeps the averages that it swaps in."""
    keeps = experiment.optimizer is None or experiment.optimizer.arguments.get("use_ema", True)
    for index, callback in enumerate(experiment.training.callbacks):
        if callback.type == "SwapEMAWeights" and not keeps:
            what = "SwapEMAWeights needs an optimizer that keeps averages."
            fix = "Give the optimizer 'use_ema: true'."
            yield Problem(f"training.callbacks[{index}]", what, fix)


def only_numbers_are_scaled(experiment: Experiment) -> Iterator[Problem]:
    """A scale of targets means nothing where the loss takes classes or shares."""
    scale, loss = experiment.dataset.target_scale, experiment.loss
    if scale is not None and loss is not None and label_form(loss.type) != "value":
        what = f"'{scale}' scales numbers, but {loss.type} takes classes."
        fix = "Remove it, or choose a loss for numbers, such as mean_squared_error."
        yield Problem("dataset.target_scale", what, fix)


def class_weights_have_classes(experiment: Experiment) -> Iterator[Problem]:
    """Weights of classes mean nothing where the target is a number."""
    weights, dataset = experiment.training.class_weight, experiment.dataset
    if weights is not None and find_sample(dataset.type, dataset.arguments).is_regression:
        what = f"There are no classes to weigh: the target of '{dataset.type}' is a number."
        yield Problem("training.class_weight", what, "Remove it.")


def ids_are_not_scaled(experiment: Experiment) -> Iterator[Problem]:
    """A layer that looks ids up would find those of other things, or none."""
    dataset, layers = experiment.dataset, experiment.model.mappings
    scale, sample = dataset.scale, find_sample(dataset.type, dataset.arguments)
    lookups = find_lookups(layers, of_columns=False)  # The classes of a column are never scaled.
    if scale != "none" and sample.format == "texts":
        what = f"'{scale}' scales numbers, but '{dataset.type}' has words."
        yield Problem("dataset.scale", what, "Leave 'scale' out.")
    elif scale != "none" and lookups and not _may_be_a_text(sample):
        lookup = lookups[0]
        what = f"'{scale}' would change the ids that {lookup.path} ({lookup.layer.type}) looks up."
        fix = "Leave 'scale' out, and scale other columns in the file."
        yield Problem("dataset.scale", what, fix)


def _may_be_a_text(sample: Sample) -> bool:
    """Whether `input` may be the words of a text, which are not scaled: only the rows tell."""
    return sample.format == "table" and (sample.shape is None or None in sample.shape)


def padding_is_not_moved(experiment: Experiment) -> Iterator[Problem]:
    """Standard scaling moves every number but the mean; of `minmax` only the data tell."""
    masks = find_masks(experiment.model.mappings)
    if experiment.dataset.scale == "standard" and masks:
        reader, padding = masks[0]
        yield moved_padding(f"{reader.path} (Masking)", padding, "standard")


def moved_padding(mask: str, padding: float, scale: str) -> Problem:
    """What is wrong where scaling moves the padding that a layer, the mask, looks for."""
    what = f"'{scale}' would change the padding of {padding:g} that {mask} looks for."
    fix = "Leave 'scale' out, and scale all but the padding in the file."
    return Problem("dataset.scale", what, fix)


def no_weight_changes(experiment: Experiment) -> Iterator[Problem]:
    """A learning rate of 0 can be trained with, and is seldom meant."""
    optimizer = experiment.optimizer
    if optimizer is not None and optimizer.arguments.get("learning_rate") == 0:
        what = "With a learning rate of 0 no weight ever changes."
        yield Problem("optimizer.learning_rate", what, "Write one such as 0.001.")
