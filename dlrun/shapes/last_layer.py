"""The size of the last layer, held against the classes or the numbers that it must give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlrun.errors import Problem
from dlrun.wording import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.shapes.outputs import Shape

LAST: Final = "model.layers[-1]"
PAIR: Final = 2
MOST_SHOWN: Final = 10


def units_misfit(
    outputs: Shape, *, sample: Shape, classes: Sequence[str], loss: str | None, form: str
) -> Problem | None:
    """What is wrong with a last layer whose size does not fit the classes.

    Args:
        outputs: What the last layer gives for one row.
        sample: The shape of one row.
        classes: The names of the classes.
        loss: The loss by name or alias, or None.
        form: How the loss wants its labels; see `dlrun.catalog.losses.label_form`.

    Returns:
        A problem that names both sizes and what to do, or None.
    """
    if len(outputs) != 1:
        return Problem(
            LAST,
            f"The last layer gives {shape_in_words(outputs)} for each row, "
            "but a label is one class.",
            "Put a Flatten layer before the first Dense layer."
            if len(outputs) == len(sample)
            else "End with a layer that gives one vector for each row.",
        )
    if form == "sign":
        return _sign_misfit(outputs, classes, loss)
    number, units = len(classes), outputs[0]
    one_unit_will_do = form in ("binary", "value") and number == PAIR
    if units in (None, number) or (units == 1 and one_unit_will_do):
        return None
    data = f"the data has {number} classes ({_listed(classes)})"
    if units == 1 and form == "binary":
        return Problem(
            "loss",
            f"{loss} with one output tells 2 classes apart, but {data}.",
            f"Use categorical_crossentropy after a last layer with `units: {number}` "
            "and `activation: softmax`.",
        )
    fix = f"Set `units: {number}`"
    if one_unit_will_do:
        fix += " or `units: 1`"
    elif units == 1 and number == PAIR:
        fix += " with `activation: softmax`, or use binary_crossentropy with sigmoid"
    what = f"The last layer gives {shape_in_words(outputs)} for each row, but {data}."
    return Problem(LAST, what, f"{fix}.")


def target_misfit(outputs: Shape, target: Shape) -> Problem | None:
    """What is wrong with a last layer whose shape is not that of a target of numbers.

    Args:
        outputs: What the last layer gives for one row.
        target: The shape of one row's target.
    """
    if outputs == target or None in outputs:
        return None
    what = f"The last layer gives {shape_in_words(outputs)} for each row, "
    what += f"but the target is {shape_in_words(target)}."
    return Problem(LAST, what, f"Set `units: {target[-1]}`.")


def shape_in_words(shape: Shape) -> str:
    """`1 number`, `3 numbers`, or `an array of shape (28, 28, 1)`."""
    if len(shape) == 1 and shape[0] is not None:
        return "1 number" if shape[0] == 1 else f"{shape[0]} numbers"
    return f"an array of shape {shape}"


def _sign_misfit(outputs: Shape, classes: Sequence[str], loss: str | None) -> Problem | None:
    """What a loss of signs needs: one unit and two classes."""
    if outputs != (1,):
        return Problem(
            LAST,
            f"{loss} takes one output for each row; the last layer gives {outputs[0]}.",
            "Set `units: 1`, or use the loss categorical_hinge.",
        )
    if len(classes) == PAIR:
        return None
    return Problem(
        "loss",
        f"{loss} tells 2 classes apart, but the data has {len(classes)} classes "
        f"({_listed(classes)}).",
        f"Use categorical_hinge with `units: {len(classes)}`.",
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(cut, names[:MOST_SHOWN]))
    return shown if len(names) <= MOST_SHOWN else f"{shown}, ..."
