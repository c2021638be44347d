"""Fits labels to the loss and the last layer, and reads predictions back as classes."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import LabelForm, Samples, Spec, Splits, StreamedArray
from dlrun.catalog.label_forms import fitted_form
from dlrun.data.scaling import to_float32
from dlrun.data.streams import chunks
from dlrun.errors import ConfigError, DataError, Problem
from dlrun.shapes.last_layer import activation_misfits, target_misfit, units_misfit
from dlrun.wording import count, cut, list_classes, quote

if TYPE_CHECKING:
    from dlrun.arrays import Array


PROBABILITY_THRESHOLD = 0.5
LOGIT_THRESHOLD = 0.0


def fit_labels(
    splits: Splits,
    *,
    loss: str | None,
    output_shape: tuple[int | None, ...],
    from_logits: bool = False,
    output_activation: str | None = None,
) -> tuple[Splits, str]:
    """Encodes the targets of every split as `fit_spec` decides, whose line comes with them."""
    if splits.spec.class_names is None and splits.train.y is None:
        raise DataError("the training rows have no targets.")
    spec, said = fit_spec(
        splits.spec,
        targets=None if splits.train.y is None else splits.train.y.shape[1:] or (1,),
        loss=loss,
        output_shape=output_shape,
        from_logits=from_logits,
        output_activation=output_activation,
    )
    encoded: dict[str, Any] = {
        name: rows if rows.y is None else replace(rows, y=encode(rows.y, spec))
        for name, rows in splits.present().items()
    }
    return replace(splits, spec=spec, **encoded), said


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

    `targets` is the shape of one row's targets, or None where it is not known; `output_shape` what
    the last layer gives for one row, such as `(10,)`: a leading None for the batch is left out.

    Returns:
        The spec with `label_form` and `threshold`, and one line that says what was done, such as
        `labels: 10 classes, one-hot encoded for categorical_crossentropy`.

    Raises:
        ConfigError: The loss, the last layer and the labels do not fit.
    """
    outputs = output_shape[1:] if output_shape[:1] == (None,) else output_shape
    units = outputs[0] if len(outputs) == 1 else None
    for problem in activation_misfits(
        loss, units=units, activation=output_activation, from_logits=from_logits
    ):
        raise ConfigError(problem)
    misfit = (
        target_misfit(outputs, targets, loss)
        if spec.class_names is None
        else units_misfit(outputs, sample=spec.input_shape, classes=spec.class_names, loss=loss)
    )
    if misfit is not None:
        raise ConfigError(misfit)
    form = fitted_form(loss, outputs, output_activation) if spec.class_names else "value"
    threshold, handed = None, "as they are"
    if spec.class_names is None:
        subject = f"targets: {count(math.prod(size or 1 for size in outputs), 'number')} per row"
        if spec.labels:
            subject, handed = f"labels: {len(spec.target_names)}, yes or no each", "as 1 and 0"
    else:
        threshold, handed = _handed(spec, form, from_logits=from_logits)
        subject = f"labels: {count(len(spec.class_names), 'class', 'classes')}"
    purpose = "without a loss" if loss is None else f"for {loss}"
    return replace(spec, label_form=form, threshold=threshold), f"{subject}, {handed} {purpose}"


@overload
def encode(y: NDArray[Any], spec: Spec) -> NDArray[Any]: ...


@overload
def encode(y: "Array", spec: Spec) -> "Array": ...


def encode(y: "Array", spec: Spec) -> "Array":
    """Encodes targets as a fitted spec says; streamed ones when they are taken.

    From class numbers `(rows,)`, or values `(rows, ...)` where the spec has no classes, to float32
    (int64 for `index`) of the shapes that `LabelForm` tells.
    """
    if isinstance(y, StreamedArray):
        return y.changed(partial(encode, spec=spec))
    if spec.class_names is None:
        values: NDArray[Any] = to_float32(y, "targets")
        return values.reshape(-1, 1) if values.ndim == 1 else values
    if spec.label_form == "index":
        return np.asarray(y, dtype=np.int64)  # (rows,)
    if spec.label_form == "one_hot":
        return np.asarray(np.eye(len(spec.class_names), dtype=np.float32)[y])  # (rows, classes)
    if spec.label_form == "sign":
        codes = np.array([-1, 1], dtype=np.float32)
    elif spec.label_form == "value":
        codes = np.array(_class_values(spec), dtype=np.float32)
    else:
        codes = np.array([0, 1], dtype=np.float32)
    return np.asarray(codes[y].reshape(-1, 1))  # (rows, 1)


def decode(y_pred: NDArray[Any], spec: Spec) -> NDArray[np.int64]:
    """Reads predictions `(rows, units)` as class numbers `(rows,)`."""
    # The largest unit; of one unit, the second class where it exceeds the threshold.
    if spec.threshold is None:
        return np.asarray(y_pred.argmax(axis=-1), dtype=np.int64)
    return np.asarray(y_pred.reshape(len(y_pred)) > spec.threshold, dtype=np.int64)


def class_numbers(y: "Array", spec: Spec) -> NDArray[np.int64]:
    """Reads targets as `encode` gives them as class numbers `(rows,)` again."""
    if isinstance(y, StreamedArray):
        return np.concatenate([class_numbers(chunk, spec) for chunk in chunks(y)])
    return np.asarray(y, dtype=np.int64) if spec.label_form == "index" else decode(y, spec)


def _handed(spec: Spec, form: LabelForm, *, from_logits: bool) -> tuple[float | None, str]:
    """Returns the threshold between two classes, and how their labels are handed over."""
    if form == "index":
        return None, "as class numbers"
    if form == "one_hot":
        return None, "one-hot encoded"
    if form == "binary":
        threshold = LOGIT_THRESHOLD if from_logits else PROBABILITY_THRESHOLD
        return threshold, _pair(spec, ("0", "1"))
    if form == "sign":
        return LOGIT_THRESHOLD, _pair(spec, ("-1", "+1"))
    low, high = _class_values(spec)
    return (low + high) / 2, _pair(spec, (f"{low:g}", f"{high:g}"))


def _pair(spec: Spec, codes: tuple[str, str]) -> str:
    """Say what two classes become: `no as 0 and yes as 1`."""
    names = spec.class_names or ()
    if names == codes:
        return f"{' and '.join(codes)} as they are"
    pairs = zip(names, codes, strict=True)
    return " and ".join(f"{cut(name)} as {code}" for name, code in pairs)


def _class_values(spec: Spec) -> tuple[float, ...]:
    """Returns the numbers of the classes; classes of text are numbered from 0."""
    if spec.class_values is not None:
        return spec.class_values
    return tuple(float(number) for number in range(spec.num_classes or 0))


def weigh_labels(
    samples: Samples, names: tuple[str, ...], class_weight: Mapping[str, float] | str | None
) -> Samples:
    """Give every answer of the training rows a weight, `(rows, labels)`, times that of its row.

    A label's yes weighs what `class_weight` says by its name, else 1, and its no 1; `balanced` is
    for each label what `weigh_classes` does for the two classes yes and no.
    """
    if class_weight is None or samples.y is None:
        return samples
    columns = []
    for number, name in enumerate(names):
        answers = np.concatenate([chunk[:, number] for chunk in chunks(samples.y)])
        weight = class_weight
        if not isinstance(class_weight, str):
            weight = {"yes": class_weight.get(name, 1.0)}
        weighed = weigh_classes(samples, answers.astype(np.int64), ("no", "yes"), weight)
        columns.append(np.asarray(weighed.sample_weight))
    if not isinstance(class_weight, str):
        _check_names(class_weight, names, "label")
    return replace(samples, sample_weight=np.stack(columns, axis=1))


def _check_names(given: Mapping[str, float], names: tuple[str, ...], kind: str) -> None:
    unknown = [name for name in given if name not in names]
    if unknown:
        several = {"class": "classes"}.get(kind, f"{kind}s")
        what, fix = f"{quote(unknown[0])} is not a {kind}.", list_classes(names)
        raise ConfigError(Problem(f"{_PATH}.{unknown[0]}", what, f"The {several} are {fix}."))


BALANCED = "balanced"
_PATH = "training.class_weight"


def weigh_classes(
    samples: Samples,
    numbers: NDArray[np.int64],
    class_names: tuple[str, ...] | None,
    class_weight: Mapping[str, float] | str | None,
) -> Samples:
    """Gives every training row the weight of its class, times the weight that it has already.

    Rows have class numbers, `(rows,)`. A class weighs what `class_weight` says by its name, else 1;
    `balanced` is the number of rows over (the number of classes times the rows of the class), as
    scikit-learn has it.
    """
    if class_weight is None:
        return samples
    if class_names is None:
        raise ConfigError(Problem(_PATH, "there are no classes: the target is a number."))
    if isinstance(class_weight, str):  # `balanced`
        counts = np.bincount(numbers, minlength=len(class_names))
        weights = len(numbers) / (len(class_names) * np.maximum(counts, 1))  # (classes,)
    else:
        _check_names(class_weight, class_names, "class")
        weights = np.array([class_weight.get(name, 1.0) for name in class_names])
    by_class, by_row = weights[numbers], samples.sample_weight  # (rows,)
    with np.errstate(over="ignore", under="ignore"):
        rows = by_class.astype(np.float32)
        if by_row is not None:
            rows = rows * by_row
    # Refuse weights that are infinite, or 0, only because float32 holds no others.
    meant = (by_class > 0) & (True if by_row is None else by_row > 0)
    lost = np.flatnonzero(~np.isfinite(rows) | ((rows < np.finfo(np.float32).tiny) & meant))
    if len(lost):
        row = int(lost[0])
        times = "" if by_row is None else f", times the row's own {by_row[row]:g},"
        what = f"the weight of a class, {by_class[row]:g}{times} is beyond the range of float32."
        fix = "Multiply all weights by one number: only their ratios count."
        raise ConfigError(Problem(_PATH, what, fix))
    return replace(samples, sample_weight=rows)
