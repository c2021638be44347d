"""How long runs will take, and what they need beside, from one measured run."""

from __future__ import annotations

import contextlib
import heapq
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dlrun.config import Experiment
from dlrun.errors import DlrunError, UsageError
from dlrun.execution.needs import Needs, needs_of
from dlrun.sweeps.pool import SweepListener
from dlrun.sweeps.runner import SweepOptions, SweepRunner, TrialRequest
from dlrun.sweeps.trials import Trial
from dlrun.wording import count, format_duration

PATIENCE = 10.0  # seconds of training after which a run need not be measured to its end
_IMPORT_SECONDS = 3.0  # what it takes until the first run begins
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Estimate:
    """What runs will take."""

    costs: tuple[float, ...]  # of each that is missing, in seconds of one worker
    workers: int  # how many work at a time
    basis: str  # what was measured
    needs: Needs | None = None  # of the first run that is missing

    @property
    def each(self) -> float:
        """The mean of the runs, in seconds."""
        return sum(self.costs) / max(len(self.costs), 1)

    @property
    def seconds(self) -> float:
        """The time to the end."""
        return max(self._ends(), default=_IMPORT_SECONDS)

    def _ends(self) -> Iterator[float]:
        """When each run ends; a worker takes the next one when it is free."""
        busy = [_IMPORT_SECONDS] * max(self.workers, 1)  # until when
        for cost in self.costs:
            end = busy[0] + cost
            heapq.heapreplace(busy, end)
            yield end

    def times(self, count: int) -> Estimate:
        """Estimate so many runs like one."""
        return replace(self, costs=(self.each,) * count)

    def first(self, count: int) -> Estimate:
        """Estimate the first runs only."""
        return replace(self, costs=self.costs[:count])

    def fitting(self, seconds: float) -> int:
        """Count the first runs that end within so many seconds."""
        late = (number for number, end in enumerate(self._ends()) if end > seconds)
        return next(late, len(self.costs))


def estimate(runner: SweepRunner) -> Estimate | None:
    """Estimate what the missing runs will take; None where nothing is missing."""
    missing = [trial for trial in runner.trials if trial.status == "waiting"]
    if not missing:
        return None
    finished = [trial for trial in runner.trials if trial.found and trial.taken]
    if finished:
        trial = finished[-1]
        fixed, epoch = 0.0, trial.taken / max(trial.epochs, 1)
        basis = f"a finished run took {trial.taken:.1f} s"
        needs = None if trial.folder is None else needs_of(trial.experiment, trial.folder)
    else:
        fixed, epoch, needs = measure(missing[0].experiment, runner.options, runner.threads)
        basis = "measured on the first run"
    costs = tuple(fixed + epoch * (trial.epochs - trial.epoch) for trial in missing)
    return Estimate(costs, runner.workers, basis, needs)


def cut(runner: SweepRunner, fits: int) -> list[Trial]:
    """Keep so many of the missing runs, the first ones; gives those that are left out."""
    missing = [trial for trial in runner.trials if trial.status == "waiting"]
    left = {id(trial) for trial in missing[fits:]}
    runner.trials[:] = [trial for trial in runner.trials if id(trial) not in left]
    return missing[fits:]


def left_out_in_words(budget: float, fits: int, left: int) -> str:
    """Say what a budget leaves of the runs that are missing."""
    fitting = f"{count(fits, 'run')} {'fits' if fits == 1 else 'fit'}"
    return f"budget of {format_duration(budget)}: {fitting}, {left} left out"


def measure(
    experiment: Experiment, options: SweepOptions, threads: int
) -> tuple[float, float, Needs]:
    """Train a run for a while, in a folder that is then removed.

    Gives the seconds before and after its epochs, those of each epoch, and what it needs beside.
    """
    stopwatch = _Stopwatch()
    with tempfile.TemporaryDirectory(prefix="dlrun-") as place:
        run = replace(options.run, runs_dir=Path(place), threads=threads, source=None)
        alone = SweepRunner(replace(options, run=run, workers=1), stopwatch)
        alone.plan([TrialRequest(experiment, {})])
        with contextlib.suppress(_EnoughError):
            alone.work()
        (trial,) = alone.trials
        if trial.status == "failed" or trial.folder is None:
            raise DlrunError(f"the first run failed: {trial.reason}")
        needs = needs_of(experiment, trial.folder, peak=_peak_of_children())
    return *stopwatch.cost(experiment.training.epochs), needs


def read_duration(text: str) -> float:
    """Read `2h`, `90m`, `1h30m`, `45s` or `2d`, in seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        fix = "Give such as 2h, 90m or 1h30m."
        raise UsageError(f"{text!r} is no time.", where="--budget", fix=fix)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _peak_of_children() -> int | None:
    """The most memory that a process took which this one has started, in bytes."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 or None


class _EnoughError(Exception):
    """Enough has been seen."""


class _Stopwatch(SweepListener):
    """Notes when a run was how far."""

    def __init__(self) -> None:
        self._began = self._ended = 0.0
        self._places: list[tuple[float, float]] = []  # time, completed epochs and parts of them

    def started(self, trial: Trial) -> None:
        del trial
        self._began = time.monotonic()

    def progressed(self, trial: Trial) -> None:
        now, place = time.monotonic(), trial.epoch + trial.part
        if place and (not self._places or self._places[-1][1] < place):
            self._places.append((now, place))
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
