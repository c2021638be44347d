"""The metrics of a run: Keras's own, and an accuracy that fits the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dlrun.arrays import Spec
from dlrun.backend import keras
from dlrun.backend.components import create
from dlrun.catalog.label_forms import ACCURACY, F_SCORES


class ThresholdAccuracy(keras.metrics.MeanMetricWrapper):  # type: ignore[misc]
    """The share of rows whose label and output lie on the same side of a threshold.

    With labels -1 and +1 and a threshold of 0 this is the accuracy of signs. Keras's own accuracy
    compares `y_pred > 0.5` with the label, so a perfect model scores near 0 on the label -1.
    """

    def __init__(self, threshold: float, label_threshold: float, **options: Any) -> None:
        def same_side(y_true: Any, y_pred: Any) -> Any:  # (rows, units) each -> (rows,)
            agree = keras.ops.equal(y_true > label_threshold, y_pred > threshold)
            return keras.ops.mean(keras.ops.cast(agree, "float32"), axis=-1)

        super().__init__(same_side, **options)
        self.threshold, self.label_threshold = threshold, label_threshold
        self._direction = "up"


def build_metrics(
    components: Sequence[Mapping[str, Any]],
    spec: Spec,
    *,
    several_labels: bool = False,
    dtype: str | None = None,
) -> list[Any]:
    """Build the metrics of a config.

    Two words fit themselves to the labels: in `accuracy` the class is the argmax, or the side of
    the spec's threshold; an F-score without a threshold takes the largest output of a row, which
    with one output a row, or with several labels (`several_labels`: each output has one of its own,
    without classes), would be to call every row positive: there the threshold is 0.5.

    `dtype` is what they compute in, whatever the config says; None for what that says. Each is
    named as its column of the history.
    """
    is_alone = several_labels or spec.threshold is not None
    built = []
    for index, component in enumerate(components):
        word, arguments = component["type"], dict(component)
        # The best k of a row TensorFlow finds in float32 alone.
        if dtype is not None and component.get("k", component.get("top_k")) is None:
            arguments["dtype"] = dtype
        if word in F_SCORES and arguments.get("threshold") is None and is_alone:
            arguments["threshold"] = 0.5
        is_accuracy, path = word in ACCURACY, f"metrics[{index}]"
        built.append(_accuracy(arguments, spec) if is_accuracy else _create(arguments, path))
    return built


def _create(component: Mapping[str, Any], path: str) -> Any:
    """Create a metric whose sums have its own dtype; Keras's R2Score and AUC keep float32 ones."""
    before, dtype = keras.config.floatx(), component.get("dtype")
    if dtype != "float64":
        return create("metrics", component, path=path)
    keras.config.set_floatx(dtype)
    try:
        metric = create("metrics", component, path=path)
    finally:
        keras.config.set_floatx(before)
    # Some make their variables when they see the first rows.
    metric.add_variable = partial(metric.add_variable, dtype=dtype)
    return metric


def _accuracy(component: Mapping[str, Any], spec: Spec) -> Any:
    """Return the accuracy that fits the labels."""
    dtype = component.get("dtype")
    name = str(component.get("name") or component["type"].lower())
    if spec.label_form == "index":
        return keras.metrics.SparseCategoricalAccuracy(name=name, dtype=dtype)
    if spec.threshold is None:
        return keras.metrics.CategoricalAccuracy(name=name, dtype=dtype)
    label = 0.0 if spec.label_form == "sign" else 0.5  # between the labels as the loss sees them
    if spec.label_form == "value" and spec.class_values is not None:
        label = sum(spec.class_values) / 2
    return ThresholdAccuracy(spec.threshold, label, name=name, dtype=dtype)
