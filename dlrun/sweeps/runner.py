"""Many runs at once: what is there already is found, what is missing is trained."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dlrun.config import Experiment
from dlrun.data.files import files_of
from dlrun.errors import DataError, RunFolderError
from dlrun.execution.identity import identities_of, weights_hash
from dlrun.execution.options import RunOptions
from dlrun.rundir.environment import threads_of
from dlrun.rundir.folder import open_run
from dlrun.rundir.integrity import keyless
from dlrun.rundir.lock import holding_lock, lockless
from dlrun.sweeps.launchers import DEFAULT, Order, Placing, named
from dlrun.sweeps.pool import Pool, SweepListener
from dlrun.sweeps.schedulers import FIFO, Scheduler
from dlrun.sweeps.shares import refuse_shares_at_work, remove_stillborn
from dlrun.sweeps.trials import Trial, TrialStore, place_in_sweep


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
    budget: float | None = None  # seconds; what would not end by then is left out
    on: str = DEFAULT  # where they work: a word of `dlrun.sweeps.launchers`
    placing: Placing = field(default_factory=Placing)  # for those that work on other machines


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
            run.runs_dir,
            retry_failed=options.retry_failed,
            halving=halving,
            trust=options.trust,
            alone=base is not None,
        )
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
        self.listener = listener
        self._site = named(options.on)(self.options, listener)
        self.workers, self.threads = self._site.workers, self._site.threads

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
        identity, *others = self._identities(request.experiment, self.threads)
        if identity in self._by_identity:
            return self._by_identity[identity]
        trial = Trial(
            request.experiment, request.values, identity, others=others, sample=request.sample
        )
        self.store.find(trial)
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
        self.listener.began(self.trials, total=scheduler.total(), workers=self.workers)
        if not scheduler.waits():
            self.listener.finished()
            return
        why = keyless()
        for line in filter(None, (why, lockless(self.options.run.runs_dir))):
            self.listener.message(f"warning: {line}")
        launcher = self._site.open(
            Order(
                replace(self.options.run, threads=self.threads),
                base=self.base,
                trust=self.options.trust,
                experiments=[trial.experiment for trial in self.trials] or list(examples),
                held=held,
            )
        )
        self.workers = self._site.workers
        Pool(
            scheduler,
            launcher=launcher,
            collect=self.store.collect,
            listener=self.listener,
            fail_fast=self.options.fail_fast,
        ).run()

    def _say_remarks(self) -> None:
        for line in self.store.remarks():
            self.listener.message(line)

    def _identities(self, experiment: Experiment, threads: int) -> list[str]:
        machines = self._site.machines(threads, self.store.machines)
        return [
            identity
            for one in machines
            for identity in identities_of(experiment, one, source=self._weights)
        ]

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
            self.listener.message(f"{threads} a run, as those that are there already have")
            self.threads = best


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
            raise RunFolderError(what, where=str(sweep_dir), fix=error.fix) from error
        refuse_shares_at_work(sweep_dir)
        remove_stillborn(sweep_dir)
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
