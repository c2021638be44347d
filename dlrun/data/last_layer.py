"""Holds the last layer against the loss and the classes, before the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.catalog.losses import label_form
from dlrun.data.wording import count, list_classes
from dlrun.errors import ConfigError, Problem

if TYPE_CHECKING:
    from dlrun.arrays import LabelForm, Spec

LAST = "model.layers[-1]"
TWO = 2

NOT_PROBABILITIES = frozenset(
    {
        "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "swish",
        "tanh", "softsign", "softplus", "mish", "log_softmax", "log_sigmoid", "hard_tanh",
    }
)  # fmt: skip
"""Activations whose outputs leave [0, 1], so that the logarithm of a cross-entropy is clipped."""

NEVER_NEGATIVE = frozenset({"sigmoid", "hard_sigmoid", "softmax", "relu", "relu6", "softplus"})
"""Activations that cannot say -1."""

SQUASHED = frozenset({"sigmoid", "softmax", "hard_sigmoid"})
"""Activations that turn logits into probabilities."""


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
    if not _is_crossentropy(loss):
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
    if len(outputs) != 1:
        image_like = len(outputs) == len(spec.input_shape)
        raise _problem(
            LAST,
            f"The last layer gives {shape_in_words(outputs)} for each row, "
            "but a label is one class.",
            "Put a Flatten layer before the first Dense layer."
            if image_like
            else "End with a layer that gives one vector for each row.",
        )
    names = spec.class_names or ()
    if form == "sign":
        _check_one_unit_for_two_classes(names, loss, outputs)
        return
    classes, units = len(names), outputs[0]
    one_unit_will_do = form in ("binary", "value") and classes == TWO
    if units == classes or (units == 1 and one_unit_will_do):
        return
    data = f"the data has {classes} classes ({list_classes(names)})"
    if units == 1 and form == "binary":
        raise _problem(
            "loss",
            f"{loss} with one output tells 2 classes apart, but {data}.",
            f"Use categorical_crossentropy after a last layer with `units: {classes}` "
            "and `activation: softmax`.",
        )
    fix = f"Set `units: {classes}`"
    if one_unit_will_do:
        fix += " or `units: 1`"
    elif units == 1 and classes == TWO:
        fix += " with `activation: softmax`, or use binary_crossentropy with sigmoid"
    raise _problem(
        LAST, f"The last layer gives {shape_in_words(outputs)} for each row, but {data}.", f"{fix}."
    )


def check_values(
    targets: tuple[int, ...], loss: str | None, outputs: tuple[int | None, ...]
) -> None:
    """Refuses a loss for classes, or a last layer of another shape, where targets are numbers.

    Args:
        targets: The shape of one row's targets.
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
    if targets != outputs:
        raise _problem(
            LAST,
            f"The last layer gives {shape_in_words(outputs)} for each row, "
            f"but the target is {shape_in_words(targets)}.",
            f"Set `units: {targets[-1]}`.",
        )


def shape_in_words(shape: tuple[int | None, ...]) -> str:
    """`1 number`, `3 numbers`, or `an array of shape (28, 28, 1)`."""
    if len(shape) == 1 and shape[0] is not None:
        return count(shape[0], "number")
    return f"an array of shape {shape}"


def _check_one_unit_for_two_classes(
    names: tuple[str, ...], loss: str | None, outputs: tuple[int | None, ...]
) -> None:
    """What a loss of signs needs."""
    if outputs != (1,):
        raise _problem(
            LAST,
            f"{loss} takes one output for each row; the last layer gives {outputs[0]}.",
            "Set `units: 1`, or use the loss categorical_hinge.",
        )
    if len(names) != TWO:
        raise _problem(
            "loss",
            f"{loss} tells 2 classes apart, but the data has {len(names)} classes "
            f"({list_classes(names)}).",
            f"Use categorical_hinge with `units: {len(names)}`.",
        )


def _is_crossentropy(loss: str) -> bool:
    plain = loss.replace("_", "").lower()
    return "crossentropy" in plain or plain == "bce"


def _problem(path: str, what: str, fix: str) -> ConfigError:
    return ConfigError(Problem(path, what, fix))
