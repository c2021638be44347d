"""Who is told what a sweep does; the command line draws it."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.sweeps.jobs import Trial


class SweepListener:
    """Hears of every trial, and does nothing with it; others begin with it."""

    def message(self, text: str) -> None:
        """Hear one line that the user should read."""

    def began(self, trials: Sequence[Trial], *, total: int, workers: int) -> None:
        """Hear that the work begins, with so many workers.

        `trials` holds those that are there already, too, and grows where points are drawn one by
        one; in the end they are `total`.
        """

    def started(self, trial: Trial) -> None:
        """Hear that a trial has begun, or goes on; its folder may not be there yet."""

    def progressed(self, trial: Trial) -> None:
        """Hear that some batches are done."""

    def ended(self, trial: Trial) -> None:
        """Hear that a trial has ended, one way or another."""

    def ticked(self) -> None:
        """Hear that some time has passed."""

    def finished(self) -> None:
        """Hear that nothing works any more."""
