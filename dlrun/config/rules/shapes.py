"""Rules about shapes: every layer can take what it reads, and the last one fits the targets."""

from collections.abc import Iterator

from dlrun.catalog.label_forms import label_form
from dlrun.config.rules.last_layer import at_last, least_output, loss_of
from dlrun.config.schema import Experiment
from dlrun.datasets.samples import Sample, find_sample
from dlrun.errors import Problem
from dlrun.shapes import Step, walk
from dlrun.shapes.last_layer import target_misfit, units_misfit
from dlrun.shapes.layer import layer_of
from dlrun.shapes.walk import weights_of
from dlrun.shapes.weights import misfits, oversize, weight_misfits

SIZES = ("units", "filters", "kernel_size", "input_dim", "output_dim")


def shapes_fit(experiment: Experiment) -> Iterator[Problem]:
    """The shape of a sample passes through every layer, as far as that is known without Keras."""
    _, steps = _walk(experiment)
    yield from (step.problem for step in steps if step.problem is not None)


def weights_fit_the_layer(experiment: Experiment) -> Iterator[Problem]:
    """As many weights as the layer has, each of a shape that goes with its arguments."""
    for index, layer in enumerate(experiment.model.layers):
        if isinstance(layer.weights, list):
            named = " and ".join(name for name in SIZES if name in layer.arguments)
            fix = f"Compare it with {named}." if named else "The input decides what is 'any'."
            wanted, path = weights_of(layer_of(layer.as_dict())), f"model.layers[{index}]"
            yield from weight_misfits(layer.type, wanted, layer.weights, path, fix=fix)


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
    outputs = steps[-1].shape or least_output(experiment)
    loss = loss_of(experiment)
    form, problem = label_form(loss), None
    if outputs is None or sample.shape is None:
        return
    if sample.classes is not None:
        problem = units_misfit(outputs, sample=sample.shape, classes=sample.classes, loss=loss)
    elif form == "value" or (sample.target == (1,) and form != "one_hot"):
        problem = target_misfit(outputs, sample.target, loss)
    if problem is not None:
        yield at_last(experiment, problem)


def walked(experiment: Experiment) -> tuple[Step, ...]:
    """Carry a sample through the layers, as far as that is known without Keras."""
    return _walk(experiment)[1]


def _walk(experiment: Experiment) -> tuple[Sample, tuple[Step, ...]]:
    dataset = experiment.dataset
    form = label_form(loss_of(experiment))
    sample = find_sample(dataset.type, dataset.arguments, form=form)
    layers = experiment.model.mappings
    return sample, walk(layers, sample.shape, sample.views, sample.named)
