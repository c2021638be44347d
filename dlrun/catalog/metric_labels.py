"""Which of Keras's metrics can be taken of labels and outputs as this loss has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.catalog.losses import LabelForm

COUNTING = frozenset(
    {
        "AUC", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "F1Score", "FBetaScore",
        "FalseNegatives", "FalsePositives", "KLDivergence", "Precision", "PrecisionAtRecall",
        "Recall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
        "TrueNegatives", "TruePositives",
    }
)  # fmt: skip
"""Metrics that take a label for a probability of 0 or 1."""

SPARSE = frozenset(
    {"SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy"}
)
"""Metrics that take class numbers."""

CATEGORICAL = frozenset(
    {
        "CategoricalAccuracy",
        "CategoricalCrossentropy",
        "CategoricalHinge",
        "TopKCategoricalAccuracy",
    }
)
"""Metrics that take one-hot labels."""

ANY_LABELS = frozenset({"IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"})
"""Metrics that are told by their arguments what the labels are."""

PROBABILITIES = COUNTING | frozenset({"CategoricalCrossentropy", "SparseCategoricalCrossentropy"})
"""Metrics that take outputs for probabilities, unless an argument says otherwise."""


def misfit(
    component: Mapping[str, Any], *, label_form: LabelForm | None, output: str | None
) -> tuple[str, str] | None:
    """Say why a metric would give a number that means nothing.

    Args:
        component: `{"type": word, **arguments}`.
        label_form: What the labels look like.
        output: What the outputs are; see `dlrun.arrays.Spec`.

    Returns:
        What does not fit, and how to mend it; None where the metric fits.
    """
    word = component["type"]
    if label_form == "index" and word not in SPARSE | ANY_LABELS:
        return (
            f"{word} does not take class numbers, which the labels of this loss are.",
            "Use accuracy, a sparse metric, or the loss categorical_crossentropy.",
        )
    if label_form != "index" and word in SPARSE:
        return (
            f"{word} takes class numbers, which the labels of this loss are not.",
            "Use accuracy, or the loss sparse_categorical_crossentropy.",
        )
    if label_form in ("binary", "sign") and word in CATEGORICAL:
        return f"{word} takes one-hot labels, but there is one output.", "Use accuracy."
    if label_form == "sign" and word in COUNTING:
        return (
            f"{word} takes labels of 0 and 1, but this loss uses -1 and +1.",
            "Use accuracy; dlrun evaluate prints precision and recall per class.",
        )
    if output == "logit" and word in PROBABILITIES and not _takes_logits(component):
        return (
            f"{word} takes probabilities, but the outputs are logits.",
            "Give it 'from_logits: true' or 'thresholds: 0' where it has them, or use accuracy.",
        )
    return None


def _takes_logits(component: Mapping[str, Any]) -> bool:
    """Return whether an argument says that the outputs are logits."""
    if component.get("from_logits"):
        return True
    threshold = component.get("thresholds", component.get("threshold"))
    return threshold is not None and threshold != 0.5  # noqa: PLR2004 - BinaryAccuracy's default
