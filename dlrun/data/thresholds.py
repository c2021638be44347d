"""Turns outputs into answers: a class, or a yes or no for each label, at thresholds of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Spec, StreamedArray
from dlrun.data.labels import LOGIT_THRESHOLD, PROBABILITY_THRESHOLD, class_numbers, decode
from dlrun.data.predictions import probabilities
from dlrun.data.streams import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.arrays import Array

PAIR = 2


def thresholded(spec: Spec) -> tuple[str, ...]:
    """Name what a threshold decides: every label, or of two classes the second; else nothing."""
    if spec.labels:
        return spec.target_names
    return (spec.class_names or ())[1:] if spec.num_classes == PAIR else ()


def scores_of(outputs: NDArray[np.float32], spec: Spec) -> NDArray[np.float64]:
    """Give what thresholds are held against, `(rows, len(thresholded(spec)))`.

    It is the probability where the model tells one; else the score, of two scores their difference.
    """
    scores = probabilities(outputs, spec).astype(np.float64)
    if spec.labels or scores.shape[1] == 1:
        return scores
    if spec.output == "score":
        return scores[:, 1:] - scores[:, :1]
    return scores[:, 1:]


def usual_threshold(spec: Spec) -> float:
    """Give the threshold of `scores_of` where none is asked for."""
    if spec.output == "score" and not spec.labels:
        return spec.threshold or 0.0
    return PROBABILITY_THRESHOLD


def decide(
    outputs: NDArray[np.float32], spec: Spec, thresholds: Sequence[float] | None = None
) -> NDArray[np.int64]:
    """Read outputs as class numbers, `(rows,)`, or as 1 and 0 for each label, `(rows, labels)`.

    Yes, and of two classes the second, is what exceeds its threshold; without thresholds it is the
    more probable answer.
    """
    if thresholds is not None:
        exceeds = (scores_of(outputs, spec) > np.array(thresholds)).astype(np.int64)
        return exceeds if spec.labels else exceeds[:, 0]
    if not spec.labels:
        return decode(outputs, spec)
    middle = LOGIT_THRESHOLD if spec.output == "logit" else PROBABILITY_THRESHOLD
    return np.asarray(outputs > middle, dtype=np.int64)


def true_answers(y: Array, spec: Spec) -> NDArray[np.int64]:
    """Read encoded targets as `decide` reads outputs."""
    if not spec.labels:
        return class_numbers(y, spec)
    values: list[NDArray[Any]] = list(chunks(y)) if isinstance(y, StreamedArray) else [y]
    return np.concatenate(values).astype(np.int64)
