"""Counts the runs of a sweep while it works, and words how each ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.cli.sweep_wording import main_value, runs_in_words
from dlrun.wording import format_logs, format_number, printable, settings_of
from dlrun.workflows.sweep_results import results_so_far

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.reports.sweep_results import SweepPoint
    from dlrun.sweeps.jobs import Job


class Tally:
    """Counts the runs of a sweep, finds the best one, and foretells the end.

    Args:
        objective: See `listening_to_sweep`.
        maximize: See `listening_to_sweep`.
    """

    def __init__(self, objective: str | None = None, maximize: bool | None = None) -> None:
        self.objective = objective
        self.maximize = maximize
        self.jobs: Sequence[Job] = []
        self.total = 0
        self.workers = 1
        self._judged = 0
        self._best: tuple[str, float, SweepPoint] | None = None

    def began(self, jobs: Sequence[Job], total: int, workers: int) -> None:
        """Begin to count."""
        self.jobs, self.total, self.workers = jobs, total, workers

    def number(self) -> int:
        """How many runs need no more work."""
        return sum(job.status in ("finished", "failed", "killed", "paused") for job in self.jobs)

    def best(self) -> tuple[str, float, SweepPoint] | None:
        """The metric, the mean over the seeds, and the point that is best by it so far."""
        finished = sum(job.status == "finished" for job in self.jobs)
        if finished != self._judged:
            results = results_so_far(self.jobs, objective=self.objective, maximize=self.maximize)
            point = next(iter(results.points()), None)
            self._judged = finished
            if point is not None and point.estimate is not None:
                self._best = results.objective, point.estimate.mean, point
        return self._best

    def time_left(self) -> float | None:
        """Foretell the seconds to the end, by the runs that have ended; None before the first."""
        done = [job for job in self.jobs if job.status == "finished" and job.seconds > 0]
        if not done:
            return None
        each = sum(job.seconds for job in done) / len(done)
        left = sum(
            1 - (job.epoch / job.epochs if job.epochs and job.status == "running" else 0)
            for job in self.jobs
            if job.status in ("waiting", "running")
        )
        left += self.total - len(self.jobs)
        return max(each * left / min(self.workers, max(left, 1)), 0.0)


def opening(tally: Tally) -> str:
    """Say what there is to do.

    Args:
        tally: Counts the runs.
    """
    jobs = tally.jobs
    found = sum(job.found for job in jobs)
    diverged = sum(job.hopeless for job in jobs)
    failed = sum(job.status == "failed" for job in jobs) - diverged
    waiting = sum(job.status == "waiting" for job in jobs) + tally.total - len(jobs)
    parts = [runs_in_words(tally.total)]
    if found:
        parts.append(f"{found} there already")
    if failed:
        parts.append(f"{failed} failed before (--retry-failed tries again)")
    if diverged:
        parts.append(f"{diverged} diverged before, and would again")
    if waiting:
        parts.append(f"{waiting} to train, {min(tally.workers, waiting)} at a time")
    return ", ".join(parts)


def place(tally: Tally) -> str:
    """Say how many runs need no more work: `[ 3/20]`.

    Args:
        tally: Counts the runs.
    """
    return f"[{tally.number():{len(str(tally.total))}}/{tally.total}]"


def ending(job: Job, tally: Tally) -> str:
    """Say how a run ended, in one line.

    Args:
        job: The run.
        tally: Knows what is best.
    """
    shown = job.reason or ""
    if job.status == "finished":
        name, value = main_value(job, tally.objective)
        shown = f"{name} {format_number(value)}" if name else ""
    elif job.status == "paused":
        shown = "  ".join([f"after epoch {job.epoch}", *format_logs(job.logs)])
    where = "" if job.folder is None else str(job.folder)
    parts = (job.status, settings_of(job.values), shown, where)
    return printable("  ".join(part for part in parts if part))
