"""What form each family of losses wants its targets in."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from dlrun.catalog.words import canonical

Found = Iterator[tuple[str, str]]
"""What does not fit, and how to mend it."""

LabelForm = Literal["index", "one_hot", "binary", "sign", "value"]

_LOSSES: Final[dict[LabelForm, tuple[str, ...]]] = {
    "one_hot": (
        "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge",
        "KLDivergence",
    ),
    "index": (
        "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Circle",
    ),
    "binary": ("BinaryCrossentropy", "BinaryFocalCrossentropy"),
    "sign": ("Hinge", "SquaredHinge"),
}  # fmt: skip
LABEL_FORMS: Final = {loss: form for form, losses in _LOSSES.items() for loss in losses}
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


SQUASHED: Final = frozenset({"hard_sigmoid", "sigmoid", "softmax"})
"""Activations that turn logits into probabilities."""


def is_crossentropy(loss: str) -> bool:
    """Whether a loss, by name or alias, takes the logarithm of probabilities."""
    return "crossentropy" in (canonical("losses", loss) or "").lower()


def label_form(loss: str | None) -> LabelForm:
    """Return how targets are handed to a loss, by name or alias; None where nothing is trained."""
    name = canonical("losses", loss) if loss else None
    return LABEL_FORMS.get(name or "", "value")


def fitted_form(
    loss: str | None, outputs: tuple[int | None, ...], activation: str | None
) -> LabelForm:
    """Return how labels of classes are handed to a loss after a last layer that gives `outputs`."""
    form = label_form(loss)
    if form == "value" and activation in SQUASHED:
        form = "binary"  # one output between 0 and 1 gets labels that it can reach
    return form if outputs == (1,) or form == "index" else "one_hot"


def out_of_range(name: str, *, below_zero: bool, zero: bool) -> Found:
    """Tell of which targets a loss or a metric of quantities cannot be taken."""
    if below_zero and name in ("Poisson", "MeanSquaredLogarithmicError"):
        what = f"{name} takes targets from 0 on, but some are below 0."
        yield what, "Use mean_squared_error or mean_absolute_error."
    if zero and name == "MeanAbsolutePercentageError":
        yield f"{name} divides by the targets, but some are 0.", "Use mean_absolute_error."
