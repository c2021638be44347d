"""How long a sweep will take, from one measured run."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlrun.errors import DlrunError
from dlrun.sweeps.listener import Deaf
from dlrun.workflows.many import Crew, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlrun.config import Experiment
    from dlrun.sweeps.jobs import Job

from dlrun.workflows.many import Settings

PATIENCE = 10.0
"""Seconds of training after which a run need not be measured to its end."""
_IMPORT_SECONDS = 3.0
"""What it takes until the first run begins."""


@dataclass(frozen=True)
class Estimate:
    """What a sweep will take.

    Attributes:
        work: All that the workers have to do, in seconds of one of them.
        each: The mean of its runs, in seconds.
        workers: How many work at a time.
        basis: What was measured.
    """

    work: float
    each: float
    workers: int
    basis: str

    @property
    def seconds(self) -> float:
        """The time to the end."""
        return self.work / self.workers + _IMPORT_SECONDS

    def times(self, count: int) -> Estimate:
        """Estimate so many runs like one.

        Args:
            count: How many.
        """
        return replace(self, work=self.each * count)


@dataclass(frozen=True)
class _Cost:
    """What a run takes.

    Attributes:
        fixed: Before and after its epochs, in seconds.
        epoch: Each epoch, in seconds.
    """

    fixed: float
    epoch: float


def estimate(jobs: Sequence[Job], crew: Crew, settings: Settings) -> Estimate | None:
    """Estimate how long the missing runs will take.

    Args:
        jobs: All runs.
        crew: Whoever would train them.
        settings: How they would be trained.

    Returns:
        The estimate; None where nothing is missing.

    Raises:
        DlrunError: The run that was to be measured failed.
    """
    missing = [job for job in jobs if job.status == "waiting"]
    if not missing:
        return None
    finished = [job for job in jobs if job.found and job.taken]
    if finished:
        job = finished[-1]
        cost = _Cost(0.0, job.taken / max(job.epochs, 1))
        basis = f"a finished run took {job.taken:.1f} s"
    else:
        cost = _measured(missing[0].experiment, crew, settings)
        basis = "measured on the first run"
    each = [cost.fixed + cost.epoch * (job.epochs - job.epoch) for job in missing]
    return Estimate(sum(each), sum(each) / len(each), crew.workers, basis)


def _measured(experiment: Experiment, crew: Crew, settings: Settings) -> _Cost:
    """Train a run for a while, in a folder that is then removed."""
    stopwatch = _Stopwatch()
    with tempfile.TemporaryDirectory(prefix="dlrun-") as place:
        once = replace(settings, workers=1, threads=crew.threads, base=None, source=None)
        alone = Crew(Path(place), once, stopwatch)
        alone.plan([Wanted(experiment, {})])
        with contextlib.suppress(_EnoughError):
            alone.work()
        (job,) = alone.jobs
        if job.status == "failed":
            raise DlrunError(f"the first run failed: {job.reason}")
    return stopwatch.cost(experiment.training.epochs)


class _EnoughError(Exception):
    """Enough has been seen."""


class _Stopwatch(Deaf):
    """A listener that notes when a run was how far."""

    def __init__(self) -> None:
        self._began = self._ended = 0.0
        self._places: list[tuple[float, int]] = []

    def started(self, job: Job) -> None:
        """Note the time."""
        del job
        self._began = time.monotonic()

    def progressed(self, job: Job) -> None:
        """Note how far it is; that may be enough."""
        now = time.monotonic()
        if job.epoch and (not self._places or self._places[-1][1] < job.epoch):
            self._places.append((now, job.epoch))
        seen = len(self._places) > 1 and now - self._places[0][0] > PATIENCE
        if seen and not self._ended:
            self._ended = now
            raise _EnoughError

    def ended(self, job: Job) -> None:
        """Note the time."""
        del job
        self._ended = self._ended or time.monotonic()

    def cost(self, epochs: int) -> _Cost:
        """Tell what the run takes."""
        total = self._ended - self._began
        if len(self._places) < 2:  # noqa: PLR2004
            return _Cost(0.0, total / max(epochs, 1))
        (first, one), (last, other) = self._places[0], self._places[-1]
        epoch = (last - first) / (other - one)
        return _Cost(max(total - epoch * other, 0.0), epoch)
