"""Many runs at once: what is there already is found, what is missing is trained."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.config import Experiment
from dlrun.data.files import files_of
from dlrun.errors import DataError, RunFolderError
from dlrun.execution.identity import Machine, identities_of, weights_hash
from dlrun.execution.loading import import_tensorflow
from dlrun.execution.options import RunOptions
from dlrun.memory import free_memory
from dlrun.rundir.environment import environment_facts, threads_of
from dlrun.rundir.folder import open_run, run_paths
from dlrun.rundir.integrity import keyless
from dlrun.rundir.lock import holding_lock, lock_state
from dlrun.sweeps.pool import Pool, SweepListener
from dlrun.sweeps.processes import can_fork
from dlrun.sweeps.schedulers import FIFO, Scheduler
from dlrun.sweeps.trials import Trial, TrialStore, is_stillborn, place_in_sweep
from dlrun.sweeps.worker import LocalWorkers

_WORKER_BYTES = 2**30
"""What a run is taken to need: TensorFlow at work, beside what it shares with its parent."""


@dataclass(frozen=True)
class TrialRequest:
    """One run that is asked for."""

    experiment: Experiment
    values: Mapping[str, Any]  # what tells it apart from the others, by key
    sample: int | None = None  # its draw, where draws depend on what came before


@dataclass(frozen=True)
class SweepOptions:
    """The options of the commands that train many runs."""

    run: RunOptions  # of each; without `threads` each has an equal share of the cores
    workers: int | None = None  # at a time; None for what cores and memory allow
    retry_failed: bool = False  # go on with runs that failed before
    fail_fast: bool = False  # end all at the first failure
    trust: bool = False  # go on with unfinished runs that are not known as the user's own


class SweepRunner:
    """Trains what is missing of the runs that are asked for.

    `base` is the hash of the config that all points of a sweep begin with; `store` has the runs
    that were there at the start, `trials` each run once; `workers` and `threads` are how many runs
    work at a time, with how many threads each.
    """

    def __init__(
        self,
        options: SweepOptions,
        listener: SweepListener,
        *,
        base: str | None = None,
        halving: bool = False,
    ) -> None:
        run = options.run
        self.store = TrialStore(
            run.runs_dir, retry_failed=options.retry_failed, halving=halving, trust=options.trust
        )
        self._environment = environment_facts()
        self._weights: str | None = None
        if run.source is not None:
            # Told once: `latest` would be another one as soon as the first run has begun.
            source = open_run(run.source, run.runs_dir)
            self._weights = weights_hash(source.read_record())
            run = replace(run, source=str(source.path.resolve()))
        self.options = replace(options, run=run)
        self.base = base
        self.trials: list[Trial] = []
        self._by_identity: dict[str, Trial] = {}
        self._listener = listener
        cores = self._environment["cpu_count"] or 1
        self.workers = options.workers or max(
            1, min(cores, int(min(free_memory(), 2.0**50) // _WORKER_BYTES))
        )
        self.threads = run.threads or max(1, cores // self.workers)

    def plan(self, requests: Sequence[TrialRequest]) -> list[Trial]:
        """Give one trial for each request; two that are the same are one."""
        check_files(requests)
        if requests:
            self._keep_threads(
                lambda count: sum(
                    not self.store.found.keys().isdisjoint(self._identities(one.experiment, count))
                    for one in requests
                )
            )
        trials = [self.add(one) for one in requests]
        self._say_remarks()
        return trials

    def keep_threads(self) -> None:
        """Go on with as many threads as the runs of the sweep have that are there."""
        rows = [row for row in self.store.rows if place_in_sweep(row, self.base)]
        self._keep_threads(lambda count: sum(threads_of(row.record) == count for row in rows))

    def add(self, request: TrialRequest) -> Trial:
        """Add a run; gives its trial, which may be there already."""
        identity, *earlier = self._identities(request.experiment, self.threads)
        if identity in self._by_identity:
            return self._by_identity[identity]
        trial = Trial(request.experiment, request.values, identity, sample=request.sample)
        for called in (identity, *earlier):
            trial.identity = called
            self.store.find(trial)
            if trial.folder is not None:
                break
        else:
            trial.identity = identity
        self._by_identity[identity] = trial
        self.trials.append(trial)
        return trial

    def work(
        self,
        scheduler: Scheduler | None = None,
        *,
        examples: Sequence[Experiment] = (),
        held: Sequence[int] = (),
    ) -> None:
        """Train until nothing is missing, by default one run after the other.

        `examples` are configs like those that the scheduler will ask for; `held` are open files
        that no process of a run may keep.
        """
        scheduler = scheduler or FIFO(self.trials, self.store.look_again)
        self._say_remarks()
        self._listener.began(self.trials, total=scheduler.total(), workers=self.workers)
        if not scheduler.waits():
            self._listener.finished()
            return
        why = keyless()
        if why is not None:
            self._listener.message(f"warning: {why}")
        devices = self._devices()
        factory = LocalWorkers(
            replace(self.options.run, threads=self.threads),
            facts=self._environment,
            base=self.base,
            trust=self.options.trust,
            forking=devices[0] == "cpu" and can_fork(),
            held=held,
        )
        factory.prepare([trial.experiment for trial in self.trials] or list(examples))
        Pool(
            scheduler,
            factory=factory,
            collect=self.store.collect,
            devices=devices,
            listener=self._listener,
            fail_fast=self.options.fail_fast,
        ).run()

    def _say_remarks(self) -> None:
        for line in self.store.remarks():
            self._listener.message(line)

    def _identities(self, experiment: Experiment, threads: int) -> tuple[str, ...]:
        device = self.options.run.device
        machine = Machine.of(self._environment, device=device, threads=threads)
        return identities_of(experiment, machine, source=self._weights)

    def _keep_threads(self, fitting: Callable[[int], int]) -> None:
        """Go on with as many threads as the runs have that are there: their bits depend on it.

        Unless the user has chosen. `fitting` counts those of these runs that have so many threads.
        """
        if self.options.run.threads:
            return
        counts = {threads_of(row.record) for row in self.store.rows} - {0}
        found = {count: fitting(count) for count in dict.fromkeys([self.threads, *sorted(counts)])}
        best = max(found, key=lambda count: found[count])
        if best != self.threads and found[best] > found[self.threads]:
            threads = "1 thread" if best == 1 else f"{best} threads"
            self._listener.message(f"{threads} a run, as those that are there already have")
            self.threads = best

    def _devices(self) -> list[str]:
        """One device a worker: the CPU as often as asked for, of GPUs each once, or as often."""
        import_tensorflow(self._listener.doing)

        from dlrun.backend.device import available_devices

        devices = available_devices(self.options.run.device)
        if devices != ["cpu"]:
            self.workers = self.options.workers or len(devices)
        return [devices[number % len(devices)] for number in range(self.workers)]


def check_files(requests: Sequence[TrialRequest]) -> None:
    """Refuse runs whose data are not there, before any is begun."""
    named = {path for one in requests for path in one.experiment.dataset.paths}
    paths = {file for path in named for file in files_of(path) if not file.exists()}
    if paths:
        raise DataError(f"missing: {', '.join(map(str, sorted(paths)))}.", where="dataset")


@contextlib.contextmanager
def alone(sweep_dir: Path) -> Iterator[list[int]]:
    """Be the only process that works on a sweep, whose folder is made; refuse to be a second one.

    Gives the open files that no process of a run may keep: the lock must end with this process.
    """
    sweep_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(holding_lock(sweep_dir))
        except RunFolderError as error:
            what = "another process works on this sweep."
            raise RunFolderError(what, where=str(sweep_dir)) from error
        for path in run_paths(sweep_dir):
            if is_stillborn(path) and lock_state(path) != "held":
                shutil.rmtree(path, ignore_errors=True)
        descriptor = lock.fileno()
        yield [] if descriptor is None else [descriptor]


@contextlib.contextmanager
def in_turn(runs_dir: Path, listener: SweepListener) -> Iterator[list[int]]:
    """Be the only process that trains many runs in a folder; wait until others have ended.

    So the second of two equal commands finds the runs of the first. Gives the same as `alone`.
    """
    runs_dir.mkdir(parents=True, exist_ok=True)
    lock, is_told = None, False
    with contextlib.ExitStack() as stack:
        while lock is None:
            try:
                lock = stack.enter_context(holding_lock(runs_dir))
            except RunFolderError:
                if not is_told:
                    listener.message(f"waiting for another process that trains runs in {runs_dir}")
                is_told = True
        descriptor = lock.fileno()
        yield [] if descriptor is None else [descriptor]
