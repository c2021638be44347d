"""Which run is next: the plain order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlrun.sweeps.jobs import Job

SECONDS_BETWEEN_LOOKS = 1.0
"""How often it is looked whether another process has ended its work on a run."""


class Agenda(Protocol):
    """Decides which run is next."""

    def next(self) -> Job | None:
        """Give the next run; None where there is none now."""

    def ended(self, job: Job) -> None:
        """Be told how a run has ended."""

    def waits(self) -> bool:
        """Say whether there may be a next run later though none works here."""

    def total(self) -> int:
        """Say how many runs there will be in the end."""


class Queue:
    """Every run in its order; those that another process works on last.

    Args:
        jobs: The runs.
        look: Looks again how a run stands that another process works on.
    """

    def __init__(self, jobs: Sequence[Job], look: Callable[[Job], None]) -> None:
        self._jobs = jobs
        self._look = look
        self._next_look = 0.0

    def next(self) -> Job | None:
        """See `Agenda`."""
        self._look_elsewhere()
        return next((job for job in self._jobs if job.status == "waiting"), None)

    def ended(self, job: Job) -> None:
        """See `Agenda`."""

    def waits(self) -> bool:
        """See `Agenda`."""
        return any(job.status in ("waiting", "elsewhere") for job in self._jobs)

    def total(self) -> int:
        """See `Agenda`."""
        return len(self._jobs)

    def _look_elsewhere(self) -> None:
        """Look, not too often, whether other processes have ended their work."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        for job in self._jobs:
            if job.status == "elsewhere":
                self._look(job)
