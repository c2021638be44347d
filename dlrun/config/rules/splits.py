"""Rules about splits: rows come into each once, and every key that divides them has an effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlrun.config.schema import Experiment
from dlrun.datasets.samples import find_sample
from dlrun.errors import Problem
from dlrun.wording import did_you_mean, quote

WAYS: Final = ("group", "time", "column")
"""How a column splits rows: no group in two splits, the last moments apart, or by name."""


def test_rows_come_once(experiment: Experiment) -> Iterator[Problem]:
    """Test rows are either the dataset's own or split off, not both."""
    dataset = experiment.dataset
    if dataset.test_split is None:
        return
    if dataset.arguments.get("test_path") is not None:
        what = "The test rows are those of 'test_path'."
        yield Problem("dataset.test_split", what, "Remove one of the two.")
    elif find_sample(dataset.type, dataset.arguments).test_rows:
        what = f"The dataset '{dataset.type}' brings test rows of its own here."
        yield Problem("dataset.test_split", what, "Remove one of the two.")


def validation_rows_come_once(experiment: Experiment) -> Iterator[Problem]:
    """Validation rows are either the dataset's own or split off, not both."""
    dataset = experiment.dataset
    given = {"validation_split": dataset.validation_split, "fold": dataset.fold}
    keys = [key for key, value in given.items() if value is not None]
    if keys and find_sample(dataset.type, dataset.arguments).has_validation:
        what = f"The dataset '{dataset.type}' brings validation rows of its own here."
        yield Problem(f"dataset.{keys[0]}", what, "Remove one of the two.")


def rows_are_split_in_one_way(experiment: Experiment) -> Iterator[Problem]:
    """`split_by` names one way and one column, which is there and is not the target."""
    dataset = experiment.dataset
    if dataset.arguments.get("split_by") is None:
        return
    path, example = "dataset.split_by", "Such as {group: family}."
    unknown = [way for way in dataset.split_by if way not in WAYS]
    for way in unknown:
        what = f"There is no way {quote(way)} to split rows."
        fix = did_you_mean(way, WAYS) or "There are 'group', 'time' and 'column'."
        yield Problem(f"{path}.{way}", what, fix)
    if not unknown and len(dataset.split_by) != 1:
        what = f"Expected one of 'group', 'time' and 'column', got {len(dataset.split_by)}."
        yield Problem(path, what, example)
    elif not unknown and not isinstance(next(iter(dataset.split_by.values())), str):
        yield Problem(path, "Expected the name of a column.", example)
    elif not unknown:
        yield from _split_column(experiment)


def _split_column(experiment: Experiment) -> Iterator[Problem]:
    dataset = experiment.dataset
    ((way, column),) = dataset.split_by.items()
    path = f"dataset.split_by.{way}"
    for key in ("target", "sample_weight"):
        named = dataset.arguments.get(key)
        if column == named or (isinstance(named, list | tuple) and column in named):
            what = f"{quote(column)} is named by '{key}' too."
            yield Problem(path, what, "Split by another column.")
    splits = (dataset.validation_split, dataset.test_split, dataset.fold)
    if way != "column" and all(one is None for one in splits):
        what = "It says nothing without rows that are split off."
        yield Problem(path, what, "Set 'validation_split', 'test_split', or 'folds' and 'fold'.")
    if way == "time" and dataset.fold is not None:
        what = "Folds would train on rows that are later than those that they are judged by."
        yield Problem("dataset.fold", what, "Use 'validation_split', which takes the last rows.")


def folds_are_whole(experiment: Experiment) -> Iterator[Problem]:
    """A fold is one of some number of folds, and the only validation rows."""
    dataset = experiment.dataset
    if dataset.folds is not None and dataset.fold is None:
        what = "It says nothing without 'fold', the one that is watched in this run."
        fix = f"Add 'fold: 1', or train all of them: `dlrun train ... --folds {dataset.folds}`."
        yield Problem("dataset.folds", what, fix)
    elif dataset.fold is not None and dataset.folds is None:
        what = "It says nothing without 'folds', how many there are."
        yield Problem("dataset.fold", what, "Add 'folds: 5', say.")
    elif dataset.fold is not None and dataset.folds is not None and dataset.fold > dataset.folds:
        what = f"There is no fold {dataset.fold} of {dataset.folds}; they are counted from 1."
        yield Problem("dataset.fold", what, f"Choose 1 to {dataset.folds}.")
    if dataset.fold is not None and dataset.validation_split is not None:
        what = "The validation rows are those of the fold."
        yield Problem("dataset.validation_split", what, "Remove one of the two.")


def moments_are_split_in_order(experiment: Experiment) -> Iterator[Problem]:
    """Of series the last moments are set apart; a fold in the middle would see the future."""
    dataset = experiment.dataset
    if dataset.fold is None or find_sample(dataset.type, dataset.arguments).format != "steps":
        return
    what = "Folds would train on moments that are later than those that they are judged by."
    yield Problem("dataset.fold", what, "Use 'validation_split', which takes the last moments.")


def sampling_has_classes(experiment: Experiment) -> Iterator[Problem]:
    """Sampling by class means nothing where the target is a number, and balances what it takes."""
    training, dataset = experiment.training, experiment.dataset
    if training.sampling is None:
        return
    if find_sample(dataset.type, dataset.arguments).is_regression:
        what = f"There are no classes to sample by: the target of '{dataset.type}' is a number."
        yield Problem("training.sampling", what, "Remove it.")
    elif training.class_weight == "balanced":
        what = "Sampling makes the classes equally frequent, so that nothing is left to balance."
        fix = "Remove one of the two, or give 'class_weight' a weight for each class."
        yield Problem("training.class_weight", what, fix)
