"""The metrics of a run: Keras's own, and an accuracy that fits the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.backend import keras
from dlrun.backend.components import create
from dlrun.catalog.metric_labels import misfit
from dlrun.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlrun.arrays import Spec

ACCURACY = ("accuracy", "acc")


class ThresholdAccuracy(keras.metrics.MeanMetricWrapper):  # type: ignore[misc]
    """The share of rows whose label and output lie on the same side of a threshold.

    With labels -1 and +1 and a threshold of 0 this is the accuracy of signs. Keras's own accuracy
    compares `y_pred > 0.5` with the label, so a perfect model scores near 0 on the label -1.

    Args:
        threshold: What separates the two classes, in the labels and in the outputs.
        label_threshold: What separates the labels, where it is not `threshold`.
    """

    def __init__(
        self, threshold: float, *, label_threshold: float | None = None, name: str = "accuracy"
    ) -> None:
        label = threshold if label_threshold is None else label_threshold

        def same_side(y_true: Any, y_pred: Any) -> Any:
            agree = keras.ops.equal(y_true > label, y_pred > threshold)
            return keras.ops.mean(keras.ops.cast(agree, "float32"), axis=-1)

        super().__init__(same_side, name=name)
        self._direction = "up"


def build_metrics(components: Sequence[Mapping[str, Any]], spec: Spec) -> list[Any]:
    """Build the metrics of a config.

    Args:
        components: `{"type": word, **arguments}` each; the word `accuracy` fits itself to the
            labels: the class is the argmax, or the side of the spec's threshold.
        spec: What the labels look like.

    Returns:
        Keras metrics, in the order of the config, each named as its column of the history.

    Raises:
        ConfigError: The metric cannot be taken of these labels.
    """
    return [
        _build(component, spec, path=f"metrics[{index}]")
        for index, component in enumerate(components)
    ]


def _build(component: Mapping[str, Any], spec: Spec, *, path: str) -> Any:
    word = component["type"]
    if word in ACCURACY:
        return _accuracy(spec, name=str(component.get("name") or word), path=path)
    problem = misfit(component, label_form=spec.label_form, output=spec.output)
    if problem is not None:
        raise ConfigError(Problem(path, *problem))
    return create("metrics", component, path=path)


def _accuracy(spec: Spec, *, name: str, path: str) -> Any:
    """Return the accuracy that fits the labels."""
    if spec.class_names is None and len(spec.target_names) > 1:
        what = "accuracy needs one class for each row, but the targets are several numbers."
        fix = "Use binary_accuracy where each is a yes or a no, else mean_absolute_error."
        raise ConfigError(Problem(path, what, fix))
    if spec.class_names is None:
        what = "accuracy needs classes, but the target is a number."
        raise ConfigError(Problem(path, what, "Use mean_absolute_error or r2_score."))
    if spec.label_form == "index":
        return keras.metrics.SparseCategoricalAccuracy(name=name)
    if spec.threshold is None:
        return keras.metrics.CategoricalAccuracy(name=name)
    return ThresholdAccuracy(spec.threshold, label_threshold=_label_threshold(spec), name=name)


def _label_threshold(spec: Spec) -> float:
    """Return what separates the two labels as the loss sees them."""
    if spec.label_form == "sign":
        return 0.0
    if spec.label_form == "value" and spec.class_values is not None:
        return sum(spec.class_values) / 2
    return 0.5
