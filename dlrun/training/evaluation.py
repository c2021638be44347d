"""Measures and predicts with a trained model, batch by batch, compiled."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Samples
from dlrun.backend import tf
from dlrun.backend.components import worded
from dlrun.data.targets import in_own_units
from dlrun.training.epochs import Rows, count_steps, test_batches
from dlrun.training.steps import Steps

if TYPE_CHECKING:
    from dlrun.arrays import Array, TargetScaling

PREDICT_BATCH = 128
"""Rows a prediction step takes; the last one is padded to it.

With one size for every call, the bits of a row's prediction do not depend on how many rows are
predicted with it.
"""


FEW_BATCHES = 4
"""To trace the loop over the batches takes longer than to call so many one by one."""


class Evaluator:
    """Measures the loss and the metrics over any rows.

    `batch_size` is that of the training: a loss summed over the batch depends on it.
    """

    def __init__(self, steps: Steps, *, batch_size: int) -> None:
        self._steps = steps
        self._batch_size = batch_size

    def evaluate(self, samples: Samples | Rows) -> dict[str, float]:
        """Return the loss, if the model has one, and the metrics of rows with fitted labels."""
        blocks = samples.blocks(self._batch_size) if isinstance(samples, Samples) else [samples]
        results: Any = None
        self._steps.reset()
        for block in blocks:
            rows = to_rows(block) if isinstance(block, Samples) else block
            self._steps.prepare(rows.x, rows.y)
            with worded("evaluate this"):
                results = self._measure(rows)
        return dict(zip(self._steps.names(), map(float, results.numpy()), strict=True))

    def _measure(self, rows: Rows) -> Any:
        """Measure some rows; return the results so far, `(num_logs,)`."""
        functions, size = self._steps.functions, self._batch_size
        kind = ("evaluate", size, rows.weight is not None)
        batches = count_steps(rows.num_rows, size)
        if batches > 1 and (batches > FEW_BATCHES or (*kind, False) in functions):
            return self._compiled((*kind, False), rows)(*_present(rows))
        results: Any = None
        measure = self._compiled((*kind, True), rows)
        for begin in range(0, max(rows.num_rows, 1), size):
            results = measure(*(value[begin : begin + size] for value in _present(rows)))
        return results

    def _compiled(self, kind: tuple[Any, ...], rows: Rows) -> Any:
        functions = self._steps.functions
        if kind not in functions:
            functions[kind] = self._compile(rows, is_one_batch=kind[-1])
        return functions[kind]

    def _compile(self, rows: Rows, *, is_one_batch: bool) -> Any:
        """Compile for any number of rows of this kind; one batch needs no loop."""
        signature = [
            tf.TensorSpec([None, *value.shape[1:]], value.dtype) for value in _present(rows)
        ]

        def measure(x: Any, y: Any, weight: Any = None) -> Any:
            if is_one_batch:
                self._steps.test(x, y, weight)
            else:
                test_batches(self._steps, Rows(x, y, weight), self._batch_size)
            return self._steps.results()

        return tf.function(measure, input_signature=signature, autograph=False)


def _present(rows: Rows) -> list[Any]:
    return [value for value in rows if value is not None]


class Predictor:
    """Predicts with a built model, in batches of one size, in the units of the targets."""

    def __init__(self, model: Any, scaling: TargetScaling | None = None) -> None:
        self._scaling = scaling
        inner, output = model.input_shape[1:], model.output_shape[1:]

        def predict_one(batch: Any) -> Any:  # (PREDICT_BATCH, *inner)
            return tf.cast(model(batch, training=False), tf.float32)

        def predict_many(x: Any) -> Any:  # (batches * PREDICT_BATCH, *inner)
            batches = tf.shape(x)[0] // PREDICT_BATCH
            outputs = tf.TensorArray(tf.float32, batches, element_shape=[PREDICT_BATCH, *output])

            def one_batch(index: Any, outputs: Any) -> tuple[Any, Any]:
                begin = index * PREDICT_BATCH
                rows = x[begin : begin + PREDICT_BATCH]
                batch = tf.ensure_shape(rows, [PREDICT_BATCH, *x.shape[1:]])
                return index + 1, outputs.write(index, predict_one(batch))

            _, outputs = tf.while_loop(lambda i, _: i < batches, one_batch, (0, outputs))
            return outputs.concat()

        def compiled(function: Any, rows: int | None) -> Any:
            signature = [tf.TensorSpec([rows, *inner], tf.float32)]
            return tf.function(function, input_signature=signature, autograph=False)

        self._predict_one = compiled(predict_one, PREDICT_BATCH)
        self._predict_many = compiled(predict_many, None)

    def predict(self, x: Array) -> NDArray[np.float32]:
        """Return the model's output, `(rows, *output_shape)`, float32, in the units of the targets.

        `x` is `(rows, *input_shape)`, float32; of streamed samples, predict block by block.
        """
        x = x[:]
        padding = -len(x) % PREDICT_BATCH
        padded = np.concatenate([x, np.zeros((padding, *x.shape[1:]), x.dtype)]) if padding else x
        predict = self._predict_one if len(padded) == PREDICT_BATCH else self._predict_many
        with worded("predict with this"):
            y_pred: NDArray[np.float32] = predict(padded).numpy()
        return in_own_units(y_pred[: len(x)], self._scaling)

    def rescaled(self, scaling: TargetScaling | None) -> Predictor:
        """Give one of the same model whose targets were scaled otherwise."""
        other = copy(self)
        other._scaling = scaling  # noqa: SLF001
        return other


def resident(samples: Samples) -> Samples | Rows:
    """Move samples to the device, once and for all, unless they are streamed."""
    return samples if samples.streamed else to_rows(samples)


def to_rows(samples: Samples) -> Rows:
    """Move samples with fitted labels to the device."""
    weight = None if samples.sample_weight is None else tf.constant(samples.sample_weight)
    return Rows(tf.constant(samples.x), tf.constant(samples.y), weight)
