"""Which run is next: bad runs are stopped early, by asynchronous successive halving.

All runs begin; each pauses at the first rung. One of `eta` that have come so far goes on to the
next rung, which is `eta` times as high, and so on. No worker waits for a rung to fill: where no run
deserves to go on, another one begins. Where all have begun and none has come to its end, the best
one goes on, which the algorithm leaves open.

Source: Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, algorithm 2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dlrun.sweeps.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlrun.sweeps.jobs import Job


class Ladder(Queue):
    """Runs on their way up the rungs.

    Args:
        jobs: The runs.
        look: See `Queue`.
        score: Gives the objective of a run after an epoch, larger where it is better; None where
            the run has not come so far.
        eta: One of so many goes on.
        min_epochs: The first rung, in epochs.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        look: Callable[[Job], None],
        *,
        score: Callable[[Job, int], float | None],
        eta: int,
        min_epochs: int,
    ) -> None:
        super().__init__(jobs, look)
        self._score = score
        self._eta = eta
        self._min_epochs = min_epochs

    def next(self) -> Job | None:
        """Give the run that deserves most to go on, else one that has not begun."""
        self._look_elsewhere()
        waiting = (one for one in self._jobs if one.status == "waiting")
        job = self._to_promote() or next(waiting, None) or self._last()
        if job is not None:
            job.pauses = self.rungs(job)
        return job

    def waits(self) -> bool:
        """See `Agenda`."""
        return super().waits() or self._to_promote() is not None or self._last() is not None

    def rungs(self, job: Job) -> list[int]:
        """List the epochs after which a run is judged.

        Args:
            job: The run.
        """
        found, epoch = [], self._min_epochs
        while epoch < job.epochs:
            found.append(epoch)
            epoch *= self._eta
        return found

    def _last(self) -> Job | None:
        """The best run, where all the others have ended and none has come to its end.

        Fewer runs than it takes to promote one from every rung would else leave nothing finished.
        """
        if any(job.status in ("waiting", "elsewhere", "running", "finished") for job in self._jobs):
            return None
        paused = [job for job in self._jobs if job.status == "paused"]
        highest = max((job.epoch for job in paused), default=0)
        known = self._ranked(highest, [job for job in paused if job.epoch == highest])
        return known[0] if known else None

    def _to_promote(self) -> Job | None:
        """The best run that pauses on the highest rung where one deserves to go on."""
        heights = {rung for job in self._jobs for rung in self.rungs(job)}
        for rung in sorted(heights, reverse=True):
            ranked = self._ranked(rung, self._jobs)
            for job in ranked[: len(ranked) // self._eta]:
                if job.status == "paused" and job.epoch == rung:
                    return job
        return None

    def _ranked(self, rung: int, jobs: Sequence[Job]) -> list[Job]:
        """The runs that have come to a rung, the best first."""
        scores = [(self._score(job, rung), job) for job in jobs]
        # What is not a number is worse than any number.
        known = [
            (-math.inf if math.isnan(score) else score, job)
            for score, job in scores
            if score is not None
        ]
        return [job for _, job in sorted(known, key=lambda pair: pair[0], reverse=True)]
