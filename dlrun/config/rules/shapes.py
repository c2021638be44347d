"""Rules about shapes: every layer can take what it reads, and the last one fits the targets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dlrun.catalog.losses import label_form
from dlrun.errors import Problem
from dlrun.shapes import walk
from dlrun.shapes.last_layer import LAST, target_misfit, units_misfit
from dlrun.shapes.samples import find_sample
from dlrun.shapes.weights import misfits, oversize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.config.schema import Experiment, LayerConfig
    from dlrun.shapes import Shape, Step
    from dlrun.shapes.samples import Sample


def shapes_fit(experiment: Experiment) -> Iterator[Problem]:
    """The shape of a sample passes through every layer, as far as that is known without Keras."""
    _, steps = _walk(experiment)
    for step in steps:
        if step.problem is not None:
            yield step.problem


def weights_fit_the_input(experiment: Experiment) -> Iterator[Problem]:
    """Weights that are written down have the shapes that the input of their layer asks for."""
    _, steps = _walk(experiment)
    for index, (step, layer) in enumerate(zip(steps, experiment.model.layers, strict=True)):
        yield from misfits(step, layer.weights, f"model.layers[{index}]")


def model_fits_into_memory(experiment: Experiment) -> Iterator[Problem]:
    """Weights and rows are no larger than the free memory, as far as they are known here."""
    sample, steps = _walk(experiment)
    problem = oversize(steps, sample.shape)
    if problem is not None:
        yield problem


def last_layer_fits_the_targets(experiment: Experiment) -> Iterator[Problem]:
    """The last layer gives what the classes and the loss, or the targets, ask for."""
    sample, steps = _walk(experiment)
    outputs = steps[-1].shape or _least(experiment.model.layers[-1])
    loss = None if experiment.loss is None else experiment.loss.type
    form, problem = label_form(loss), None
    if outputs is None or sample.shape is None:
        return
    if sample.classes is not None:
        problem = units_misfit(
            outputs, sample=sample.shape, classes=sample.classes, loss=loss, form=form
        )
    elif sample.target == (1,) and form in ("index", "sign"):
        what = f"{loss} needs classes, but the target is a number."
        problem = Problem("loss", what, "Choose a loss for numbers, such as mean_squared_error.")
    elif form == "value" or (form == "binary" and sample.target == (1,)):
        problem = None if sample.target is None else target_misfit(outputs, sample.target)
    if problem is not None:
        last = f"model.layers[{len(steps) - 1}]"
        yield replace(problem, path=last if problem.path == LAST else problem.path)


def _least(last: LayerConfig) -> Shape | None:
    """What a Dense layer gives at least; if that does not fit, more axes would not either."""
    units = last.arguments.get("units")
    return (units,) if last.type == "Dense" and isinstance(units, int) else None


def _walk(experiment: Experiment) -> tuple[Sample, tuple[Step, ...]]:
    dataset = experiment.dataset
    form = label_form(None if experiment.loss is None else experiment.loss.type)
    sample = find_sample(dataset.type, dataset.arguments, form=form)
    return sample, walk([layer.as_dict() for layer in experiment.model.layers], sample.shape)
