"""Epochs over rows that stay on the disk: blocks of batches, read ahead, through compiled steps."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Samples
from dlrun.backend import tf
from dlrun.backend.components import worded
from dlrun.training.epochs import FitOptions, Position, Rows, all_finite, count_steps, log_names
from dlrun.training.evaluation import Evaluator, to_rows
from dlrun.training.order import EpochOrders
from dlrun.training.steps import Steps


class BlockReader:
    """Reads the rows of an epoch in its order, a block of batches at a time, one block ahead.

    Every block holds `steps_per_block` full batches; what is left of an epoch follows in a shorter
    block, and a smaller last batch in one of its own.
    """

    def __init__(self, samples: Samples, options: FitOptions) -> None:
        rows = len(samples)
        self._samples = samples
        self._batch_size = min(options.batch_size, rows)
        self._orders = None
        if options.shuffle:
            self._orders = EpochOrders(rows, seed=options.seed, epochs=options.epochs)
        self._epochs = options.epochs  # no block is read ahead for later ones
        self._full = rows // self._batch_size
        self.steps_per_block = samples.rows_per_block(self._batch_size) // self._batch_size
        self._reader = ThreadPoolExecutor(max_workers=1)
        self._blocks: dict[Position, Future[Samples]] = {}

    def block(self, begin: Position) -> tuple[Samples, Position]:
        """Return the rows, in memory, of the block in which a batch lies; and where it begins."""
        first, end = self._bounds(begin)
        following, _ = self._bounds(Position(begin.epoch, end))
        if end * self._batch_size >= len(self._samples):
            following = Position(begin.epoch + 1, 0)
        wanted = [first, following] if following.epoch < self._epochs else [first]
        self._blocks = {
            place: self._blocks.get(place) or self._reader.submit(self._read, place)
            for place in wanted
        }
        return self._blocks[first].result(), first

    def _bounds(self, place: Position) -> tuple[Position, int]:
        """Return where the block of a batch begins, and after which batch of the epoch it ends."""
        if place.step >= self._full:
            return Position(place.epoch, self._full), self._full + 1
        first = place.step - place.step % self.steps_per_block
        return Position(place.epoch, first), min(first + self.steps_per_block, self._full)

    def _read(self, place: Position) -> Samples:
        """Read a block; runs in the reader's thread."""
        _, end = self._bounds(place)
        rows = slice(place.step * self._batch_size, end * self._batch_size)
        if self._orders is None:
            return self._samples.take(rows)
        return self._samples.take(self._orders.of(place.epoch)[rows])


class StreamedEpochs:
    """Runs any stretch of the training over streamed rows; used like `CompiledEpochs`.

    Batches are cut, and steps computed, as in `CompiledEpochs`: the same rows give the same bits.
    """

    def __init__(
        self,
        steps: Steps,
        train: Samples,
        validation: Samples | Rows | None,
        options: FitOptions,
    ) -> None:
        first = to_rows(train.take(slice(0, 1)))
        steps.prepare(first.x, first.y)
        self._steps = steps
        self._validation = validation
        self._evaluator = Evaluator(steps, batch_size=options.batch_size)
        self._rows = len(train)
        self._batch_size = min(options.batch_size, self._rows)
        self._reader = BlockReader(train, options)
        self.steps_per_epoch = count_steps(self._rows, options.batch_size)
        self.names = log_names(steps, validated=validation is not None)
        self._train = tf.function(self._train_block, autograph=False, reduce_retracing=True)
        self._results = tf.function(self._take_results, autograph=False)

    def run(self, begin: Position, end: Position) -> tuple[Any, bool]:
        """Train from one position to another; see `CompiledEpochs.run`."""
        table = np.empty((0, len(self.names)), np.float32)
        with worded("train this", jit_compile=self._steps.jit_compile):
            for epoch in range(begin.epoch, end.epoch + 1):
                last = end.step if epoch == end.epoch else self.steps_per_epoch
                self._batches(epoch, begin.step if epoch == begin.epoch else 0, last)
                if last == self.steps_per_epoch:
                    table = np.concatenate([table, self._logs()])
        return table, all_finite(self._steps, table)

    def _batches(self, epoch: int, begin: int, end: int) -> None:
        """Train on the batches `begin` to `end` of an epoch."""
        while begin < end:
            block, first = self._reader.block(Position(epoch, begin))
            block_end = min(end, first.step + count_steps(len(block), self._batch_size))
            self._train(
                to_rows(block),
                tf.constant(begin - first.step),
                tf.constant(block_end - first.step),
                self._static_size(len(block)),
            )
            begin = block_end

    def _static_size(self, rows: int) -> int | None:
        """Return the size of a block's batches where the compiled step may rely on it."""
        # Exactly where `CompiledEpochs` lets it: what is known of a shape can change how
        # TensorFlow computes.
        if self._steps.wants_sizes or self._rows % self._batch_size == 0:
            return min(rows, self._batch_size)
        return None

    def _train_block(self, rows: Rows, begin: Any, end: Any, size: int | None) -> None:
        """Train on the batches `begin` to `end` of a block; inside of a graph."""

        def one_batch(step: Any) -> Any:
            chosen = slice(step * self._batch_size, (step + 1) * self._batch_size)
            batch = [None if value is None else value[chosen] for value in rows]
            if size is not None:
                batch = [
                    None if value is None else tf.ensure_shape(value, [size, *value.shape[1:]])
                    for value in batch
                ]
            self._steps.train(*batch)
            return step + 1

        tf.while_loop(lambda step: step < end, one_batch, (begin,))

    def _logs(self) -> NDArray[np.float32]:
        """Return the row of logs at the end of an epoch, `(1, num_logs)`, and forget it."""
        logs = self._results().numpy()
        if self._validation is not None:
            self._evaluator.evaluate(self._validation)
            logs = np.concatenate([logs, self._results().numpy()])
        return np.asarray(logs[None], np.float32)

    def _take_results(self) -> Any:
        results = self._steps.results()
        self._steps.reset()
        return results
