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


def label_form(loss: str | None) -> LabelForm:
    """How the targets are handed to a loss; see `dlrun.arrays.LabelForm`.

    Args:
        loss: The name of a loss or an alias of it; None where nothing is trained.
    """
    name = canonical("losses", loss) if loss else None
    return LABEL_FORMS.get(name or "", "value")
