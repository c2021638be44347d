"""Sets the learning rate at the start of every epoch, from a schedule that YAML can say."""

from __future__ import annotations

from typing import Any

from dlrun.backend import keras


class LearningRateScheduler(keras.callbacks.LearningRateScheduler):  # type: ignore[misc]
    """Sets the learning rate of each epoch from a schedule over epochs.

    Keras's callback of this name takes a Python function; this one takes any of Keras's schedules
    and calls it with the epoch, counted from 0, where an optimizer would call it with the step.

    Args:
        schedule: A schedule such as `{type: ExponentialDecay, initial_learning_rate: 0.1,
            decay_steps: 10, decay_rate: 0.5}`, with `decay_steps` in epochs.
        verbose: 1 prints the learning rate of every epoch.
    """

    def __init__(self, schedule: Any, verbose: int = 0) -> None:
        super().__init__(lambda epoch, _: float(schedule(epoch)), verbose=verbose)
