"""What form each family of losses wants its targets in."""

from __future__ import annotations

from typing import Final, Literal

from dlrun.catalog.words import canonical

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


def is_crossentropy(loss: str) -> bool:
    """Whether a loss takes the logarithm of probabilities.

    Args:
        loss: The name of a loss or an alias of it.
    """
    return "crossentropy" in (canonical("losses", loss) or "").lower()


def label_form(loss: str | None) -> LabelForm:
    """How the targets are handed to a loss; see `dlrun.arrays.LabelForm`.

    Args:
        loss: The name of a loss or an alias of it; None where nothing is trained.
    """
    name = canonical("losses", loss) if loss else None
    return LABEL_FORMS.get(name or "", "value")
