"""Who is told what a sweep does; the command line draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.sweeps.jobs import Job


class SweepListener(Protocol):
    """Is told of messages and of every run."""

    def message(self, text: str) -> None:
        """Be told one line that the user should read."""

    def began(self, jobs: Sequence[Job], *, total: int, workers: int) -> None:
        """The work begins.

        Args:
            jobs: All runs, those that are there already included; the list grows where runs are
                drawn one by one.
            total: How many they will be in the end.
            workers: How many runs work at a time.
        """

    def started(self, job: Job) -> None:
        """A run has begun, or goes on; its folder may not be there yet."""

    def progressed(self, job: Job) -> None:
        """Some batches of a run are done."""

    def ended(self, job: Job) -> None:
        """A run has ended, one way or another."""

    def ticked(self) -> None:
        """Some time has passed."""

    def finished(self) -> None:
        """Nothing works any more."""


class Deaf:
    """A listener to whom nothing is told; others begin with it."""

    def message(self, text: str) -> None:
        """See `SweepListener`."""

    def began(self, jobs: Sequence[Job], *, total: int, workers: int) -> None:
        """See `SweepListener`."""

    def started(self, job: Job) -> None:
        """See `SweepListener`."""

    def progressed(self, job: Job) -> None:
        """See `SweepListener`."""

    def ended(self, job: Job) -> None:
        """See `SweepListener`."""

    def ticked(self) -> None:
        """See `SweepListener`."""

    def finished(self) -> None:
        """See `SweepListener`."""
