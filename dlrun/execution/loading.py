"""From the words of a config to split, scaled rows; TensorFlow is not needed for it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any

from dlrun.arrays import Dataset, SeriesForm, Spec, Splits, TableForm
from dlrun.catalog.label_forms import handed, misfit
from dlrun.columns.inference import NUMBER
from dlrun.config import Experiment
from dlrun.config.rules.last_layer import last_activation, takes_logits
from dlrun.config.rules.training import no_weight_changes
from dlrun.config.rules.unscaled import unscaled
from dlrun.config.schema import DatasetConfig
from dlrun.data.classes import check_no_numbers, classes_for_loss, look_at
from dlrun.data.columns import large_columns
from dlrun.data.division import Division
from dlrun.data.labels import fit_spec, weigh_classes, weigh_labels
from dlrun.data.sampling import Sampling, sample_classes
from dlrun.data.splitting import split_dataset
from dlrun.data.targets import (
    check_target_scale,
    fit_targets,
    too_large,
    without_missing_targets,
)
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.execution.ids import check_dataset_ids, check_padding, check_window_ids
from dlrun.execution.layers import check_arrays, check_columns, numbered_since, steps_of, unread
from dlrun.memory import refusal
from dlrun.shapes.weights import misfits, oversize
from dlrun.signals import raise_lost_signal

PATIENCE = 0.2
"""Seconds that data may take before the import of TensorFlow no longer waits for them."""


def import_tensorflow(say: Callable[[str], None]) -> None:
    """Import TensorFlow, which takes seconds, unless it is there; and say so."""
    if "dlrun.backend" not in sys.modules:
        say("importing TensorFlow ...")
        importlib.import_module("dlrun.backend")


def load_splits_while_importing(
    experiment: Experiment, told: Spec | None = None, *, say: Callable[[str], None]
) -> Splits:
    """Load the splits, and TensorFlow meanwhile where that takes long.

    Small data, and most mistakes in data, are there at once; only then is the import, of seconds,
    worth beginning.
    """
    splits: Future[Splits] = Future()

    def read() -> None:
        try:
            splits.set_result(load_splits(experiment, told))
        except BaseException as error:  # noqa: BLE001  it goes on where the rows are waited for
            splits.set_exception(error)

    # A signal ends the waiting. Then nobody waits for the reader any more, at the end of the
    # process neither: it may be in the middle of a large file, or before a pipe that stays empty.
    Thread(target=read, name="reader", daemon=True).start()
    with suppress(TimeoutError):
        return splits.result(timeout=PATIENCE)
    import_tensorflow(say)
    raise_lost_signal()
    return splits.result()


def check_size(experiment: Experiment, spec: Spec) -> None:
    """Refuse a model that does not fit into memory, before it is built for rows of this shape."""
    problem = oversize(steps_of(experiment, spec), spec.input_shape)
    if problem is not None:
        raise ConfigError(problem)


def load_splits(experiment: Experiment, told: Spec | None = None) -> Splits:
    """Load the dataset of an experiment and split it; labels are not fitted yet.

    `told` is what a run of it has stored: its file is read and its rows are scaled as they were
    then, and are not held against the layers again. A loss over classes makes classes of numeric
    labels.
    """
    try:
        return _load_splits(experiment, told)
    except MemoryError as error:
        fix = "Give it fewer rows or columns, or a machine with more memory."
        where = f"dataset ({experiment.dataset.type})"
        raise DataError(refusal(error), where=where, fix=fix) from error


def _load_splits(experiment: Experiment, told: Spec | None) -> Splits:
    config = experiment.dataset
    seed = experiment.seed if config.seed is None else config.seed
    named = told is None or told.table is None or told.class_values is None
    dataset = load_again(experiment, told)
    dataset, missing = without_missing_targets(dataset)
    loss = None if experiment.loss is None else experiment.loss.type
    if told is None:
        if dataset.raw_columns is None:
            check_dataset_ids(experiment, dataset)
        check_no_numbers(dataset, loss, experiment.model.layers[-1].arguments.get("units"))
    # Of rows of another shape whoever asked for them will tell.
    is_table = dataset.raw_columns is not None
    same = told is not None and (is_table or told.input_shape == dataset.train.x.shape[1:])
    dataset = classes_for_loss(dataset, loss, named=named)
    check_target_scale(dataset, config.target_scale)
    if told is not None and told.class_values and dataset.class_values == told.class_values:
        dataset = replace(dataset, class_names=told.class_names)  # older runs call 007 7
    dataset = _with_header_as_asked(dataset, config)
    splits = split_dataset(
        dataset,
        division_of(config, seed),
        scale=config.scale,
        layers=experiment.model.mappings,
        told=told if same else None,
    )
    check_monitors(experiment, splits)
    splits = replace(splits, notes=(*missing, *splits.notes))
    if told is None:
        splits = _checked(experiment, dataset, splits)
    return fit_targets(splits, config.target_scale, told)


def load_again(experiment: Experiment, told: Spec | None) -> Dataset:
    """Load the dataset of an experiment; where a run of it has stored a spec, as it was then."""
    config = experiment.dataset
    arguments = dict(config.arguments)
    series = None if told is None else told.series
    table = series.table if series is not None else None if told is None else told.table
    if told is not None and table is not None:
        arguments |= {"header": table.named, **_columns_of(told)}
    seed = experiment.seed if config.seed is None else config.seed
    return load_dataset(config.type, seed=seed, **arguments)


def _with_header_as_asked(dataset: Dataset, config: DatasetConfig) -> Dataset:
    """Let later files be read by the header that the config asks for, not by that of this file."""
    form, header = dataset.form, config.arguments.get("header")
    if isinstance(form, TableForm):
        return replace(dataset, form=_with_header(form, header))
    if isinstance(form, SeriesForm) and dataset.series is not None:
        form = replace(form, table=_with_header(form.table, header))
        return replace(dataset, form=form, series=replace(dataset.series, form=form))
    return dataset


def _with_header(form: TableForm, header: bool | None) -> TableForm:
    return replace(form, reading=replace(form.reading, header=header))


def _columns_of(told: Spec) -> dict[str, Any]:
    """The columns that a run has stored, as a dataset is asked for them: nothing is told anew."""
    if told.columns is None:  # an older run, of numbers
        kinds: dict[str, Any] = {name: {"type": NUMBER} for name in told.feature_names or ()}
    else:
        kinds = {one.name: {"type": one.kind, **one.reread} for one in told.columns}
    return {"features": tuple(kinds), "columns": kinds}


def _checked(experiment: Experiment, dataset: Dataset, splits: Splits) -> Splits:
    """Hold what was fitted on the rows of a new run against the layers that read them."""
    check_padding(experiment, splits.spec)
    if splits.spec.columns is None:
        if splits.spec.views:
            check_arrays(experiment, splits.spec)
            check_dataset_ids(experiment, dataset, splits.spec)
        return splits
    check_columns(experiment, splits.spec)
    if splits.spec.series is not None:
        check_window_ids(experiment, splits)
        return splits
    check_dataset_ids(experiment, dataset, splits.spec)
    notes = (*numbered_since(splits.spec, experiment), unread(splits.spec, experiment))
    return replace(splits, notes=(*splits.notes, *filter(None, notes)))


def misgivings_of_size(experiment: Experiment, splits: Splits) -> list[str]:
    """Warn of inputs and targets that are too large for the training, and of steps of no size."""
    columns = unscaled(experiment, large_columns(splits.spec.columns or ()))
    targets = _too_large_targets(experiment, splits)
    told = {"scale": columns, "target_scale": targets}
    still = [f"{one.path}: {one.what} {one.fix}" for one in no_weight_changes(experiment)]
    return [*still, *(f"dataset.{key}: {line}" for key, line in told.items() if line is not None)]


def _too_large_targets(experiment: Experiment, splits: Splits) -> str | None:
    """Say of targets that they are too large for the steps that the training will take."""
    spec, y, optimizer = splits.spec, splits.train.y, experiment.optimizer
    classes = spec.class_names is not None or spec.labels
    if classes or spec.target_scaling is not None or y is None or optimizer is None:
        return None
    rate = optimizer.arguments.get("learning_rate")
    if isinstance(rate, dict):
        rate = rate.get("initial_learning_rate")
    training = experiment.training
    if not isinstance(rate, int | float) or not training.epochs:
        return None
    steps = training.epochs * -(-len(splits.train) // training.batch_size)
    return too_large(y, optimizer=optimizer.type, rate=rate, steps=steps)


def division_of(config: DatasetConfig, seed: int) -> Division:
    """Tell how a config wants its rows divided."""
    way: Any = next(iter(config.split_by.items()), None)
    fold = (config.fold, config.folds) if config.fold and config.folds else None
    return Division(seed, config.validation_split, config.test_split, way, fold)


def check_monitors(experiment: Experiment, splits: Splits) -> None:
    """Refuse callbacks that watch validation rows which the data could have named."""
    if splits.validation is not None:
        return
    for index, callback in enumerate(experiment.training.callbacks):
        monitor = callback.arguments.get("monitor")
        is_watched = bool(callback.arguments.get("save_best_only", True))
        if isinstance(monitor, str) and monitor.startswith("val_") and is_watched:
            what = f"There is no '{monitor}', because the data name no validation rows."
            fix = f"Set 'dataset.validation_split', or 'monitor: {monitor.removeprefix('val_')}'."
            raise ConfigError(Problem(f"training.callbacks[{index}].monitor", what, fix))


def check_ends(experiment: Experiment, splits: Splits) -> None:
    """Refuse what training would refuse of these rows, as far as it is known without TensorFlow.

    A layer cannot take the rows; the last one, the loss, a metric or the weights of classes do not
    fit the targets.
    """
    train, steps = splits.train, steps_of(experiment, splits.spec)
    problems = [step.problem for step in steps if step.problem is not None]
    for index, (step, layer) in enumerate(zip(steps, experiment.model.layers, strict=True)):
        problems += misfits(step, layer.weights, f"model.layers[{index}]")
    if problems:
        raise ConfigError(*problems)
    check_size(experiment, splits.spec)
    outputs, loss = steps[-1].shape, experiment.loss
    if outputs is None:
        return  # The verdict says so.
    spec, _ = fit_spec(
        splits.spec,
        targets=None if train.y is None else train.y.shape[1:] or (1,),
        loss=None if loss is None else loss.type,
        output_shape=outputs,
        from_logits=takes_logits(experiment),
        output_activation=last_activation(experiment),
    )
    has_classes = spec.class_names is not None
    got = handed(
        loss=None if loss is None else loss.type,
        from_logits=takes_logits(experiment),
        activation=last_activation(experiment),
        outputs=outputs,
        form=spec.label_form or "value",
        values=spec.class_values,
        targets=None if has_classes else look_at(splits.present().values()),
    )
    found = [misfit(metric.as_dict(), got) for metric in experiment.metrics]
    wrong = [Problem(f"metrics[{index}]", *one) for index, one in enumerate(found) if one]
    if wrong:
        raise ConfigError(*wrong)
    if train.y is not None and experiment.training.epochs > 0:
        if spec.labels:
            weigh_labels(train, spec.target_names, experiment.training.class_weight)
            return
        numbers = train.y[:] if has_classes else train.y[:0]
        if experiment.training.sampling is not None:
            sampling = Sampling(experiment.training.sampling, experiment.seed)
            train, numbers, _ = sample_classes(train, numbers, spec.class_names, sampling)
        weigh_classes(train, numbers, spec.class_names, experiment.training.class_weight)
