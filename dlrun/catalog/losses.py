"""What form each family of losses wants its targets in."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from dlrun.catalog.words import canonical

Found = Iterator[tuple[str, str]]
"""What does not fit, and how to mend it."""

LabelForm = Literal["index", "one_hot", "binary", "sign", "value"]

LABEL_FORMS: Final[dict[str, LabelForm]] = {
    "CategoricalCrossentropy": "one_hot",
    "CategoricalFocalCrossentropy": "one_hot",
    "CategoricalHinge": "one_hot",
    "KLDivergence": "one_hot",
    "SparseCategoricalCrossentropy": "index",
    "CategoricalGeneralizedCrossEntropy": "index",
    "Circle": "index",
    "BinaryCrossentropy": "binary",
    "BinaryFocalCrossentropy": "binary",
    "Hinge": "sign",
    "SquaredHinge": "sign",
}
"""Every loss that is not named here takes numbers as they are."""

TargetLabels = Literal["one_hot", "flags", "shares", "fractions", "numbers"]
"""What targets are that are no classes: the first of these that fits.

- `one_hot`: each last axis is a single 1 among zeros.
- `flags`: 0 and 1.
- `shares`: each last axis sums to 1.
- `fractions`: from 0 to 1.
- `numbers`: any others.
"""


class Targets(NamedTuple):
    """What is seen of targets that are no classes."""

    labels: TargetLabels
    below_zero: bool = False
    zero: bool = False


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
SQUASHED: Final = frozenset({"hard_sigmoid", "sigmoid", "softmax"})
"""Activations that turn logits into probabilities."""

PAIR: Final = 2
"""So many classes one output can tell apart."""
MEASURE_DISTANCE: Final = frozenset(
    {
        "CosineSimilarity", "Huber", "LogCosh", "MeanAbsoluteError", "MeanAbsolutePercentageError",
        "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson",
    }
)  # fmt: skip
"""Losses of regressions: they ask how far off a number is, and not which class it is."""


def is_crossentropy(loss: str) -> bool:
    """Whether a loss, by name or alias, takes the logarithm of probabilities."""
    return "crossentropy" in (canonical("losses", loss) or "").lower()


def sums_to_one(loss: str) -> bool:
    """Whether a loss, by name or alias, is told of one class a row by logarithms of a softmax."""
    names = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy")
    return canonical("losses", loss) in names


def label_form(loss: str | None) -> LabelForm:
    """Return how targets are handed to a loss, by name or alias; None where nothing is trained."""
    name = canonical("losses", loss) if loss else None
    return LABEL_FORMS.get(name or "", "value")


def misgiving(
    loss: str | None,
    *,
    units: int | None,
    activation: str | None,
    classes: int | None,
    targets: Targets | None = None,
) -> tuple[str, str] | None:
    """Say why a loss, by name or alias, can be computed and does not suit the task.

    Args:
        loss: Its name or an alias.
        units: The size of the last axis of the outputs; None where it is not known.
        activation: The last layer's; None where it is not known.
        classes: How many classes there are, of which each row has one; None where there are none.
        targets: What is seen of targets that are no classes; None where nothing is.

    Returns:
        What does not suit, and the loss that does; None where nothing is known against it.
    """
    name = canonical("losses", loss) if loss else None
    if name is None:
        return None
    doubts = (
        *_doubts_about_outputs(name, units, activation),
        *_doubts_about_targets(name, units, classes=classes, targets=targets),
    )
    return next(iter(doubts), None)


def _doubts_about_outputs(name: str, units: int | None, activation: str | None) -> Found:
    if label_form(name) == "binary" and activation == "softmax" and units != 1:
        what = f"{name} takes each output for itself, but a softmax shares 1 among all of them."
        several = "for several labels at once use 'activation: sigmoid'"
        yield what, f"For one class a row use categorical_crossentropy; {several}."
    if label_form(name) == "one_hot" and units == 1:
        what = f"{name} chooses among several outputs, but there is one."
        yield what, "Use binary_crossentropy, or mean_squared_error for numbers."


def _doubts_about_targets(
    name: str, units: int | None, *, classes: int | None, targets: Targets | None
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


def out_of_range(name: str, *, below_zero: bool, zero: bool) -> Found:
    """Tell of which targets a loss or a metric of quantities cannot be taken."""
    if below_zero and name in ("Poisson", "MeanSquaredLogarithmicError"):
        what = f"{name} takes targets from 0 on, but some are below 0."
        yield what, "Use mean_squared_error or mean_absolute_error."
    if zero and name == "MeanAbsolutePercentageError":
        yield f"{name} divides by the targets, but some are 0.", "Use mean_absolute_error."


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
