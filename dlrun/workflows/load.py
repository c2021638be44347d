"""From the words of a config to split, scaled rows; TensorFlow is not needed for it."""

from __future__ import annotations

import importlib
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from dlrun.data.classes import check_no_numbers, classes_for_loss
from dlrun.data.splitting import split_dataset
from dlrun.datasets import load_dataset
from dlrun.errors import ConfigError, DataError
from dlrun.memory import refusal
from dlrun.shapes import walk
from dlrun.shapes.weights import oversize
from dlrun.signals import raise_lost_signal

if TYPE_CHECKING:
    from dlrun.arrays import Splits
    from dlrun.config import Experiment


PATIENCE = 0.2
"""Seconds that data may take before the import of TensorFlow no longer waits for them."""


def load_splits_while_importing(experiment: Experiment) -> Splits:
    """Load the splits, and TensorFlow meanwhile where that takes long.

    Small data, and most mistakes in data, are there at once; only then is the import, of seconds,
    worth beginning.

    Args:
        experiment: See `load_splits`.

    Returns:
        See `load_splits`.

    Raises:
        DataError: See `load_splits`.
    """
    splits: Future[Splits] = Future()

    def read() -> None:
        try:
            splits.set_result(load_splits(experiment))
        except BaseException as error:  # noqa: BLE001  it goes on where the rows are waited for
            splits.set_exception(error)

    # A signal ends the waiting. Then nobody waits for the reader any more, at the end of the
    # process neither: it may be in the middle of a large file, or before a pipe that stays empty.
    Thread(target=read, name="reader", daemon=True).start()
    with suppress(TimeoutError):
        return splits.result(timeout=PATIENCE)
    importlib.import_module("dlrun.backend")
    raise_lost_signal()
    return splits.result()


def check_size(experiment: Experiment, sample: tuple[int, ...]) -> None:
    """Refuse a model that does not fit into memory, before it is built.

    Args:
        experiment: The config.
        sample: The shape of one row.

    Raises:
        ConfigError: Names the layer and both sizes.
    """
    layers = [layer.as_dict() for layer in experiment.model.layers]
    problem = oversize(walk(layers, sample), sample)
    if problem is not None:
        raise ConfigError(problem)


def load_splits(experiment: Experiment) -> Splits:
    """Load the dataset of an experiment and split it.

    Args:
        experiment: The config. A loss over classes makes classes of numeric labels.

    Returns:
        The splits, labels not fitted yet.

    Raises:
        DataError: The data are missing, malformed, or cannot be split as asked.
    """
    config = experiment.dataset
    seed = experiment.seed if config.seed is None else config.seed
    loss = None if experiment.loss is None else experiment.loss.type
    try:
        dataset = load_dataset(config.type, seed=seed, **config.arguments)
        units = experiment.model.layers[-1].arguments.get("units")
        check_no_numbers(dataset, loss, units)
        return split_dataset(
            classes_for_loss(dataset, loss),
            validation_split=config.validation_split,
            test_split=config.test_split,
            scale=config.scale,
            seed=seed,
        )
    except MemoryError as error:
        fix = "Give it fewer rows or columns, or a machine with more memory."
        raise DataError(refusal(error), where=f"dataset ({config.type})", fix=fix) from error
