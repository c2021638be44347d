"""Whole epochs in one `tf.function`: the loop over batches and over epochs, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlrun.backend import tf
from dlrun.backend.components import worded
from dlrun.training.order import EpochOrders, permutation
from dlrun.training.steps import Steps

MANY_ROWS = 2**15
"""From so many rows on the order of an epoch is an argument of the graph: to sort it anew in every
stretch of an epoch would take longer than the stretch. Fewer are sorted in a few milliseconds, and
a graph that can do so runs many epochs in one call."""

SHORT_EPOCH = 8
"""Epochs of at most so many batches are seldom cut: whole ones get a smaller graph of their own."""


class Position(NamedTuple):
    """A point in the training: `step` batches into the epoch `epoch`, both counted from 0."""

    epoch: int  # inside of a graph both are int32 tensors
    step: int


class Rows(NamedTuple):
    """Samples as tensors on the device."""

    x: Any  # (rows, *input_shape)
    y: Any  # (rows, ...), as the loss wants it
    weight: Any  # (rows,), or None

    @property
    def num_rows(self) -> int:
        """The number of rows."""
        return int(self.x.shape[0])


@dataclass(frozen=True)
class FitOptions:
    """How long and in what order to train, in the words of a config."""

    epochs: int  # the epoch to train to
    batch_size: int  # the last batch of an epoch may be smaller
    shuffle: bool  # whether each epoch visits the rows in an order of its own
    seed: int
    pauses: Sequence[int] = ()  # epochs; training pauses once, after the first that lies ahead


class CompiledEpochs:
    """Runs any stretch of the training as one call of a compiled function.

    The order of the rows is a pure function of (seed, epoch), so a stretch may begin and end
    anywhere, and how the training is cut into stretches never changes a bit of the result.
    """

    def __init__(
        self, steps: Steps, train: Rows, validation: Rows | None, options: FitOptions
    ) -> None:
        self._steps = steps
        self._train = train
        self._validation = validation
        self._batch_size = options.batch_size
        self._shuffle = options.shuffle
        self._seed = options.seed
        self._orders = EpochOrders(train.num_rows, seed=options.seed, epochs=options.epochs)
        self._kept: tuple[int, Any] | None = None  # an epoch and its order, (rows,)
        self.steps_per_epoch = count_steps(train.num_rows, options.batch_size)
        steps.prepare(train.x, train.y)
        self.names = log_names(steps, validated=validation is not None)
        # The data are arguments, not captured constants: a constant would be copied into the graph.
        # So is the seed: a model that is trained with another one needs no other graph.
        held = None if validation is None else validation.num_rows
        kind = (train.num_rows, held, options.batch_size, options.shuffle)
        self._whole, self._any, self._part = (
            steps.functions.setdefault((name, *kind), tf.function(stretch, autograph=False))
            for name, stretch in (
                ("epochs", self._epochs),
                ("stretch", self._stretch),
                ("part", self._part_of_epoch),
            )
        )

    def run(self, begin: Position, end: Position) -> tuple[Any, bool]:
        """Train from where the variables stand to a later position, its step from 1 on.

        Returns:
            The logs of the epochs that were completed, `(epochs, num_logs)`, float32; and whether
            the loss so far and all weights are finite.
        """
        with worded("train this", jit_compile=self._steps.jit_compile):
            many = self._train.num_rows >= MANY_ROWS
            table = (self._run_in_parts if many else self._run_at_once)(begin, end)
        return table, all_finite(self._steps, table)

    def _run_at_once(self, begin: Position, end: Position) -> NDArray[np.float32]:
        """Train in one call, which sorts the rows of each epoch."""
        first, last = (
            Position(*(tf.constant(value, tf.int32) for value in place)) for place in (begin, end)
        )
        data = (self._train, self._validation, tf.constant(self._seed, tf.int64))
        short = self.steps_per_epoch <= SHORT_EPOCH and not self._steps.exchanges
        if short and begin.step == 0 and end.step == self.steps_per_epoch:
            return np.asarray(self._whole(*data, first.epoch, last.epoch))
        return np.asarray(self._any(*data, first, last))

    def _run_in_parts(self, begin: Position, end: Position) -> NDArray[np.float32]:
        """Train epoch by epoch, each in an order that was sorted once."""
        tables = []
        for epoch in range(begin.epoch, end.epoch + 1):
            first = begin.step if epoch == begin.epoch else 0
            last = end.step if epoch == end.epoch else self.steps_per_epoch
            steps = (tf.constant(step, tf.int32) for step in (first, last))
            data = (self._train, self._validation, self._kept_order(epoch))
            tables.append(self._part(*data, *steps).numpy())
        return np.concatenate(tables)

    def _kept_order(self, epoch: int) -> Any:
        """Return the order of an epoch, `(rows,)`, int64; kept for its next part."""
        epoch = epoch if self._shuffle else 0
        if self._kept is None or self._kept[0] != epoch:
            self._kept = None  # Its memory is free before the next one is made.
            rows = self._train.num_rows
            order = self._orders.of(epoch) if self._shuffle else np.arange(rows)
            self._kept = (epoch, tf.constant(order.astype(np.int64)))
        return self._kept[1]

    # From here on inside of a graph.

    def _epochs(
        self, train: Rows, validation: Rows | None, seed: Any, first: Any, last: Any
    ) -> Any:
        """Train for whole epochs: what `_stretch` does, in a smaller graph."""

        def one_epoch(epoch: Any, table: Any) -> tuple[Any, Any]:
            order = self._order(train, seed, epoch)
            if self.steps_per_epoch == 1 and not self._steps.jit_compile:
                logs = self._steps.train_alone(*_gather(train, order))
            else:
                self._batches_of(train, order, 0, self.steps_per_epoch)
                logs = self._results()
            return epoch + 1, table.write(epoch - first, self._with_held(logs, validation))

        table = tf.TensorArray(tf.float32, size=last - first + 1)
        _, table = tf.while_loop(lambda epoch, _: epoch <= last, one_epoch, (first, table))
        return table.stack()  # (epochs, num_logs)

    def _stretch(
        self, train: Rows, validation: Rows | None, seed: Any, first: Position, last: Position
    ) -> Any:
        """Train from one batch of an epoch to another of that or of a later one."""
        total = self.steps_per_epoch
        completed = last.epoch - first.epoch + tf.cast(last.step == total, tf.int32)
        table = tf.TensorArray(tf.float32, size=completed)

        def one_epoch(epoch: Any, table: Any) -> tuple[Any, Any]:
            begin = tf.where(epoch == first.epoch, first.step, 0)
            end = tf.where(epoch == last.epoch, last.step, total)
            self._batches(train, self._order(train, seed, epoch), begin, end)

            def written() -> Any:
                return table.write(epoch - first.epoch, self._logs(validation))

            return epoch + 1, tf.cond(end == total, written, lambda: table)

        _, table = tf.while_loop(
            lambda epoch, _: epoch <= last.epoch, one_epoch, (first.epoch, table)
        )
        return table.stack()  # (completed, num_logs)

    def _part_of_epoch(
        self, train: Rows, validation: Rows | None, order: Any, begin: Any, end: Any
    ) -> Any:
        """Train on the batches `begin` to `end` of an epoch in a given order."""
        self._batches_of(train, order, begin, end)
        return tf.cond(
            end == self.steps_per_epoch,
            lambda: self._logs(validation)[tf.newaxis],  # (1, num_logs): it is completed
            lambda: tf.zeros([0, len(self.names)]),
        )

    def _order(self, train: Rows, seed: Any, epoch: Any) -> Any:
        """Return the row numbers in the order of an epoch, `(rows,)`, int64."""
        if self._shuffle:
            return permutation(train.num_rows, seed=seed, epoch=epoch)
        return tf.range(train.num_rows, dtype=tf.int64)

    def _batches_of(self, train: Rows, order: Any, begin: Any, end: Any) -> None:
        """Train on the batches `begin` to `end` of an epoch, which may be a single one."""
        if self.steps_per_epoch == 1:
            self._steps.train(*_gather(train, order))
        else:
            self._batches(train, order, begin, end)

    def _batches(self, train: Rows, order: Any, begin: Any, end: Any) -> None:
        """Train on the batches `begin` to `end` of an epoch of several."""
        size, rows = self._batch_size, train.num_rows
        full, rest = divmod(rows, size)

        def one_full(step: Any) -> Any:
            self._steps.train(*_gather(train, tf.gather(batches, step)))
            return (step + 1,)

        def one_of_any_size(step: Any) -> Any:
            first = step * size
            self._steps.train(*_gather(train, order[first : tf.minimum(first + size, rows)]))
            return (step + 1,)

        if rest and not self._steps.wants_sizes:
            tf.while_loop(lambda step: step < end, one_of_any_size, (begin,))
            return
        batches = tf.reshape(order[: full * size] if rest else order, [full, size])
        if not rest:
            tf.while_loop(lambda step: step < end, one_full, (begin,))
            return
        # XLA, and devices that exchange tensors, take only batches of one size: the smaller last
        # one has a program of its own.
        tf.while_loop(lambda step: step < tf.minimum(end, full), one_full, (begin,))

        def last_batch() -> bool:
            self._steps.train(*_gather(train, tf.ensure_shape(order[full * size :], [rest])))
            return True

        tf.cond(tf.greater(end, full), last_batch, lambda: False)

    def _logs(self, validation: Rows | None) -> Any:
        """Return the row of logs at the end of an epoch, `(num_logs,)`, and forget it."""
        return self._with_held(self._results(), validation)

    def _with_held(self, logs: Any, validation: Rows | None) -> Any:
        """Add the logs of the validation rows to those of an epoch, `(num_logs,)`."""
        if validation is None:
            return logs
        test_batches(self._steps, validation, self._batch_size)
        return tf.concat([logs, self._results()], axis=0)

    def _results(self) -> Any:
        """Return what loss and metrics have seen, and let them forget it."""
        logs = self._steps.results()
        self._steps.reset()
        return logs


def all_finite(steps: Steps, table: NDArray[np.float32]) -> bool:
    """Return whether the losses in a table of logs, the loss so far and every weight are finite."""
    values = [steps.loss.total, *steps.model.trainable_variables]
    # Not in the graph of the epochs, where each of these takes longer to trace than to compute.
    flags = [tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(value))) for value in values]
    return bool(np.isfinite(table[:, 0]).all() and all(bool(flag) for flag in flags))


def test_batches(steps: Steps, rows: Rows, batch_size: int) -> None:
    """Measure all rows, batch by batch, in their order; for use inside a `tf.function`."""
    count = tf.shape(rows.x)[0]

    def one_batch(begin: Any) -> Any:
        end = begin + tf.minimum(count - begin, min(batch_size, tf.int32.max))
        weight = None if rows.weight is None else rows.weight[begin:end]
        steps.test(rows.x[begin:end], rows.y[begin:end], weight)
        return (end,)

    tf.while_loop(lambda begin: begin < count, one_batch, (0,))


def count_steps(rows: int, batch_size: int) -> int:
    """Return the number of batches an epoch has; the last one may be smaller."""
    return -(-rows // batch_size)


def log_names(steps: Steps, *, validated: bool) -> list[str]:
    """Name the columns of a table of logs."""
    names = steps.names()
    return names + [f"val_{name}" for name in names] if validated else names


def _gather(rows: Rows, chosen: Any) -> tuple[Any, Any, Any]:
    """Take the chosen rows, `(batch,)`, as the arguments of a step."""
    weight = None if rows.weight is None else tf.gather(rows.weight, chosen)
    return tf.gather(rows.x, chosen), tf.gather(rows.y, chosen), weight
