"""The loop around the compiled epochs: how far to run, what the callbacks say, when to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlrun.arrays import Splits
from dlrun.errors import DivergedError, DlrunError, InterruptedRunError, PausedRunError
from dlrun.rundir.checkpoints import Checkpoint
from dlrun.signals import StopRequest
from dlrun.training.callbacks import CallbackChain
from dlrun.training.epochs import FitOptions, Position, count_steps
from dlrun.training.evaluation import Evaluator, resident
from dlrun.training.following import LedEpochs, compile_epochs
from dlrun.training.listener import Listener
from dlrun.training.replicas import ReplicatedSteps
from dlrun.training.state import (
    Checkpointer,
    History,
    TrainingState,
    build_optimizer,
    callback_arrays,
    capture,
    restore,
)
from dlrun.training.steps import Steps

STRETCH_SECONDS = 0.25
"""How long a stretch should take: short enough for prompt progress and a prompt Ctrl-C."""
_FIRST_BUDGET = 8  # batches of the first stretch
_GROWTH = 8  # how much longer a stretch may be than the one before


class Trainer:
    """Trains a compiled model over its epochs, stretch by stretch.

    The model of `steps` has a loss and an optimizer; the labels of `splits` are fitted. `history`
    holds the logs of the completed epochs, whatever ends the training.
    """

    def __init__(
        self,
        steps: Steps,
        splits: Splits,
        options: FitOptions,
        *,
        callbacks: Sequence[Any] = (),
        listener: Listener | None = None,
        keeper: Checkpointer | None = None,
    ) -> None:
        build_optimizer(steps.model)
        self._steps = steps
        self._model = steps.model
        self._options = options
        self._epochs = options.epochs
        self._listener = listener or Listener()
        self._keeper = keeper
        self._stop = StopRequest()
        self._pause_after = options.epochs
        self._chain = CallbackChain(
            callbacks,
            steps.model,
            steps.metrics,
            epochs=options.epochs,
            steps=count_steps(len(splits.train), options.batch_size),
        )
        self._validation = None if splits.validation is None else resident(splits.validation)
        self._evaluator = Evaluator(steps, batch_size=options.batch_size)
        # Callbacks that watch the validation, or exchange weights for it, have it between epochs.
        inside = None if self._chain.watches_validation else self._validation
        self._compiled = compile_epochs(steps, splits.train, inside, options)
        if isinstance(steps, ReplicatedSteps):
            self._compiled = LedEpochs(
                steps,
                self._compiled,
                validated=inside is not None,
                often=self._chain.needs_batches,
                hear=self._hear,
            )
        self._state = TrainingState(steps, self._chain)
        self.history = self._state.history
        self._begun = False
        self._budget = _FIRST_BUDGET
        self._traced = False

    def begin(self, saved: Checkpoint | None = None) -> None:
        """Begin at the first epoch, or where a saved state of the same model stands."""
        self._begun = True
        self._chain.begin(() if saved is None else callback_arrays(saved))
        if saved is not None:
            restore(saved, self._state)

    def fit(self, stop: StopRequest | None = None) -> History:
        """Train until the last epoch, or until a callback, a signal or a pause asks for the end.

        Whatever ends it, the model holds what was trained so far; where the loss or a weight became
        NaN or infinite (`DivergedError`), the weights of the last epoch before that.
        """
        if not self._begun:
            self.begin()
        self._stop = stop or self._stop
        state, done = self._state, self._state.position.epoch
        self._pause_after = next((e for e in self._options.pauses if e > done), self._epochs)
        steps = self._compiled.steps_per_epoch
        self._listener.started(epochs=self._epochs, steps=steps, first_epoch=done)
        for epoch, logs in enumerate(self.history.rows, start=1):
            self._listener.recalled(epoch=epoch, logs=logs)
        try:
            while state.position.epoch < self._epochs and not self._model.stop_training:
                state.position = self._advance(state.position)
                ending = self._reason_to_end(state.position)
                if self._keeper is not None and (ending is not None or self._keeper.due()):
                    self._keep()
                elif self._keeper is not None:
                    self._keeper.note()
                if ending is not None:
                    raise ending
        finally:
            self._listener.finished()
        # Before the callbacks' last word: what goes on from here must not find restored weights.
        self._keep(finished=True)
        if state.position.epoch == self._epochs:
            self._chain.close_averages()
        # In this order, as under Keras's `fit`: a callback that restores weights comes last.
        self._model.optimizer.finalize_variable_values(self._model.trainable_weights)
        self._chain.call("on_train_end", self._last_logs())
        return self.history

    def endings(self) -> list[str]:
        """Say what callbacks did to the end of the training, see `CallbackChain.endings`."""
        return self._chain.endings(completed=len(self.history.rows), asked=self._epochs)

    def _hear(self, signal_number: int) -> None:
        """Hear that a signal has asked another host to end."""
        self._stop.signal_number = self._stop.signal_number or signal_number

    def _reason_to_end(self, position: Position) -> DlrunError | None:
        # Why training ends here though epochs are left, if it does.
        if self._stop.signal_number is not None:
            batches = f" and {position.step} batches" if position.step else ""
            saved = f"epoch {position.epoch} of {self._epochs}{batches}"
            return InterruptedRunError(self._stop.signal_number, saved)
        is_over = position.epoch >= self._epochs or self._model.stop_training
        if position == (self._pause_after, 0) and not is_over:
            return PausedRunError(position.epoch)
        return None

    def _keep(self, *, finished: bool = False) -> None:
        if self._keeper is not None:
            self._keeper.commit(lambda: capture(self._state, finished=finished))

    def _advance(self, begin: Position) -> Position:
        """Run one stretch and the callbacks over it; return where the variables stand."""
        end = self._end_of_stretch(begin)
        if begin.step == 0:
            self._chain.call("on_epoch_begin", begin.epoch, {})
        if self._chain.needs_batches:
            self._chain.call("on_train_batch_begin", begin.step, {})
        if begin.step == 0:
            self._state.epoch_start = self._state.snapshot()
        began = time.perf_counter()
        table, finite = self._compiled.run(begin, end)  # (completed epochs, num_logs)
        self._adapt(begin, end, time.perf_counter() - began)
        if not finite:
            self._keep_last_good(begin, end, table)
        if self._chain.needs_batches:
            self._chain.call("on_train_batch_end", begin.step, self._running_logs(table))
        if self._model.stop_training and not len(table):
            # As under `fit`, a callback that asks for the end in mid-epoch ends the epoch there.
            self._close_epoch(begin.epoch, self._measure_validation(self._running_logs(table)))
            position = Position(begin.epoch + 1, 0)
        else:
            position = self._close_epochs(begin, end, table)
        epoch, step = position
        self._listener.progressed(epoch=epoch, step=step, logs=self._last_logs())
        return position

    def _end_of_stretch(self, begin: Position) -> Position:
        """Return how far to run: as far as the callbacks allow and the time budget reaches."""
        total = self._compiled.steps_per_epoch
        budget = 1 if self._chain.needs_batches else self._budget
        left = total - begin.step
        if budget < left:
            return Position(begin.epoch, begin.step + budget)
        whole = int(min(1 + (budget - left) // total, self._chain.horizon()))
        goal = self._pause_after if begin.epoch < self._pause_after else self._epochs
        return Position(min(begin.epoch + whole, goal) - 1, total)

    def _adapt(self, begin: Position, end: Position, seconds: float) -> None:
        """Set the next stretch's length by the speed of this one."""
        done = (end.epoch - begin.epoch) * self._compiled.steps_per_epoch + end.step - begin.step
        reach = int(done * STRETCH_SECONDS / max(seconds, 1e-6))
        # The first stretch spends its time on tracing, so its speed says nothing.
        wanted = reach if self._traced else done * _GROWTH
        self._budget = min(max(wanted, 1), done * _GROWTH)
        self._traced = True

    def _close_epochs(self, begin: Position, end: Position, table: Any) -> Position:
        """Close the completed epochs one by one; no callback acts before the last of them."""
        for offset, row in enumerate(table.tolist()):
            if offset > 0:
                self._chain.call("on_epoch_begin", begin.epoch + offset, {})
            self._close_epoch(begin.epoch + offset, self._logs(row))
        done = end.step == self._compiled.steps_per_epoch
        return Position(end.epoch + 1, 0) if done else end

    def _close_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Tell the callbacks of an epoch's logs, which they may add to; keep them and tell them."""
        self._chain.call("on_epoch_end", epoch, logs)
        self.history.rows.append(dict(logs))
        self._listener.epoch_ended(epoch=epoch + 1, logs=logs)

    def _last_logs(self) -> dict[str, float]:
        return self.history.rows[-1] if self.history.rows else {}

    def _logs(self, row: Sequence[float]) -> dict[str, float]:
        """Name the logs of an epoch."""
        logs = dict(zip(self._compiled.names, row, strict=True))
        return self._measure_validation(logs) if self._chain.watches_validation else logs

    def _measure_validation(self, logs: dict[str, float]) -> dict[str, float]:
        """Add the logs of the validation rows, measured outside the compiled function."""
        if self._validation is None:
            return logs
        self._chain.call("on_test_begin", {})
        results = self._evaluator.evaluate(self._validation)
        # The compiled epochs count on metrics that have seen nothing.
        self._steps.reset()
        self._chain.call("on_test_end", results)
        return logs | {f"val_{name}": value for name, value in results.items()}

    def _running_logs(self, table: Any) -> dict[str, float]:
        """Return the loss and the metrics of the epoch so far; of a completed one, its row's."""
        names = self._steps.names()
        values = table[-1][: len(names)] if len(table) else self._steps.results().numpy()
        return dict(zip(names, map(float, values), strict=True))

    def _keep_last_good(self, begin: Position, end: Position, table: Any) -> None:
        """Go back to the last epoch that ended with finite weights, and raise.

        Where the stretch began in mid-epoch, that epoch's start is gone back to: where stretches
        are cut depends on the clock, and the weights that are kept must not.
        """
        bad_rows = np.flatnonzero(~np.isfinite(table[:, 0]))  # the loss is the first log
        bad = begin.epoch + int(bad_rows[0]) if len(bad_rows) else end.epoch
        for epoch in range(bad - 1, begin.epoch - 1, -1):
            self._state.restore(self._state.epoch_start)
            last = Position(epoch, self._compiled.steps_per_epoch)
            logged, finite = self._compiled.run(Position(begin.epoch, 0), last)
            if finite:
                self._close_epochs(begin, last, logged)
                break
        else:
            self._state.restore(self._state.epoch_start)
        kept = len(self.history.rows)
        raise DivergedError(
            f"The loss became NaN or infinite in epoch {bad + 1}. "
            + (f"The weights of epoch {kept} are kept." if kept else "No epoch was completed."),
            fix="Try a smaller learning rate, or gradient clipping (optimizer.clipnorm).",
        )
