"""Rules about the last layer and the loss: what one gives, the other must be able to take."""

from collections.abc import Iterator
from dataclasses import replace

from dlrun.catalog import canonical, is_application
from dlrun.catalog.label_forms import is_crossentropy, label_form
from dlrun.config.schema import Experiment, LayerConfig
from dlrun.errors import Problem
from dlrun.shapes import Shape
from dlrun.shapes.last_layer import LAST, ONE_SOFTMAX, activation_misfits, one_output
from dlrun.wording import describe


def softmax_has_several_units(experiment: Experiment) -> Iterator[Problem]:
    """The softmax of a single unit is always 1."""
    for index, layer in enumerate(experiment.model.layers):
        if _activation(layer) == "softmax" and layer.arguments.get("units") == 1:
            yield Problem(f"model.layers[{index}].activation", *ONE_SOFTMAX)


def last_layer_fits_the_loss(experiment: Experiment) -> Iterator[Problem]:
    """A cross-entropy gets the probabilities or the logits that it takes, a hinge loss one sign."""
    loss, (units, *_) = loss_of(experiment), least_output(experiment) or (None,)
    problems = activation_misfits(
        loss,
        units=_units(experiment.model.layers[-1]),
        activation=last_activation(experiment),
        from_logits=_from_logits(experiment),
    )
    for problem in (*problems, one_output(loss, units, f"{LAST}.units")):
        if problem is not None:
            yield at_last(experiment, problem)


def loss_runs_over_the_classes(experiment: Experiment) -> Iterator[Problem]:
    """A cross-entropy sums over the classes of a row, never over rows."""
    if experiment.loss is None or not is_crossentropy(experiment.loss.type):
        return
    axis = experiment.loss.arguments.get("axis", -1)
    last = (-1,) if label_form(experiment.loss.type) == "index" else (-1, 1)
    if axis not in last or not isinstance(axis, int):
        what = f"The classes stand on the last axis, which is -1, got {describe(axis)}."
        yield Problem("loss.axis", what, "Leave it out.")


def loss_of(experiment: Experiment) -> str | None:
    """Return the loss by its name; None where nothing is trained."""
    return None if experiment.loss is None else experiment.loss.type


def at_last(experiment: Experiment, problem: Problem) -> Problem:
    """Return a problem of the last layer with the path that this layer has in the config."""
    layer, last = experiment.model.layers[-1], f"model.layers[{len(experiment.model.layers) - 1}]"
    problem = replace(problem, path=problem.path.replace(LAST, last))
    if not is_application(layer.type):
        return problem
    fix, path = problem.fix or "", problem.path
    for name, of_network in (("activation", "classifier_activation"), ("units", "classes")):
        fix = fix.replace(f"'{name}:", f"'{of_network}:")
        path = path.replace(f".{name}", f".{of_network}")
    return replace(problem, path=path, fix=fix or None)


def least_output(experiment: Experiment) -> Shape | None:
    """Return what a last Dense layer gives at least: if that does not fit, more does not either."""
    last = experiment.model.layers[-1]
    units = last.arguments.get("units")
    return (units,) if last.type == "Dense" and isinstance(units, int) else None


def _units(layer: LayerConfig) -> int | None:
    """Return how many numbers a layer says that it gives."""
    name = "classes" if is_application(layer.type) else "units"
    given = layer.arguments.get(name)
    return given if isinstance(given, int) else None


def _from_logits(experiment: Experiment) -> bool | None:
    """Whether the loss takes logits; None where that is not known or not a question."""
    given = experiment.loss.arguments.get("from_logits") if experiment.loss else None
    return given if isinstance(given, bool) else None


def takes_logits(experiment: Experiment) -> bool:
    """Whether the loss takes the outputs for logits."""
    return _from_logits(experiment) is True


def last_activation(experiment: Experiment) -> str | None:
    """Return the activation that ends the model; None where it is not known."""
    return _activation(experiment.model.layers[-1])


def _activation(layer: LayerConfig) -> str | None:
    """Return the activation that ends a layer; None where it is not known or has none to have."""
    if layer.type in ("Softmax", "ReLU"):
        return layer.type.lower()
    name = "activation"
    if is_application(layer.type) and layer.arguments.get("include_top"):
        name = "classifier_activation"
    if name not in layer.arguments:
        return None
    given = layer.arguments[name]
    return "linear" if given is None else canonical("activations", str(given))
