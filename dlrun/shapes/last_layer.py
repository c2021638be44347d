"""What the last layer must fit: the loss, the classes, or the numbers that it must give.

A loss is named, or given by an alias; it is None where nothing is trained. `outputs` are the shape
of what the last layer gives for one row, `units` its last size. What is not known is None.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from dlrun.catalog.label_forms import (
    SQUASHED,
    Found,
    Targets,
    is_crossentropy,
    label_form,
    out_of_range,
)
from dlrun.catalog.words import canonical
from dlrun.errors import Problem
from dlrun.shapes.layer import Shape
from dlrun.wording import count, cut

LAST: Final = "model.layers[-1]"
MOST_SHOWN: Final = 10
PAIR: Final = 2
"""So many classes one output can tell apart."""
MEASURE_DISTANCE: Final = frozenset(
    {
        "CosineSimilarity", "Huber", "LogCosh", "MeanAbsoluteError", "MeanAbsolutePercentageError",
        "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson",
    }
)  # fmt: skip
"""Losses of regressions: they ask how far off a number is, and not which class it is."""
ONE_CHOICE: Final = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy")
NOT_PROBABILITIES: Final = frozenset(
    {
        "celu", "elu", "gelu", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax",
        "mish", "relu", "relu6", "selu", "silu", "softplus", "softsign", "tanh",
    }
)  # fmt: skip
"""Activations whose values leave [0, 1], so that the logarithm of a cross-entropy is clipped."""
NEVER_NEGATIVE: Final = frozenset(
    {"hard_sigmoid", "relu", "relu6", "sigmoid", "softmax", "softplus"}
)
"""Activations that cannot say -1."""
RANGES: Final = {
    "celu": (-1.0, math.inf), "elu": (-1.0, math.inf), "exponential": (0.0, math.inf),
    "hard_sigmoid": (0.0, 1.0), "hard_tanh": (-1.0, 1.0), "log_sigmoid": (-math.inf, 0.0),
    "log_softmax": (-math.inf, 0.0), "relu": (0.0, math.inf), "relu6": (0.0, 6.0),
    "sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "softplus": (0.0, math.inf),
    "softsign": (-1.0, 1.0), "tanh": (-1.0, 1.0),
}  # fmt: skip
"""Between what numbers the values of activations lie, which never leave them."""
ONE_SOFTMAX: Final = (
    "The softmax of a single unit is always 1.",
    "Use 'activation: sigmoid', or one unit for each class.",
)


def activation_misfits(
    loss: str | None, *, units: int | None, activation: str | None, from_logits: bool | None
) -> Iterator[Problem]:
    """Tell under which last activations a loss cannot mean what it says."""
    if loss is None or activation is None:
        return
    path, name, takes_shares = f"{LAST}.activation", canonical("losses", loss), from_logits is False
    if activation == "softmax" and units == 1:
        yield Problem(path, *ONE_SOFTMAX)
    if name in ONE_CHOICE and activation == "sigmoid" and takes_shares:
        what = f"{loss} takes probabilities that sum to 1, but each sigmoid stands alone."
        fix = "the loss binary_crossentropy" if units == 1 else "'activation: softmax'"
        yield Problem(path, what, f"Use {fix}.")
    if is_crossentropy(loss) and activation in NOT_PROBABILITIES and takes_shares:
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
    """Tell what is wrong with a last layer whose size does not fit the names of the classes."""
    number, form = len(classes), label_form(loss)
    if len(outputs) != 1:
        what = f"The last layer gives {shape_in_words(outputs)} for each row, "
        fix = "End with a layer that gives one vector for each row."
        if len(outputs) == len(sample):
            fix = "Put a Flatten layer before the first Dense layer."
        return Problem(LAST, f"{what}but a label is one class.", fix)
    units = outputs[0]
    shown = ", ".join(map(cut, classes[:MOST_SHOWN])) + ", ..." * (number > MOST_SHOWN)
    data = f"the data has {count(number, 'class', 'classes')} ({shown})"
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
    """Tell why a loss or a last layer does not fit targets that are numbers, of this shape."""
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


def misgiving(
    loss: str | None,
    *,
    units: int | None,
    activation: str | None,
    classes: int | None,
    targets: Targets | None = None,
) -> tuple[str, str] | None:
    """Say why a loss that can be computed does not suit the task, and which one does.

    Each row has one of so many classes, or None where targets are no classes but look like
    `targets`.
    """
    name = canonical("losses", loss) if loss else None
    if name is None:
        return None
    doubts = chain(
        _doubts_about_outputs(name, units, activation, classes),
        _doubts_about_targets(name, units, classes, targets),
        _doubts_about_range(name, activation, targets) if classes is None else (),
    )
    return next(doubts, None)


def _doubts_about_outputs(
    name: str, units: int | None, activation: str | None, classes: int | None
) -> Found:
    if label_form(name) == "binary" and activation == "softmax" and units != 1:
        what = f"{name} takes each output for itself, but a softmax shares 1 among all of them."
        several = "for several labels at once use 'activation: sigmoid'"
        yield what, f"For one class a row use categorical_crossentropy; {several}."
    # Of more classes, one against all others each, it is meant.
    if label_form(name) == "binary" and activation == "sigmoid" and classes == units == PAIR:
        what = f"{name} has one sigmoid for each class: their probabilities do not sum to 1."
        yield what, "Use 'units: 1', or categorical_crossentropy after 'activation: softmax'."
    if label_form(name) == "one_hot" and units == 1:
        what = f"{name} chooses among several outputs, but there is one."
        yield what, "Use binary_crossentropy, or mean_squared_error for numbers."


def _doubts_about_targets(
    name: str, units: int | None, classes: int | None, targets: Targets | None
) -> Found:
    form, labels = label_form(name), targets and targets.labels
    if name in MEASURE_DISTANCE and (classes or labels in ("one_hot", "flags")):
        one_class = classes is not None or labels == "one_hot"
        yield _distance_of_classes(name, units, one_class=one_class, classes=classes)
    if form == "one_hot" and labels == "flags":
        what = f"{name} takes targets that sum to 1, but here rows have several labels or none."
        yield what, "Use binary_crossentropy after 'activation: sigmoid'."
    if form == "one_hot" and labels in ("fractions", "numbers"):
        yield f"{name} takes targets that sum to 1, but these do not.", "Use mean_squared_error."
    if form == "binary" and labels == "numbers":
        yield f"{name} takes targets from 0 to 1, but some lie beyond.", "Use mean_squared_error."
    if targets:
        yield from out_of_range(name, below_zero=targets.below_zero, zero=targets.zero)


def _doubts_about_range(name: str, activation: str | None, targets: Targets | None) -> Found:
    """A last layer that cannot give what numbers are to be learned."""
    if targets is None or name not in MEASURE_DISTANCE or activation not in RANGES:
        return
    low, high = RANGES[activation]
    beyond = [f"below {low:g}"] * (targets.low is not None and targets.low < low)
    beyond += [f"above {high:g}"] * (targets.high is not None and targets.high > high)
    if beyond:
        what = f"the last layer ends with {activation}, which gives nothing {' or '.join(beyond)}, "
        what += "but the targets lie there too"
        scaled = f", scaled by 'target_scale: {targets.scaled}'" if targets.scaled else ""
        yield f"{what}{scaled}.", "Leave the activation of the last layer out."


def _distance_of_classes(
    name: str, units: int | None, *, one_class: bool, classes: int | None
) -> tuple[str, str]:
    """A loss of regressions over classes: it trains, and slower than it could."""
    one_unit = "binary_crossentropy after 'activation: sigmoid'"
    many = "categorical_crossentropy after 'activation: softmax'"
    fitting = f"{one_unit}, or {many}" if units is None else one_unit
    if one_class and units is not None and units > 1:
        fitting = many
    if classes is not None and classes > PAIR and units != classes:
        fitting = f"categorical_crossentropy after 'units: {classes}' and 'activation: softmax'"
    what = f"{name} measures how far off a number is, but the targets are classes."
    return what, f"Use {fitting}."
