"""Many runs at once: what is there already is found, what is missing is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import DataError
from dlrun.memory import free_memory
from dlrun.rundir.environment import environment_facts, threads_of
from dlrun.rundir.folder import open_run
from dlrun.rundir.seal import keyless
from dlrun.sweeps.jobs import Job
from dlrun.sweeps.pool import Pool
from dlrun.sweeps.queue import Queue
from dlrun.workflows.identity import Machine, identity_of, weights_hash
from dlrun.workflows.standing import Standing, base_of
from dlrun.workflows.worker import Orders, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlrun.config import Experiment
    from dlrun.rundir.listing import RunRow
    from dlrun.sweeps.listener import SweepListener
    from dlrun.sweeps.queue import Agenda

_WORKER_BYTES = 2**30
"""What a run is taken to need: TensorFlow at work, beside what it shares with its parent."""


@dataclass(frozen=True)
class Wanted:
    """One run that is asked for.

    Attributes:
        experiment: Its config.
        values: What tells it apart from the others: values by key.
        sample: See `dlrun.sweeps.jobs.Job`.
    """

    experiment: Experiment
    values: Mapping[str, Any]
    sample: int | None = None


@dataclass(frozen=True)
class Settings:
    """How runs are trained.

    Attributes:
        command: The command line, for the record.
        workers: How many runs work at a time; None for what cores and memory allow.
        threads: How many threads each has; None for an equal share of the cores.
        device: `auto`, `cpu`, `gpu` or `gpu:1`.
        report: Whether plots and a page are made at the end of each.
        source: A run from whose weights each begins, or None.
        retry_failed: Whether runs that failed before go on.
        fail_fast: Whether the first failure ends it all.
        trust: Whether unfinished runs that are not known as the user's own go on.
        base: The hash of the config that all points of a sweep begin with; None without one.
    """

    command: Sequence[str]
    workers: int | None = None
    threads: int | None = None
    device: str = "auto"
    report: bool = False
    source: str | None = None
    retry_failed: bool = False
    fail_fast: bool = False
    trust: bool = False
    base: str | None = None


class Crew:
    """Trains what is missing.

    Args:
        runs_dir: Where the runs are.
        settings: How they are trained.
        listener: Who is told.
        halving: Whether runs pause.

    Attributes:
        jobs: The runs, each once.
        threads: How many threads each has.
    """

    def __init__(
        self,
        runs_dir: Path,
        settings: Settings,
        listener: SweepListener,
        *,
        halving: bool = False,
    ) -> None:
        self.runs_dir = runs_dir
        self.jobs: list[Job] = []
        self._by_identity: dict[str, Job] = {}
        self._settings = settings
        self._listener = listener
        self._standing = Standing(
            runs_dir,
            retry_failed=settings.retry_failed,
            halving=halving,
            trust=settings.trust,
        )
        self._environment = environment_facts()
        self._weights: str | None = None
        if settings.source is not None:
            # Told once: `latest` would be another one as soon as the first run has begun.
            folder = open_run(settings.source, runs_dir)
            self._weights = weights_hash(folder.read_record())
            self._settings = settings = replace(settings, source=str(folder.path.resolve()))
        cores = self._environment["cpu_count"] or 1
        self.workers = settings.workers or max(
            1, min(cores, int(min(free_memory(), 2.0**50) // _WORKER_BYTES))
        )
        self.threads = settings.threads or max(1, cores // self.workers)

    def plan(self, wanted: Sequence[Wanted]) -> list[Job]:
        """Find out how each run stands; two that are the same are one.

        Args:
            wanted: The runs, in order.

        Returns:
            One job for each that is wanted.
        """
        check_files(wanted)
        if self._settings.threads is None and wanted:
            self._keep_threads(
                lambda count: sum(
                    self._identity(one.experiment, count) in self._standing.rows for one in wanted
                )
            )
        jobs = [self.add(one) for one in wanted]
        self._tell_of_seals()
        return jobs

    def keep_threads_of(self, base: str) -> None:
        """Go on with as many threads as the runs of a sweep have that are there.

        Args:
            base: The hash of the sweep's base config.
        """
        rows = [row for row in self._rows() if base_of(row.record) == base]
        if self._settings.threads is None:
            self._keep_threads(lambda count: sum(threads_of(row.record) == count for row in rows))

    def add(self, wanted: Wanted) -> Job:
        """Add a run.

        Args:
            wanted: What is asked for.

        Returns:
            Its job, which may be there already.
        """
        identity = self._identity(wanted.experiment, self.threads)
        if identity in self._by_identity:
            return self._by_identity[identity]
        job = Job(wanted.experiment, wanted.values, identity, sample=wanted.sample)
        self._standing.look_up(job)
        self._by_identity[identity] = job
        self.jobs.append(job)
        return job

    def work(
        self,
        agenda: Agenda | None = None,
        *,
        examples: Sequence[Experiment] = (),
        held: Sequence[int] = (),
    ) -> None:
        """Train until nothing is missing.

        Args:
            agenda: Says which run is next; None for one after the other.
            examples: Configs like those that the agenda will ask for.
            held: Open files that no process of a run may keep.
        """
        agenda = agenda or Queue(self.jobs, self.look_again)
        self._tell_of_seals()
        self._listener.began(self.jobs, total=agenda.total(), workers=self.workers)
        if not agenda.waits():
            self._listener.finished()
            return
        why = keyless()
        if why is not None:
            self._listener.message(f"warning: {why}")
        devices = self._devices()
        settings = self._settings
        orders = Orders(
            self.runs_dir,
            self._environment,
            settings.base,
            settings.command,
            settings.device,
            self.threads,
            settings.report,
            settings.source,
            settings.trust,
        )
        workers = Workers(orders, forking=devices[0] == "cpu", held=held)
        workers.prepare([job.experiment for job in self.jobs] or list(examples))
        Pool(
            agenda,
            staff=workers,
            collect=self._standing.collect,
            devices=devices,
            listener=self._listener,
            fail_fast=settings.fail_fast,
        ).run()

    @property
    def look_again(self) -> Callable[[Job], None]:
        """Tells how a run stands on which another process works."""
        return self._standing.look_again

    def _rows(self) -> list[RunRow]:
        """The runs that are there."""
        return [row for rows in self._standing.rows.values() for row in rows]

    def _tell_of_seals(self) -> None:
        """Say which runs are there and not known as the user's own."""
        for line in self._standing.remarks():
            self._listener.message(line)

    def _identity(self, experiment: Experiment, threads: int) -> str:
        machine = Machine.of(self._environment, device=self._settings.device, threads=threads)
        return identity_of(experiment, machine, source=self._weights)

    def _keep_threads(self, fitting: Callable[[int], int]) -> None:
        """Go on with as many threads as the runs have that are there: their bits depend on it.

        Args:
            fitting: Says how many of these runs have so many threads.
        """
        counts = {threads_of(row.record) for row in self._rows()} - {0}
        found = {count: fitting(count) for count in dict.fromkeys([self.threads, *sorted(counts)])}
        best = max(found, key=lambda count: found[count])
        if best != self.threads and found[best] > found[self.threads]:
            self._listener.message(f"{_threads(best)} a run, as those that are there already have")
            self.threads = best

    def _devices(self) -> list[str]:
        """One device a worker: the CPU as often as asked for, of GPUs each once, or as often."""
        from dlrun.backend.device import available_devices

        devices = available_devices(self._settings.device)
        if devices != ["cpu"]:
            self.workers = self._settings.workers or len(devices)
        return [devices[number % len(devices)] for number in range(self.workers)]


def check_files(wanted: Sequence[Wanted]) -> None:
    """Refuse runs whose data are not there, before any is begun.

    Args:
        wanted: The runs.

    Raises:
        DataError: Files are missing.
    """
    paths = {
        value
        for one in wanted
        for value in one.experiment.dataset.arguments.values()
        if isinstance(value, Path) and not value.exists()
    }
    if paths:
        raise DataError(f"missing: {', '.join(map(str, sorted(paths)))}.", where="dataset")


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
