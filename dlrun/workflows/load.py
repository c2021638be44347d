"""From the words of a config to split, scaled rows; TensorFlow is not needed for it."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlrun.config.rules.scaling import moved_padding
from dlrun.data.classes import classes_for_loss
from dlrun.data.splitting import split_dataset
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError
from dlrun.shapes.input_readers import find_masks
from dlrun.workflows.ids import check_ids, lookups_of

if TYPE_CHECKING:
    from dlrun.arrays import Dataset, Scaling, Spec, Splits
    from dlrun.config import Experiment

PATIENCE = 0.2
"""Seconds that data may take before the import of TensorFlow no longer waits for them."""


def load_splits_while_importing(experiment: Experiment, told: Spec | None = None) -> Splits:
    """Load the splits, and TensorFlow meanwhile where that takes long.

    Small data, and most mistakes in data, are there at once; only then is the import, of seconds,
    worth beginning.

    Args:
        experiment: See `load_splits`.
        told: See `load_splits`.

    Returns:
        See `load_splits`.

    Raises:
        DataError: See `load_splits`.
    """
    with ThreadPoolExecutor(max_workers=1) as reader:
        splits = reader.submit(load_splits, experiment, told)
        with suppress(TimeoutError):
            return splits.result(timeout=PATIENCE)
        importlib.import_module("dlrun.backend")
        return splits.result()


def load_splits(experiment: Experiment, told: Spec | None = None) -> Splits:
    """Load the dataset of an experiment and split it.

    Args:
        experiment: The config. A loss over classes makes classes of numeric labels.
        told: What a run of it has stored: rows are scaled as they were then, and are not held
            against the layers again. None to begin.

    Returns:
        The splits, labels not fitted yet.

    Raises:
        DataError: The data are missing, malformed, or cannot be split as asked.
    """
    config = experiment.dataset
    seed = experiment.seed if config.seed is None else config.seed
    dataset = load_dataset(config.type, seed=seed, **config.arguments)
    if told is None:
        _check_ids(experiment, dataset)
    # Of rows of another shape whoever asked for them will tell.
    same_shape = told is not None and told.input_shape == dataset.train.x.shape[1:]
    loss = None if experiment.loss is None else experiment.loss.type
    splits = split_dataset(
        classes_for_loss(dataset, loss),
        validation_split=config.validation_split,
        test_split=config.test_split,
        scale=config.scale,
        seed=seed,
        scaling=told.scaling if told is not None and same_shape else None,
    )
    if told is None:
        _check_padding(experiment, splits.spec.scaling)
    return splits


def _check_ids(experiment: Experiment, dataset: Dataset) -> None:
    """Hold all rows, in the order of their source, against the layers that look them up."""
    x = dataset.train.x
    lookups = lookups_of(experiment, x.shape[1:])
    config = experiment.dataset
    named = [str(value) for value in config.arguments.values() if isinstance(value, Path)]
    where = named[0] if named else f"dataset {config.type}"
    check_ids(x, lookups, where=where, feature_names=dataset.feature_names)
    if dataset.test is not None:
        where = f"{where}: the test rows"
        check_ids(dataset.test.x, lookups, where=where, feature_names=dataset.feature_names)


def _check_padding(experiment: Experiment, scaling: Scaling | None) -> None:
    """Refuse a scaling that moves what a `Masking` layer looks for."""
    if scaling is None:
        return
    for reader, padding in find_masks([layer.as_dict() for layer in experiment.model.layers]):
        pairs = zip(scaling.offset, scaling.factor, strict=True)
        if any((padding - offset) / factor != padding for offset, factor in pairs):
            mask = f"{reader.path} (Masking)"
            raise ConfigError(moved_padding(mask, padding, scaling.kind))
