"""The arithmetic of one batch: Keras's own loss, optimizer and metrics."""

from __future__ import annotations

from typing import Any, Final

from dlrun.arrays import TargetScaling
from dlrun.backend import keras, tf

AS_IN_EPOCHS: Final = "as in epochs: "
"""Begins the name of what `FinalSteps` measures a second time, as the epochs do."""
PER_LABEL: Final = 2
"""The rank of weights that hold one number for each label of a row."""


class TargetScale:
    """Scales targets for the loss, and turns outputs back, inside of a graph and in float64.

    Its numbers are variables, so that a graph serves other rows too.
    """

    def __init__(self, scaling: TargetScaling) -> None:
        self._is_log = scaling.kind == "log"
        self._offset = tf.Variable(scaling.offset, trainable=False, dtype=tf.float64)  # (targets,)
        self._factor = tf.Variable(scaling.factor, trainable=False, dtype=tf.float64)  # (targets,)

    def assign(self, scaling: TargetScaling) -> None:
        """Take the numbers of other rows."""
        self._offset.assign(scaling.offset)
        self._factor.assign(scaling.factor)

    def scaled(self, y: Any) -> Any:
        """Scale targets: `(batch, ..., targets)`, as `dlrun.data.targets.scaled` does."""
        values = tf.cast(y, tf.float64)
        values = tf.math.log(values) if self._is_log else values
        return tf.cast((values - self._offset) / self._factor, y.dtype)

    def in_own_units(self, y_pred: Any) -> Any:
        """Turn outputs, `(batch, ..., targets)`, into the units of the targets: float64."""
        values = tf.cast(y_pred, tf.float64) * self._factor + self._offset
        return _masked_as(y_pred, tf.exp(values) if self._is_log else values)


class Steps:
    """Trains or tests a compiled model on one batch at a time, inside a `tf.function`.

    The operations are those of `keras.Model.train_step` and `test_step`, without the results of the
    metrics, which nobody reads in the middle of an epoch. The model is compiled where it has a
    loss; the metrics are updated without weights, as `compile(metrics=...)` does. `final` measures
    when the training is over; None for these steps themselves. Where targets are scaled, it is for
    the loss alone: metrics see targets and outputs in the units of the data.

    A weight for each of several labels, `(batch, labels)`, weighs what the loss says of that label.
    """

    def __init__(
        self,
        model: Any,
        metrics: list[Any],
        *,
        jit_compile: bool = False,
        final: Steps | None = None,
        scaling: TargetScaling | None = None,
    ) -> None:
        self.model = model
        self.scale = None if scaling is None else TargetScale(scaling)
        self.final = final or self
        self.jit_compile = jit_compile
        if jit_compile:
            self.train = tf.function(self.train, jit_compile=True, autograph=False)  # type: ignore[method-assign]
        self.functions: dict[tuple[Any, ...], Any] = {}  # compiled so far, by what for
        self.metrics = metrics
        self.loss = keras.metrics.Mean(name="loss")
        self.has_loss = model.compiled

    exchanges = False
    """Whether several devices take each step, and tell each other of it."""

    @property
    def wants_sizes(self) -> bool:
        """Whether the number of rows of each batch must be known when the step is compiled."""
        return self.jit_compile or self.exchanges

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
        """Take one step of the optimizer, and take note of the batch."""
        self.update(*self._step(x, y, weight))

    def train_alone(self, x: Any, y: Any, weight: Any) -> Any:
        """Take one step; return the logs of its batch alone, as `results` does.

        Loss and metrics stay as they are: where an epoch has one batch, what they would keep of it
        in variables, and forget at once, is a sixth of the graph of a small model.
        """
        noted = self._step(x, y, weight)
        with keras.StatelessScope():
            self.reset()
            self.update(*noted)
            return self.results()

    def _step(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any, Any, Any]:
        """Take one step of the optimizer; return what `update` takes."""
        # x: (batch, *input_shape); y: (batch, ...); weight: (batch,), or None
        model, optimizer = self.model, self.model.optimizer
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = self._loss(x, y, y_pred, weight, training=True)
            scaled = optimizer.scale_loss(loss)  # so that gradients of 16 bits do not vanish
        variables = model.trainable_variables
        if variables:
            gradients = tape.gradient(scaled, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss, x, y, y_pred

    def test(self, x: Any, y: Any, weight: Any) -> None:
        """Measure one batch, of the shapes of `train`."""
        y_pred = self.model(x, training=False)
        loss = None
        if self.has_loss:
            loss = self._loss(x, y, y_pred, weight, training=False)
        self.update(loss, x, y, y_pred)

    def _loss(self, x: Any, y: Any, y_pred: Any, weight: Any, *, training: bool) -> Any:
        """Return the loss of one batch, a number."""
        y, y_pred = self._for_loss(y, y_pred, weight)
        return self.model.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=weight, training=training
        )

    def data_loss(self, y: Any, y_pred: Any, weight: Any) -> Any:
        """Return the loss of one batch without what layers add to it, a number."""
        y, y_pred = self._for_loss(y, y_pred, weight)
        return self.model.loss(y, y_pred, sample_weight=weight)

    def _for_loss(self, y: Any, y_pred: Any, weight: Any) -> tuple[Any, Any]:
        """Return targets and outputs as the loss takes them."""
        if self.scale is not None:
            y = self.scale.scaled(y)
        if weight is not None and weight.shape.rank == PER_LABEL:
            # So the loss, which takes the mean over the last axis, gives one number a label.
            return y[..., tf.newaxis], y_pred[..., tf.newaxis]  # (batch, labels, 1)
        return y, y_pred

    def rescale(self, scaling: TargetScaling | None) -> None:
        """Take the scale of other rows, of the same kind."""
        for steps in (self, self.final):
            if steps.scale is not None and scaling is not None:
                steps.scale.assign(scaling)

    def update(self, loss: Any, x: Any, y: Any, y_pred: Any) -> None:
        """Take note of one batch: of its loss, None for none, and of what it answers."""
        if loss is not None:
            # What `loss.update_state(loss, sample_weight=rows)` does, in a fifth of the graph.
            rows = float(x.shape[0]) if x.shape[0] else tf.cast(tf.shape(x)[0], tf.float32)
            self.loss.total.assign_add(tf.cast(loss, tf.float32) * rows)
            self.loss.count.assign_add(rows)
        exact = y_pred
        if self.scale is not None:
            exact = self.scale.in_own_units(y_pred)
            y_pred = _masked_as(y_pred, tf.cast(exact, tf.float32))
        precise = None
        for metric in self.metrics:
            if metric.dtype == "float64":
                precise = precise or _in_float64(y, exact)
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
    outputs = _masked_as(y_pred, tf.cast(y_pred, tf.float64))
    return tf.cast(y, tf.float64) if y.dtype.is_floating else y, outputs


def _masked_as(given: Any, tensor: Any) -> Any:
    """Give a tensor the mask of another: so Keras hands it from the layers to the metrics."""
    mask = getattr(given, "_keras_mask", None)
    if mask is not None and tensor is not given:
        tensor._keras_mask = mask  # noqa: SLF001
    return tensor


class FinalSteps(Steps):
    """Measures in float64, of the same predictions, what `Steps` measures in float32.

    Sums over many rows keep their digits, and so do metrics that subtract nearly equal numbers,
    such as R2Score of targets with a large mean. `compared` are metrics as `Steps` has them, to be
    held against these.
    """

    def __init__(
        self,
        model: Any,
        metrics: list[Any],
        *,
        compared: list[Any],
        scaling: TargetScaling | None = None,
    ) -> None:
        super().__init__(model, [*metrics, *compared], scaling=scaling)
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
