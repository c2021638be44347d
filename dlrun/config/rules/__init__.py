"""Rules across fields: what every field allows alone, but not together; one function a rule."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import takewhile
from typing import Final, NamedTuple

from dlrun.config.nodes import Places, Problems
from dlrun.config.rules import (
    applications,
    files,
    graph,
    last_layer,
    layers,
    metrics,
    shapes,
    splits,
    training,
)
from dlrun.config.schema import Experiment
from dlrun.datasets.samples import looking_at_no_file
from dlrun.errors import Problem


class Rule(NamedTuple):
    """A rule, and when it could only guess."""

    check: Callable[[Experiment], Iterator[Problem]]
    reads: tuple[str, ...] = ()  # the paths after whose problems it could only guess
    reads_above: bool = False  # it also reads every layer above the one that it speaks of
    needs_data: bool = False  # it looks, perhaps into a file, at what this machine has


VALIDATED: Final = ("dataset.validation_split", "dataset.fold", "dataset.split_by")
"""The keys that bring validation rows."""

READ_BY: Final = tuple(
    f"dataset.{key}" for key in ("path", "format", "header", "delimiter", "encoding", "decimal")
)
"""The keys that say how a table is read."""

RULES: Final = (
    Rule(graph.inputs_exist, ("model.layers[].name",)),
    Rule(graph.columns_exist, ("dataset", "model.layers[].name"), needs_data=True),
    Rule(layers.layer_names_differ),
    Rule(layers.layer_names_are_usable),
    Rule(graph.inputs_stand_above, ("model.layers[].name",)),
    Rule(graph.outputs_are_read, ("model.layers[].name", "model.layers[].inputs")),
    Rule(graph.number_of_inputs_fits),
    Rule(layers.one_number_per_dimension),
    Rule(layers.one_margin_per_side),
    Rule(layers.strides_or_dilation),
    Rule(layers.matrices_are_matrices),
    Rule(layers.some_of_the_rows_stay),
    Rule(layers.cells_are_inside_rnn),
    Rule(layers.wrappers_hold_what_they_can_use),
    Rule(shapes.weights_fit_the_layer),
    Rule(applications.frozen_layers_exist, ("model.layers[].name",)),
    Rule(applications.networks_use_what_they_are_given),
    Rule(applications.fine_tuning_trains_something, ("model.freeze",)),
    Rule(applications.networks_get_their_pixels),
    Rule(last_layer.softmax_has_several_units),
    Rule(last_layer.last_layer_fits_the_loss),
    Rule(last_layer.loss_runs_over_the_classes),
    Rule(training.training_has_its_parts, ("training.epochs",)),
    Rule(training.monitors_exist, (*VALIDATED, "metrics")),
    Rule(layers.metric_names_differ),
    Rule(training.one_thing_sets_the_learning_rate),
    Rule(training.averages_are_kept),
    Rule(training.only_numbers_are_scaled, ("loss",)),
    Rule(training.class_weights_have_classes),
    Rule(splits.test_rows_come_once),
    Rule(layers.pixels_are_in_their_range),
    Rule(splits.validation_rows_come_once, needs_data=True),
    Rule(splits.rows_are_split_in_one_way, ("dataset.type",)),
    Rule(splits.folds_are_whole, ("dataset.folds", "dataset.fold", "dataset.validation_split")),
    Rule(splits.moments_are_split_in_order, ("dataset.folds", "dataset.fold")),
    Rule(splits.sampling_has_classes),
    Rule(files.callback_files_have_their_own_place),
    Rule(files.names_hold_numbers_only, (*VALIDATED, "metrics")),
    Rule(files.columns_are_in_the_table, ("dataset.type", *READ_BY), needs_data=True),
    Rule(files.packages_are_installed, needs_data=True),
    Rule(files.weight_files_are_there, needs_data=True),
    Rule(layers.statistics_are_given),
    Rule(layers.counts_of_ids_are_told, ("dataset", "model.layers[].inputs")),
    # Runs that older versions trained all the same go on to open: their config is not held to it.
    Rule(training.ids_are_not_scaled, ("dataset",), reads_above=True, needs_data=True),
    Rule(training.padding_is_not_moved, ("dataset",), reads_above=True, needs_data=True),
    Rule(shapes.shapes_fit, ("dataset",), reads_above=True, needs_data=True),
    Rule(applications.imagenet_fits_the_network, ("dataset",), reads_above=True, needs_data=True),
    Rule(shapes.weights_fit_the_input, ("dataset",), reads_above=True, needs_data=True),
    Rule(
        shapes.last_layer_fits_the_targets, ("dataset", "loss"), reads_above=True, needs_data=True
    ),
    Rule(shapes.model_fits_into_memory, ("dataset",), reads_above=True, needs_data=True),
    Rule(metrics.metrics_fit_the_labels, ("dataset", "loss", "model"), needs_data=True),
)


def check_rules(
    experiment: Experiment, places: Places, problems: Problems, *, data_known: bool
) -> None:
    """Check every rule, but those that look at data that are not to be known.

    Where a path already has a problem, and a neutral value, no rule adds a second one.
    """
    with nullcontext() if data_known else looking_at_no_file():
        _check_rules(experiment, places, problems, data_known=data_known)


def _check_rules(
    experiment: Experiment, places: Places, problems: Problems, *, data_known: bool
) -> None:
    paths = [f"model.layers[{index}]" for index in range(len(experiment.model.layers))]
    sound = tuple(takewhile(lambda path: not problems.touch(path), paths))
    for rule in RULES:
        if any(problems.touch(path) for path in rule.reads) or rule.needs_data > data_known:
            continue
        for problem in rule.check(experiment):
            is_above_wrong = len(sound) < len(paths) and not problem.path.startswith(sound)
            is_a_guess = rule.reads_above and is_above_wrong
            if not is_a_guess and not problems.touch(problem.path):
                place = places.find(problem.path)
                problems.add(place, problem.path, problem.what, problem.fix)


def doubts(experiment: Experiment) -> tuple[Problem, ...]:
    """What can be trained as it is written and is seldom meant, each with its place."""
    return tuple(
        replace(doubt, location=str(experiment.places.find(doubt.path)))
        for doubt in metrics.what_is_doubtful(experiment)
    )
