"""Holds the last layer against the loss and the classes, before the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.catalog.losses import (
    NEVER_NEGATIVE,
    NOT_PROBABILITIES,
    SQUASHED,
    is_crossentropy,
    label_form,
)
from dlrun.errors import ConfigError, Problem
from dlrun.shapes.last_layer import LAST, target_misfit, units_misfit

if TYPE_CHECKING:
    from dlrun.arrays import LabelForm, Spec


def check_activation(
    loss: str | None,
    *,
    outputs: tuple[int | None, ...],
    from_logits: bool,
    output_activation: str | None,
) -> None:
    """Refuses a last activation under which the loss cannot mean what it says.

    Args:
        loss: The loss by name or alias, or None.
        outputs: What the last layer gives for one row.
        from_logits: Whether the loss takes logits.
        output_activation: The last layer's activation, or None where it is not known.

    Raises:
        ConfigError: Such as a cross-entropy of probabilities after a linear layer.
    """
    if loss is None or output_activation is None:
        return
    form, activation = label_form(loss), output_activation
    if activation == "softmax" and outputs == (1,):
        raise _problem(
            f"{LAST}.activation",
            "The softmax of a single unit is always 1.",
            "Use `activation: sigmoid`, or one unit per class.",
        )
    if form == "sign" and activation in NEVER_NEGATIVE:
        raise _problem(
            f"{LAST}.activation",
            f"{loss} tells classes apart by sign, but {activation} is never negative.",
            "Use `activation: tanh` or `linear`.",
        )
    if not is_crossentropy(loss):
        return
    if from_logits and activation in SQUASHED:
        raise _problem(
            "loss.from_logits",
            f"The loss takes logits, but the last layer has already applied {activation}.",
            "Leave `from_logits` out, or use `activation: linear`.",
        )
    if not from_logits and activation in NOT_PROBABILITIES:
        fitting = "sigmoid" if form == "binary" else "softmax"
        raise _problem(
            f"{LAST}.activation",
            f"{loss} takes probabilities, but {activation} gives numbers outside 0 to 1.",
            f"Use `activation: {fitting}`, or give the loss `from_logits: true`.",
        )


def check_units(
    spec: Spec, loss: str | None, form: LabelForm, outputs: tuple[int | None, ...]
) -> None:
    """Refuses a last layer whose size does not fit the classes.

    Args:
        spec: With classes.
        loss: The loss by name or alias, or None.
        form: How the loss wants its labels.
        outputs: What the last layer gives for one row.

    Raises:
        ConfigError: Names both sizes and what to do.
    """
    problem = units_misfit(
        outputs, sample=spec.input_shape, classes=spec.class_names or (), loss=loss, form=form
    )
    if problem is not None:
        raise ConfigError(problem)


def check_values(
    targets: tuple[int, ...] | None, loss: str | None, outputs: tuple[int | None, ...]
) -> None:
    """Refuses a loss for classes, or a last layer of another shape, where targets are numbers.

    Args:
        targets: The shape of one row's targets; None where it is not known.
        loss: The loss by name or alias, or None.
        outputs: What the last layer gives for one row.

    Raises:
        ConfigError: Names both shapes and what to do.
    """
    if label_form(loss) in ("index", "sign"):
        raise _problem(
            "loss",
            f"{loss} needs classes, but the targets are numbers.",
            "Choose a loss for numbers, such as mean_squared_error.",
        )
    problem = None if targets is None else target_misfit(outputs, targets)
    if problem is not None:
        raise ConfigError(problem)


def _problem(path: str, what: str, fix: str) -> ConfigError:
    return ConfigError(Problem(path, what, fix))
