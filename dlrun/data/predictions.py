"""Predictions as columns: one row per input row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TextIO

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Spec
from dlrun.data.prediction_files import Column, CsvRows, Named, Rows


class PredictionWriter:
    """Writes predictions chunk by chunk.

    The columns are `row` (from 0), those that are kept of the input (`input_<name>` where their
    name is one of the others), `true` where every chunk comes with its targets, and then, where
    there are classes, `predicted` and one `probability_<class>` each (or one `score` where the
    model's output is not a probability), of several labels `predicted_<label>`, 1 or 0, and
    `probability_<label>`, else the predicted value of each target. Of targets that are arrays each
    entry has a column, named by its place from 1, such as `predicted_10_3`.
    """

    def __init__(self, file: TextIO | Rows, spec: Spec, *, with_true: bool) -> None:
        self._file = file if isinstance(file, Rows) else CsvRows(file)
        self._spec = spec
        self._with_true = with_true
        self._row = 0

    def write(
        self,
        y_pred: NDArray[np.float32],
        classes: NDArray[np.int64] | None,
        y_true: NDArray[Any] | None = None,
        *,
        kept: Mapping[str, Sequence[str | None]] | None = None,
    ) -> None:
        """Write one chunk; `kept` are columns of its input by their names."""
        written: list[Column] = [
            np.arange(self._row, self._row + len(y_pred)),
            *(kept or {}).values(),
        ]
        if y_true is not None and self._with_true:
            written += self._named(y_true) if classes is not None else _numbers(y_true)
        if classes is not None:
            written += self._named(classes)
        written += _numbers(probabilities(y_pred, self._spec))
        names = [*self._true_columns(y_true), *self._predicted_columns(y_pred)]
        own = {"row", *names}
        carried = [f"input_{name}" if name in own else name for name in kept or ()]
        self._file.write(["row", *carried, *names], written)
        self._row += len(y_pred)

    def _named(self, classes: NDArray[np.int64]) -> list[Column]:
        if self._spec.labels:
            return list(np.asarray(classes, np.int64).T)
        return [Named(np.asarray(classes), self._spec.class_names or ())]

    def _true_columns(self, y_true: NDArray[Any] | None) -> list[str]:
        if not self._with_true or y_true is None:
            return []
        return ["true"] if self._spec.class_names else _per_entry("true", y_true, self._spec)

    def _predicted_columns(self, y_pred: NDArray[np.float32]) -> list[str]:
        names = self._spec.class_names
        if self._spec.labels:
            word = "score" if self._spec.output == "score" else "probability"
            return [f"{one}_{name}" for one in ("predicted", word)
                    for name in self._spec.target_names]  # fmt: skip
        if names is None:
            return _per_entry("predicted", y_pred, self._spec)
        if self._spec.output == "score":
            one = self._spec.threshold is not None
            return ["predicted", *(["score"] if one else [f"score_{name}" for name in names])]
        return ["predicted", *(f"probability_{name}" for name in names)]


def probabilities(y_pred: NDArray[np.float32], spec: Spec) -> NDArray[np.float32]:
    """Turn outputs, `(rows, num_outputs)`, into one probability per class, where it can be.

    Logits go through softmax or sigmoid, a single probability p becomes (1 - p, p), scores and
    values stay as they are; of labels each has one of its own.
    """
    if spec.labels:
        return _sigmoid(y_pred) if spec.output == "logit" else y_pred
    if spec.output == "logit":
        y_pred = _sigmoid(y_pred) if spec.threshold is not None else _softmax(y_pred)
    if spec.output in ("logit", "probability") and spec.threshold is not None:
        y_pred = np.concatenate([1 - y_pred, y_pred], axis=1)
    return y_pred


def output_kind(
    *, from_logits: bool, activation: str | None, classes: bool
) -> Literal["probability", "logit", "score"] | None:
    """Say what the numbers of the last layer are; None where there are no classes."""
    if not classes:
        return None
    if from_logits:
        return "logit"
    return "probability" if activation in ("softmax", "sigmoid") else "score"


def _numbers(values: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Return the columns, `(rows,)` each."""
    return list(np.asarray(values, dtype=np.float32).reshape(len(values), -1).T)


def _per_entry(word: str, values: NDArray[Any], spec: Spec) -> list[str]:
    """One name for each entry of a row of `values`, `(rows, ...)`."""
    shape, names = values.shape[1:], spec.target_names
    if math.prod(shape) == len(names):
        return [word] if len(names) == 1 else [f"{word}_{name}" for name in names]
    places = np.ndindex(*(size for size in shape if size != 1))
    return ["_".join([word, *(str(index + 1) for index in place)]) for place in places]


def _sigmoid(z: NDArray[np.float32]) -> NDArray[np.float32]:
    return (1 / (1 + np.exp(-np.asarray(z, dtype=np.float64)))).astype(np.float32)


def _softmax(z: NDArray[np.float32]) -> NDArray[np.float32]:
    powers: NDArray[np.float64] = np.exp(z - z.max(axis=1, keepdims=True), dtype=np.float64)
    shares: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
