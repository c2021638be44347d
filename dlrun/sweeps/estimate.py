"""How long a sweep will take, from one measured run."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from dlrun.config import Experiment
from dlrun.errors import DlrunError
from dlrun.sweeps.pool import SweepListener
from dlrun.sweeps.runner import SweepRunner, TrialRequest
from dlrun.sweeps.trials import Trial

PATIENCE = 10.0  # seconds of training after which a run need not be measured to its end
_IMPORT_SECONDS = 3.0  # what it takes until the first run begins


@dataclass(frozen=True)
class Estimate:
    """What a sweep will take."""

    work: float  # all that the workers have to do, in seconds of one of them
    each: float  # the mean of its runs, in seconds
    workers: int  # how many work at a time
    basis: str  # what was measured

    @property
    def seconds(self) -> float:
        """The time to the end."""
        return self.work / self.workers + _IMPORT_SECONDS

    def times(self, count: int) -> Estimate:
        """Estimate so many runs like one."""
        return replace(self, work=self.each * count)


def estimate(runner: SweepRunner) -> Estimate | None:
    """Estimate how long the missing runs will take; None where nothing is missing."""
    missing = [trial for trial in runner.trials if trial.status == "waiting"]
    if not missing:
        return None
    finished = [trial for trial in runner.trials if trial.found and trial.taken]
    if finished:
        trial = finished[-1]
        fixed, epoch = 0.0, trial.taken / max(trial.epochs, 1)
        basis = f"a finished run took {trial.taken:.1f} s"
    else:
        fixed, epoch = _measured(missing[0].experiment, runner)
        basis = "measured on the first run"
    each = [fixed + epoch * (trial.epochs - trial.epoch) for trial in missing]
    return Estimate(sum(each), sum(each) / len(each), runner.workers, basis)


def _measured(experiment: Experiment, runner: SweepRunner) -> tuple[float, float]:
    """Train a run for a while, in a folder that is then removed.

    Gives the seconds before and after its epochs, and those of each epoch.
    """
    stopwatch = _Stopwatch()
    options = runner.options
    with tempfile.TemporaryDirectory(prefix="dlrun-") as place:
        run = replace(options.run, runs_dir=Path(place), threads=runner.threads, source=None)
        alone = SweepRunner(replace(options, run=run, workers=1), stopwatch)
        alone.plan([TrialRequest(experiment, {})])
        with contextlib.suppress(_EnoughError):
            alone.work()
        (trial,) = alone.trials
        if trial.status == "failed":
            raise DlrunError(f"the first run failed: {trial.reason}")
    return stopwatch.cost(experiment.training.epochs)


class _EnoughError(Exception):
    """Enough has been seen."""


class _Stopwatch(SweepListener):
    """Notes when a run was how far."""

    def __init__(self) -> None:
        self._began = self._ended = 0.0
        self._places: list[tuple[float, int]] = []  # time, completed epochs

    def started(self, trial: Trial) -> None:
        del trial
        self._began = time.monotonic()

    def progressed(self, trial: Trial) -> None:
        now = time.monotonic()
        if trial.epoch and (not self._places or self._places[-1][1] < trial.epoch):
            self._places.append((now, trial.epoch))
        seen = len(self._places) > 1 and now - self._places[0][0] > PATIENCE
        if seen and not self._ended:
            self._ended = now
            raise _EnoughError

    def ended(self, trial: Trial) -> None:
        del trial
        self._ended = self._ended or time.monotonic()

    def cost(self, epochs: int) -> tuple[float, float]:
        total = self._ended - self._began
        if len(self._places) < 2:  # noqa: PLR2004
            return 0.0, total / max(epochs, 1)
        (first, one), (last, other) = self._places[0], self._places[-1]
        epoch = (last - first) / (other - one)
        return max(total - epoch * other, 0.0), epoch
