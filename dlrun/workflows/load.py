"""From the words of a config to split, scaled rows; TensorFlow is not needed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.data.classes import classes_for_loss
from dlrun.data.splitting import split_dataset
from dlrun.datasets import load_dataset

if TYPE_CHECKING:
    from dlrun.arrays import Splits
    from dlrun.config import Experiment


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
    dataset = load_dataset(config.type, seed=seed, **config.arguments)
    loss = None if experiment.loss is None else experiment.loss.type
    return split_dataset(
        classes_for_loss(dataset, loss),
        validation_split=config.validation_split,
        test_split=config.test_split,
        scale=config.scale,
        seed=seed,
    )
