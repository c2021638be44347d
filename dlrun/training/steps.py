"""The arithmetic of one batch: Keras's own loss, optimizer and metrics."""

from __future__ import annotations

from typing import Any, Final

from dlrun.backend import keras, tf

AS_IN_EPOCHS: Final = "as in epochs: "
"""Begins the name of what `FinalSteps` measures a second time, as the epochs do."""


class Steps:
    """Trains or tests a compiled model on one batch at a time, inside a `tf.function`.

    The operations are those of `keras.Model.train_step` and `test_step`, without the results of the
    metrics, which nobody reads in the middle of an epoch. The model is compiled where it has a
    loss; the metrics are updated without weights, as `compile(metrics=...)` does. `final` measures
    when the training is over; None for these steps themselves.
    """

    def __init__(
        self,
        model: Any,
        metrics: list[Any],
        *,
        jit_compile: bool = False,
        final: Steps | None = None,
    ) -> None:
        self.model = model
        self.final = final or self
        self.jit_compile = jit_compile
        if jit_compile:
            self.train = tf.function(self.train, jit_compile=True, autograph=False)  # type: ignore[method-assign]
        self.functions: dict[tuple[Any, ...], Any] = {}  # compiled so far, by what for
        self.metrics = metrics
        self.loss = keras.metrics.Mean(name="loss")
        self.has_loss = model.compiled

    @property
    def tracked(self) -> list[Any]:
        """The loss, if there is one, and the metrics: what a row of logs is read from."""
        return [self.loss, *self.metrics] if self.has_loss else self.metrics

    def prepare(self, x: Any, y: Any) -> None:
        """Let the metrics that size themselves by their first rows, such as F1Score, do so."""
        waiting = [metric for metric in self.metrics if not getattr(metric, "_built", True)]
        if waiting:
            y_pred = self.model(x[:1], training=False)
            for metric in waiting:
                metric.update_state(y[:1], y_pred)
                metric.reset_state()

    def train(self, x: Any, y: Any, weight: Any) -> None:
        """Take one step of the optimizer."""
        # x: (batch, *input_shape); y: (batch, ...); weight: (batch,), or None
        model, optimizer = self.model, self.model.optimizer
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight, training=True)
            scaled = optimizer.scale_loss(loss)  # so that gradients of 16 bits do not vanish
        variables = model.trainable_variables
        if variables:
            gradients = tape.gradient(scaled, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self._update(loss, x, y, y_pred)

    def test(self, x: Any, y: Any, weight: Any) -> None:
        """Measure one batch, of the shapes of `train`."""
        y_pred = self.model(x, training=False)
        loss = None
        if self.has_loss:
            loss = self.model.compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=weight, training=False
            )
        self._update(loss, x, y, y_pred)

    def _update(self, loss: Any, x: Any, y: Any, y_pred: Any) -> None:
        if loss is not None:
            # What `loss.update_state(loss, sample_weight=rows)` does, in a fifth of the graph.
            rows = float(x.shape[0]) if x.shape[0] else tf.cast(tf.shape(x)[0], tf.float32)
            self.loss.total.assign_add(tf.cast(loss, tf.float32) * rows)
            self.loss.count.assign_add(rows)
        precise = None
        for metric in self.metrics:
            if metric.dtype == "float64":
                precise = precise or _in_float64(y, y_pred)
                metric.update_state(*precise)
            else:
                metric.update_state(y, y_pred)

    def reset(self) -> None:
        """Forget what the loss and the metrics have seen."""
        for metric in self.tracked:
            metric.reset_state()

    def results(self) -> Any:
        """Return the loss and the metrics so far, `(num_logs,)`, float32, as `names` has them."""
        values = [tf.cast(metric.result(), tf.float32) for metric in self.tracked]
        if values and all(value.shape.rank == 0 for value in values):
            return tf.stack(values)
        # A model without a loss may have no metrics either; `concat` wants at least one.
        flat = [tf.reshape(value, [-1]) for value in values]
        return tf.concat(flat or [tf.zeros([0])], axis=0)

    def names(self) -> list[str]:
        """Return one name per entry of `results`; a metric with many values is numbered."""
        names: list[str] = []
        for metric in self.tracked:
            # A mean is one number; that is told without computing it.
            single = isinstance(metric, keras.metrics.Mean)
            size = 1 if single else int(tf.size(metric.result()))
            names += [metric.name] if size == 1 else [f"{metric.name}_{i}" for i in range(size)]
        return names


def _in_float64(y: Any, y_pred: Any) -> tuple[Any, Any]:
    """Give labels and outputs as they are to metrics of that dtype; class numbers stay whole."""
    outputs = tf.cast(y_pred, tf.float64)
    mask = getattr(y_pred, "_keras_mask", None)
    if mask is not None:  # So Keras hands it from the layers to the metrics.
        outputs._keras_mask = mask  # noqa: SLF001
    return tf.cast(y, tf.float64) if y.dtype.is_floating else y, outputs


class FinalSteps(Steps):
    """Measures in float64, of the same predictions, what `Steps` measures in float32.

    Sums over many rows keep their digits, and so do metrics that subtract nearly equal numbers,
    such as R2Score of targets with a large mean. `compared` are metrics as `Steps` has them, to be
    held against these.
    """

    def __init__(self, model: Any, metrics: list[Any], *, compared: list[Any]) -> None:
        super().__init__(model, [*metrics, *compared])
        self._compared = compared

    def results(self) -> Any:
        """Return what `Steps` does, in float64."""
        values = [tf.reshape(tf.cast(metric.result(), tf.float64), [-1]) for metric in self.tracked]
        return tf.concat(values or [tf.zeros([0], tf.float64)], axis=0)

    def names(self) -> list[str]:
        """Return what `Steps` does; what is measured as in epochs says so."""
        names = super().names()
        again = sum(int(tf.size(metric.result())) for metric in self._compared)
        cut = len(names) - again
        return [*names[:cut], *(f"{AS_IN_EPOCHS}{name}" for name in names[cut:])]
