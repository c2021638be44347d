"""From the words of a config to split, scaled rows; TensorFlow is not needed for it."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dlrun.arrays import TableForm
from dlrun.data.classes import classes_for_loss
from dlrun.data.splitting import split_dataset
from dlrun.datasets import load_dataset

if TYPE_CHECKING:
    from dlrun.arrays import Spec, Splits
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
        told: The spec of a run of it, where there is one: what it told of the file holds.

    Returns:
        The splits, labels not fitted yet.

    Raises:
        DataError: The data are missing, malformed, or cannot be split as asked.
    """
    config = experiment.dataset
    seed = experiment.seed if config.seed is None else config.seed
    arguments, named = dict(config.arguments), True
    if told is not None and isinstance(told.form, TableForm):
        arguments["header"] = told.form.named
        named = told.class_values is None
    dataset = load_dataset(config.type, seed=seed, **arguments)
    loss = None if experiment.loss is None else experiment.loss.type
    dataset = classes_for_loss(dataset, loss, named=named)
    if isinstance(dataset.form, TableForm):
        form = replace(dataset.form, header=config.arguments.get("header"))  # As it was asked for.
        dataset = replace(dataset, form=form)
    return split_dataset(
        dataset,
        validation_split=config.validation_split,
        test_split=config.test_split,
        scale=config.scale,
        seed=seed,
    )
