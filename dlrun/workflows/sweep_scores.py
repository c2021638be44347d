"""How good the runs of a sweep are after some epochs, read from their histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.errors import DlrunError
from dlrun.rundir.history import read_history

if TYPE_CHECKING:
    from dlrun.config.sweeps.sweep import Objective
    from dlrun.sweeps.jobs import Job


class Scores:
    """Reads the objective of runs.

    Args:
        objective: What is best.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._known: dict[tuple[str, int], float] = {}

    def after(self, job: Job, epoch: int) -> float | None:
        """Tell how good a run was after an epoch.

        Args:
            job: The run.
            epoch: The number of completed epochs.

        Returns:
            The objective, larger where it is better; of a run that a callback ended before, its
            last value. None where the run has not come so far.
        """
        is_there = job.epoch >= epoch or job.status == "finished"
        if job.folder is None or not is_there or job.status in ("running", "elsewhere"):
            # A run that works is past the rung below the one that it works towards.
            return self._known.get((job.identity, epoch))
        if (job.identity, epoch) not in self._known:
            value = self._read(job, epoch)
            if value is None:
                return None
            self._known[job.identity, epoch] = value
        return self._known[job.identity, epoch]

    def _read(self, job: Job, epoch: int) -> float | None:
        try:
            values = read_history(job.folder).get(self._objective.column, []) if job.folder else []
        except DlrunError:
            return None
        if not values or (len(values) < epoch and job.status != "finished"):
            return None
        value = values[min(epoch, len(values)) - 1]
        return value if self._objective.maximize else -value
