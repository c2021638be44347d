"""What the last layer must fit: the loss, the classes, or the numbers that it must give."""

from collections.abc import Iterator, Sequence
from typing import Final

from dlrun.catalog.losses import (
    NEVER_NEGATIVE,
    NOT_PROBABILITIES,
    PAIR,
    SQUASHED,
    is_crossentropy,
    label_form,
    sums_to_one,
)
from dlrun.errors import Problem, cut
from dlrun.shapes.outputs import Shape

LAST: Final = "model.layers[-1]"
MOST_SHOWN: Final = 10
ONE_SOFTMAX: Final = (
    "The softmax of a single unit is always 1.",
    "Use 'activation: sigmoid', or one unit for each class.",
)


def activation_misfits(
    loss: str | None, *, units: int | None, activation: str | None, from_logits: bool | None
) -> Iterator[Problem]:
    """Tell under which last activations a loss cannot mean what it says.

    Args:
        loss: The loss by name or alias, or None.
        units: What the last layer gives for one row; None where that is not known.
        activation: The last layer's; None where it is not known.
        from_logits: Whether the loss takes logits; None where that is no question.
    """
    path = f"{LAST}.activation"
    if loss is None or activation is None:
        return
    if activation == "softmax" and units == 1:
        yield Problem(path, *ONE_SOFTMAX)
    if sums_to_one(loss) and activation == "sigmoid" and from_logits is False:
        what = f"{loss} takes probabilities that sum to 1, but each sigmoid stands alone."
        fix = "the loss binary_crossentropy" if units == 1 else "'activation: softmax'"
        yield Problem(path, what, f"Use {fix}.")
    if is_crossentropy(loss) and activation in NOT_PROBABILITIES and from_logits is False:
        fitting = "sigmoid" if label_form(loss) == "binary" else "softmax"
        given = "has no activation" if activation == "linear" else f"ends with {activation}"
        what = f"{loss} takes probabilities, but the last layer {given}."
        fix = f"Use 'activation: {fitting}', or give the loss 'from_logits: true'."
        yield Problem(path, what, fix)
    if from_logits and activation in SQUASHED:
        what = f"The loss takes logits, but the last layer has already applied {activation}."
        fix = "Leave 'from_logits' out, or use 'activation: linear'."
        yield Problem("loss.from_logits", what, fix)
    if label_form(loss) == "sign" and activation in NEVER_NEGATIVE:
        what = f"{loss} tells classes apart by sign, but {activation} is never negative."
        yield Problem(path, what, "Use 'activation: tanh' or 'linear'.")


def one_output(loss: str | None, units: int | None, path: str = LAST) -> Problem | None:
    """Tell that a loss of signs takes one output, where there are others."""
    if label_form(loss) != "sign" or units in (None, 1):
        return None
    what = f"{loss} takes one output for each row, got {units}."
    return Problem(path, what, "Set 'units: 1', or use the loss categorical_hinge.")


def units_misfit(
    outputs: Shape, *, sample: Shape, classes: Sequence[str], loss: str | None
) -> Problem | None:
    """Tell what is wrong with a last layer whose size does not fit the names of the classes.

    Args:
        outputs: What the last layer gives for one row.
        sample: The shape of one row.
        classes: Their names.
        loss: The loss by name or alias, or None.
    """
    number, form = len(classes), label_form(loss)
    if len(outputs) != 1:
        what = f"The last layer gives {shape_in_words(outputs)} for each row, "
        fix = "End with a layer that gives one vector for each row."
        if len(outputs) == len(sample):
            fix = "Put a Flatten layer before the first Dense layer."
        return Problem(LAST, f"{what}but a label is one class.", fix)
    units = outputs[0]
    shown = ", ".join(map(cut, classes[:MOST_SHOWN])) + ", ..." * (number > MOST_SHOWN)
    data = f"the data has {number} classes ({shown})"
    if form == "sign":
        if units == 1 and number != PAIR:
            fix = f"Use categorical_hinge with `units: {number}`."
            return Problem("loss", f"{loss} tells 2 classes apart, but {data}.", fix)
        return one_output(loss, units)
    one_unit_will_do = form in ("binary", "value") and number == PAIR
    if units in (None, number) or (units == 1 and one_unit_will_do):
        return None
    if units == 1 and form == "binary":
        fix = f"Use categorical_crossentropy after a last layer with `units: {number}` "
        fix += "and `activation: softmax`."
        return Problem("loss", f"{loss} with one output tells 2 classes apart, but {data}.", fix)
    fix = f"Set `units: {number}`"
    if one_unit_will_do:
        fix += " or `units: 1`"
    elif units == 1 and number == PAIR:
        fix += " with `activation: softmax`, or use binary_crossentropy with sigmoid"
    what = f"The last layer gives {shape_in_words(outputs)} for each row, but {data}."
    return Problem(LAST, what, f"{fix}.")


def target_misfit(outputs: Shape, target: Shape | None, loss: str | None) -> Problem | None:
    """Tell why a loss or a last layer does not fit targets that are numbers.

    Args:
        outputs: What the last layer gives for one row.
        target: The shape of one row's target; None where it is not known.
        loss: The loss by name or alias, or None.
    """
    if label_form(loss) in ("index", "sign"):
        what = f"{loss} needs classes, but the target is a number."
        return Problem("loss", what, "Choose a loss for numbers, such as mean_squared_error.")
    if target is None or outputs == target or None in outputs:
        return None
    what = f"The last layer gives {shape_in_words(outputs)} for each row, "
    what += f"but the target is {shape_in_words(target)}."
    return Problem(LAST, what, f"Set `units: {target[-1]}`.")


def shape_in_words(shape: Shape) -> str:
    """Write `1 number`, `3 numbers`, or `an array of shape (28, 28, 1)`."""
    if len(shape) == 1 and shape[0] is not None:
        return "1 number" if shape[0] == 1 else f"{shape[0]} numbers"
    return f"an array of shape {shape}"
