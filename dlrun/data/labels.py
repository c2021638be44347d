"""Fits labels to the loss and the last layer, and reads predictions back as classes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from dlrun.arrays import Samples, Splits, StreamedArray
from dlrun.catalog.losses import SQUASHED, label_form
from dlrun.data.last_layer import check_activation, check_units, check_values
from dlrun.data.pieces import pieces
from dlrun.data.scaling import to_float32
from dlrun.errors import DataError
from dlrun.wording import count, cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlrun.arrays import Array, LabelForm, Spec

PROBABILITY_THRESHOLD = 0.5
LOGIT_THRESHOLD = 0.0


@dataclass(frozen=True)
class _Fit:
    """How labels are handed over, and how that is said: `one-hot encoded`."""

    form: LabelForm
    threshold: float | None
    said: str


def fit_labels(
    splits: Splits,
    *,
    loss: str | None,
    output_shape: tuple[int | None, ...],
    from_logits: bool = False,
    output_activation: str | None = None,
) -> tuple[Splits, str]:
    """Encodes the targets of every split as the loss wants them.

    Args:
        splits: Rows whose targets are class numbers or values.
        loss: The loss by name or alias; None when nothing is trained.
        output_shape: What the last layer gives for one row, such as `(10,)`; a leading None for
            the batch is left out.
        from_logits: Whether the loss takes logits.
        output_activation: The last layer's activation, or None where it is not known.

    Returns:
        The splits with encoded targets and with `label_form` and `threshold` in their spec, and
        one line that says what was done, such as
        `labels: 10 classes, one-hot encoded for categorical_crossentropy`.

    Raises:
        ConfigError: The loss, the last layer and the labels do not fit.
    """
    if splits.spec.class_names is None and splits.train.y is None:
        raise DataError("the training rows have no targets.")
    targets = None if splits.train.y is None else splits.train.y.shape[1:] or (1,)
    spec, said = fit_spec(
        splits.spec,
        targets=targets,
        loss=loss,
        output_shape=output_shape,
        from_logits=from_logits,
        output_activation=output_activation,
    )
    encoded: dict[str, Any] = {
        name: _encode_samples(rows, spec) for name, rows in splits.present().items()
    }
    fitted = replace(splits, spec=spec, **encoded)
    return fitted, said


def fit_spec(
    spec: Spec,
    *,
    targets: tuple[int, ...] | None,
    loss: str | None,
    output_shape: tuple[int | None, ...],
    from_logits: bool = False,
    output_activation: str | None = None,
) -> tuple[Spec, str]:
    """Decides how targets are encoded.

    Args:
        spec: Of the rows.
        targets: The shape of one row's targets; None where it is not known.
        loss: See `fit_labels`.
        output_shape: See `fit_labels`.
        from_logits: See `fit_labels`.
        output_activation: See `fit_labels`.

    Returns:
        The spec with `label_form` and `threshold`, and the line that `fit_labels` returns.

    Raises:
        ConfigError: The loss, the last layer and the labels do not fit.
    """
    outputs = output_shape[1:] if output_shape[:1] == (None,) else output_shape
    check_activation(
        loss, outputs=outputs, from_logits=from_logits, output_activation=output_activation
    )
    purpose = "without a loss" if loss is None else f"for {loss}"
    if spec.class_names is None:
        check_values(targets, loss, outputs)
        fit = _Fit("value", None, "as they are")
        subject = f"targets: {count(math.prod(size or 1 for size in outputs), 'number')} per row"
    else:
        fit = _fit_classes(
            spec, loss, outputs, from_logits=from_logits, squashed=output_activation in SQUASHED
        )
        subject = f"labels: {count(len(spec.class_names), 'class', 'classes')}"
    fitted = replace(spec, label_form=fit.form, threshold=fit.threshold)
    return fitted, f"{subject}, {fit.said} {purpose}"


@overload
def encode(y: NDArray[Any], spec: Spec) -> NDArray[Any]: ...


@overload
def encode(y: Array, spec: Spec) -> Array: ...


def encode(y: Array, spec: Spec) -> Array:
    """Encodes targets as a spec says.

    Args:
        y: Class numbers `(rows,)`, or values `(rows, ...)` where the spec has no classes.
        spec: With its `label_form` set.

    Returns:
        `(rows,)` int64 for `index`, `(rows, num_classes)` for `one_hot`, `(rows, 1)` for `binary`
        and `sign`, `(rows, ...)` for `value`; float32 all but `index`. Streamed targets are
        encoded when they are taken.
    """
    if isinstance(y, StreamedArray):
        return y.changed(partial(encode, spec=spec))
    if spec.class_names is None:
        values = to_float32(y, "targets")
        return values.reshape(-1, 1) if values.ndim == 1 else values
    if spec.label_form == "index":
        return np.asarray(y, dtype=np.int64)
    if spec.label_form == "one_hot":
        return np.asarray(np.eye(len(spec.class_names), dtype=np.float32)[y])
    if spec.label_form == "sign":
        codes = np.array([-1, 1], dtype=np.float32)
    elif spec.label_form == "value":
        codes = np.array(_class_values(spec), dtype=np.float32)
    else:
        codes = np.array([0, 1], dtype=np.float32)
    return np.asarray(codes[y].reshape(-1, 1))


def decode(y_pred: NDArray[Any], spec: Spec) -> NDArray[np.int64]:
    """The class that a prediction stands for.

    Args:
        y_pred: What the last layer gave, `(rows, units)`.
        spec: With its `label_form` set, and with classes.

    Returns:
        Class numbers, `(rows,)`: the largest unit, or, with one unit, the second class where it
        exceeds the spec's threshold.
    """
    if spec.threshold is None:
        return np.asarray(y_pred.argmax(axis=-1), dtype=np.int64)
    return np.asarray(y_pred.reshape(len(y_pred)) > spec.threshold, dtype=np.int64)


def class_numbers(y: Array, spec: Spec) -> NDArray[np.int64]:
    """The classes of encoded targets; undoes `encode`.

    Args:
        y: Targets as `encode` gives them.
        spec: The spec that they were encoded by, with classes.

    Returns:
        Class numbers, `(rows,)`.
    """
    if isinstance(y, StreamedArray):
        return np.concatenate([class_numbers(piece, spec) for piece in pieces(y)])
    return np.asarray(y, dtype=np.int64) if spec.label_form == "index" else decode(y, spec)


def _fit_classes(
    spec: Spec,
    loss: str | None,
    outputs: tuple[int | None, ...],
    *,
    from_logits: bool,
    squashed: bool,
) -> _Fit:
    """Chooses the form; one output between 0 and 1 gets labels that it can reach."""
    form = label_form(loss)
    check_units(spec, loss, form, outputs)
    if form == "index":
        return _Fit("index", None, "as class numbers")
    if form == "one_hot" or outputs != (1,):
        return _Fit("one_hot", None, "one-hot encoded")
    if form == "binary" or (form == "value" and squashed):
        threshold = LOGIT_THRESHOLD if from_logits else PROBABILITY_THRESHOLD
        return _Fit("binary", threshold, f"{_pair(spec)} as 0 and 1")
    if form == "sign":
        return _Fit("sign", LOGIT_THRESHOLD, f"{_pair(spec)} as -1 and +1")
    low, high = _class_values(spec)
    return _Fit("value", (low + high) / 2, f"{_pair(spec)} as {low:g} and {high:g}")


def _encode_samples(samples: Samples, spec: Spec) -> Samples:
    return samples if samples.y is None else replace(samples, y=encode(samples.y, spec))


def _class_values(spec: Spec) -> tuple[float, ...]:
    """The numbers of the classes; classes of text are numbered from 0."""
    if spec.class_values is not None:
        return spec.class_values
    return tuple(float(number) for number in range(spec.num_classes or 0))


def _pair(spec: Spec) -> str:
    first, second = spec.class_names or ("", "")
    return f"{cut(first)} and {cut(second)}"
