"""Rules about the last layer and the loss: what one gives, the other must be able to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.catalog import canonical
from dlrun.catalog.losses import (
    NEVER_NEGATIVE,
    NOT_PROBABILITIES,
    SQUASHED,
    is_crossentropy,
    label_form,
)
from dlrun.errors import Problem
from dlrun.wording import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlrun.config.schema import Experiment, LayerConfig


def softmax_has_several_units(experiment: Experiment) -> Iterator[Problem]:
    """The softmax of a single unit is always 1."""
    for index, layer in enumerate(experiment.model.layers):
        if _activation(layer) == "softmax" and layer.arguments.get("units") == 1:
            yield Problem(
                f"model.layers[{index}].activation",
                "The softmax of a single unit is always 1.",
                "Use 'activation: sigmoid', or one unit for each class.",
            )


def sigmoid_is_not_categorical(experiment: Experiment) -> Iterator[Problem]:
    """A categorical loss takes probabilities that sum to 1 over the classes."""
    loss = _loss(experiment)
    if loss not in ("CategoricalCrossentropy", "SparseCategoricalCrossentropy"):
        return
    if last_activation(experiment) == "sigmoid" and _from_logits(experiment) is False:
        fix = "Use 'activation: softmax'"
        if experiment.model.layers[-1].arguments.get("units") == 1:
            fix = "Use the loss binary_crossentropy"
        yield Problem(
            _last_path(experiment),
            f"{loss} takes probabilities that sum to 1, but each sigmoid stands alone.",
            f"{fix}.",
        )


def probabilities_reach_the_loss(experiment: Experiment) -> Iterator[Problem]:
    """A cross-entropy takes probabilities, unless it is told that it gets logits."""
    loss, activation = _loss(experiment), last_activation(experiment)
    if not is_crossentropy(loss) or activation not in NOT_PROBABILITIES:
        return
    if _from_logits(experiment) is False:
        fitting = "sigmoid" if label_form(loss) == "binary" else "softmax"
        given = "has no activation" if activation == "linear" else f"ends with {activation}"
        yield Problem(
            _last_path(experiment),
            f"{loss} takes probabilities, but the last layer {given}.",
            f"Use 'activation: {fitting}', or give the loss 'from_logits: true'.",
        )


def logits_reach_the_loss(experiment: Experiment) -> Iterator[Problem]:
    """A loss that applies the sigmoid or softmax itself must not get its result."""
    activation = last_activation(experiment)
    if _from_logits(experiment) is True and activation in SQUASHED:
        yield Problem(
            "loss.from_logits",
            f"The loss takes logits, but the last layer has already applied {activation}.",
            "Leave 'from_logits' out, or use 'activation: linear'.",
        )


def signs_reach_the_loss(experiment: Experiment) -> Iterator[Problem]:
    """A hinge loss tells classes apart by sign."""
    loss, activation = _loss(experiment), last_activation(experiment)
    if loss and label_form(loss) == "sign" and activation in NEVER_NEGATIVE:
        yield Problem(
            _last_path(experiment),
            f"{loss} tells classes apart by sign, but {activation} is never negative.",
            "Use 'activation: tanh' or 'linear'.",
        )


def hinge_has_one_unit(experiment: Experiment) -> Iterator[Problem]:
    """A hinge loss takes one output for each row."""
    loss, last = _loss(experiment), experiment.model.layers[-1]
    units = last.arguments.get("units")
    if loss and label_form(loss) == "sign" and last.type == "Dense" and units not in (None, 1):
        yield Problem(
            f"model.layers[{len(experiment.model.layers) - 1}].units",
            f"{loss} takes one output for each row, got {units}.",
            "Set 'units: 1', or use the loss categorical_hinge.",
        )


def loss_runs_over_the_classes(experiment: Experiment) -> Iterator[Problem]:
    """A cross-entropy sums over the classes of a row, never over rows."""
    axis = experiment.loss.arguments.get("axis", -1) if experiment.loss else -1
    last = (-1,) if label_form(_loss(experiment)) == "index" else (-1, 1)
    if is_crossentropy(_loss(experiment)) and (axis not in last or not isinstance(axis, int)):
        what = f"The classes stand on the last axis, which is -1, got {describe(axis)}."
        yield Problem("loss.axis", what, "Leave it out.")


def _loss(experiment: Experiment) -> str:
    return experiment.loss.type if experiment.loss else ""


def _from_logits(experiment: Experiment) -> bool | None:
    """Whether the loss takes logits; None where that is not known or not a question."""
    given = experiment.loss.arguments.get("from_logits") if experiment.loss else None
    return given if isinstance(given, bool) else None


def takes_logits(experiment: Experiment) -> bool:
    """Whether the loss takes the outputs for logits."""
    return _from_logits(experiment) is True


def last_activation(experiment: Experiment) -> str | None:
    """The activation that ends the model; None where it is not known."""
    return _activation(experiment.model.layers[-1])


def _last_path(experiment: Experiment) -> str:
    return f"model.layers[{len(experiment.model.layers) - 1}].activation"


def _activation(layer: LayerConfig) -> str | None:
    """The activation that ends a layer; None where it is not known or has none to have."""
    if layer.type in ("Softmax", "ReLU"):
        return layer.type.lower()
    if "activation" not in layer.arguments:
        return None
    given = layer.arguments["activation"]
    return "linear" if given is None else canonical("activations", str(given))
