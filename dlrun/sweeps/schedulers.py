"""Which trial is next: a scheduler says it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from dlrun.sweeps.trials import Trial

_OVER = ("finished", "failed", "interrupted", "killed")
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
        self._over = 0  # so many trials at the beginning are over for good

    def next(self) -> Trial | None:
        """Give the first trial that waits."""
        self._look_elsewhere()
        return next((trial for trial in self._pending() if trial.status == "waiting"), None)

    def ended(self, trial: Trial) -> None:
        """Learn nothing from it."""

    def waits(self) -> bool:
        """Say whether a trial waits, here or elsewhere."""
        return any(trial.status in ("waiting", "elsewhere") for trial in self._pending())

    def total(self) -> int:
        """Count the trials."""
        return len(self._trials)

    def _pending(self) -> Iterator[Trial]:
        """The trials but those at the beginning that are over: of thousands few are looked at."""
        while self._over < len(self._trials) and self._trials[self._over].status in _OVER:
            self._over += 1
        return islice(self._trials, self._over, None)

    def _look_elsewhere(self) -> None:
        """Look, not too often, whether other processes have ended their work."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        for trial in self._trials:
            if trial.status == "elsewhere":
                self._look(trial)


class SuccessiveHalving(FIFO):
    """Trials on their way up the rungs: asynchronous successive halving.

    No worker waits for a rung to fill: where no trial deserves to go on, another one begins.
    Source: Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020,
    algorithm 2.

    `score` gives the objective of a trial after an epoch, larger where it is better; None where the
    trial has not come so far. `min_epochs` is the first rung; one of `eta` goes on from each.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        look: Callable[[Trial], None],
        *,
        score: Callable[[Trial, int], float | None],
        eta: int,
        min_epochs: int,
    ) -> None:
        super().__init__(trials, look)
        self._score = score
        self._eta = eta
        self._min_epochs = min_epochs

    def next(self) -> Trial | None:
        """Give the trial that deserves most to go on, else one that has not begun."""
        self._look_elsewhere()
        waiting = (one for one in self._trials if one.status == "waiting")
        trial = self._to_promote() or next(waiting, None) or self._last()
        if trial is not None:
            trial.pauses = self.rungs(trial)
        return trial

    def waits(self) -> bool:
        """Say whether a trial waits, or may go on."""
        return super().waits() or self._to_promote() is not None or self._last() is not None

    def rungs(self, trial: Trial) -> list[int]:
        """List the epochs after which a trial is judged; its end is none."""
        found, epoch = [], self._min_epochs
        while epoch < trial.epochs:
            found.append(epoch)
            epoch *= self._eta
        return found

    def _last(self) -> Trial | None:
        """The best trial, where all the others have ended and none has come to its end.

        The algorithm leaves that open: fewer trials than it takes to promote one from every rung
        would leave nothing finished.
        """
        unsettled = ("waiting", "elsewhere", "running", "finished")
        if any(trial.status in unsettled for trial in self._trials):
            return None
        paused = [trial for trial in self._trials if trial.status == "paused"]
        highest = max((trial.epoch for trial in paused), default=0)
        known = self._ranked(highest, [trial for trial in paused if trial.epoch == highest])
        return known[0] if known else None

    def _to_promote(self) -> Trial | None:
        """The best trial that pauses on the highest rung where one deserves to go on."""
        heights = {rung for trial in self._trials for rung in self.rungs(trial)}
        for rung in sorted(heights, reverse=True):
            ranked = self._ranked(rung, self._trials)
            for trial in ranked[: len(ranked) // self._eta]:
                if trial.status == "paused" and trial.epoch == rung:
                    return trial
        return None

    def _ranked(self, rung: int, trials: Sequence[Trial]) -> list[Trial]:
        """The trials that have come to a rung, the best first."""
        scores = [(self._score(trial, rung), trial) for trial in trials]
        # What is not a number is worse than any number.
        known = [
            (-math.inf if math.isnan(score) else score, trial)
            for score, trial in scores
            if score is not None
        ]
        return [trial for _, trial in sorted(known, key=lambda pair: pair[0], reverse=True)]
