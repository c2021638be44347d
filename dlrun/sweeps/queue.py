"""Which trial is next: a scheduler says it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from dlrun.sweeps.jobs import Trial

SECONDS_BETWEEN_LOOKS = 1.0
"""How often it is looked whether another process has ended its work on a trial."""


class Scheduler(Protocol):
    """Decides which trial is next."""

    def next(self) -> Trial | None:
        """Give the next trial; None where there is none now."""

    def ended(self, trial: Trial) -> None:
        """Hear that a trial has ended, one way or another."""

    def waits(self) -> bool:
        """Say whether there may be a next trial later though none works here."""

    def total(self) -> int:
        """Say how many trials there will be in the end."""


class FIFO:
    """Every trial in its order; those that another process works on are looked at again."""

    def __init__(self, trials: Sequence[Trial], look: Callable[[Trial], None]) -> None:
        self._trials = trials
        self._look = look
        self._next_look = 0.0

    def next(self) -> Trial | None:
        """Give the first trial that waits."""
        self._look_elsewhere()
        return next((trial for trial in self._trials if trial.status == "waiting"), None)

    def ended(self, trial: Trial) -> None:
        """Learn nothing from it."""

    def waits(self) -> bool:
        """Say whether a trial waits, here or elsewhere."""
        return any(trial.status in ("waiting", "elsewhere") for trial in self._trials)

    def total(self) -> int:
        """Count the trials."""
        return len(self._trials)

    def _look_elsewhere(self) -> None:
        """Look, not too often, whether other processes have ended their work."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        for trial in self._trials:
            if trial.status == "elsewhere":
                self._look(trial)
