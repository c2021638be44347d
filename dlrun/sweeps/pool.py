"""Runs of a sweep at work: so many processes at a time, each with one run after the other."""

from __future__ import annotations

import selectors
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dlrun.signals import asking_signal
from dlrun.sweeps.listener import Deaf
from dlrun.sweeps.processes import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlrun.sweeps.jobs import Job
    from dlrun.sweeps.listener import SweepListener
    from dlrun.sweeps.processes import Child
    from dlrun.sweeps.queue import Agenda

_TICK_SECONDS = 0.25
_MOST_RUNS = 16
"""How many runs a process takes: the first costs half as much again, and each leaves something."""


class Staff(Protocol):
    """Provides processes, and words what they are to do."""

    def start(self, closing: Sequence[int]) -> Child:
        """Start a process that waits for tasks.

        Args:
            closing: Open files that it must not keep.
        """

    def task(self, job: Job, device: str) -> dict[str, Any]:
        """Word the task of training a run, or of going on with it.

        Args:
            job: The run.
            device: Where it computes.
        """


class Pool:
    """Starts processes, gives them runs, and listens to them.

    Args:
        agenda: Says which run is next.
        staff: Provides processes.
        collect: Looks how a run stands on which no process works any more.
        devices: One a worker.
        listener: Is told of everything.
        fail_fast: Whether the first failure ends it all.
    """

    def __init__(
        self,
        agenda: Agenda,
        *,
        staff: Staff,
        collect: Callable[[Job, Ended], None],
        devices: Sequence[str],
        listener: SweepListener,
        fail_fast: bool = False,
    ) -> None:
        self._agenda = agenda
        self._staff = staff
        self._collect = collect
        self._workers = [_Worker(device) for device in devices]
        self._listener = listener
        self._fail_fast = fail_fast
        self._selector = selectors.DefaultSelector()
        self._stopping = False

    def run(self) -> None:
        """Work until nothing is left to do.

        Whatever interrupts it: the runs are asked to end in good order, and are waited for; what
        interrupts that ends them at once.
        """
        try:
            while self._is_working() or not self._is_over():
                self._fill()
                self._listen()
            self._dismiss_all()
        except BaseException as error:
            if isinstance(error, Exception):
                # Whoever is to be told may be what fails, such as a pipe that nobody reads.
                self._listener = Deaf()
            self._end_all()
            raise
        finally:
            self._selector.close()
            self._listener.finished()

    def _is_over(self) -> bool:
        return self._stopping or not self._agenda.waits()

    def _is_working(self) -> bool:
        return any(worker.job is not None for worker in self._workers)

    def _there(self) -> list[_Worker]:
        """The workers that have a process."""
        return [worker for worker in self._workers if worker.child is not None]

    def _fill(self) -> None:
        """Give every free worker a run."""
        for worker in self._workers:
            if self._stopping or worker.job is not None or worker.is_leaving:
                continue
            job = self._agenda.next()
            if job is None:
                return
            if worker.child is None:
                others = [one.child for one in self._there() if one.child is not None]
                worker.child = self._staff.start(
                    [descriptor for child in others for descriptor in child.descriptors]
                )
                self._watch(worker, worker.child)
            job.status, job.reason = "running", None
            worker.take(job)
            worker.child.give(self._staff.task(job, worker.device))
            self._listener.started(job)

    def _watch(self, worker: _Worker, child: Child) -> None:
        """Listen to a child from now on."""
        if child.events not in self._selector.get_map():
            self._selector.register(child.events, selectors.EVENT_READ, worker)

    def _listen(self) -> None:
        """Wait for what the processes tell."""
        if self._there():
            ready = self._selector.select(_TICK_SECONDS)
        else:
            # Where none works here, another process does: its end tells no selector.
            time.sleep(_TICK_SECONDS)
            ready = []
        for key, _ in ready:
            worker: _Worker = key.data
            child = worker.child
            events, is_closed = child.read() if child is not None else ([], False)
            for event in events:
                self._hear(worker, event)
            if is_closed and child is not None:
                self._selector.unregister(child.events)
                ended = child.end()
                worker.leave()
                self._close(worker, ended)
        self._listener.ticked()

    def _hear(self, worker: _Worker, event: dict[str, Any]) -> None:
        """Note what a process tells of its run."""
        job = worker.job
        if job is None:
            return
        if "folder" in event:
            job.folder = Path(event["folder"])
        elif "error" in event:
            job.reason = event["error"]
        elif "epoch" in event:
            job.epoch = event["epoch"]
            job.logs = event["logs"] or job.logs
            self._listener.progressed(job)
        elif "code" in event:
            if event["code"] or worker.runs >= _MOST_RUNS:
                worker.dismiss()
            self._close(worker, Ended(event["code"], ""))

    def _close(self, worker: _Worker, ended: Ended) -> None:
        """Look how a run stands on which its process works no more."""
        job, worker.job = worker.job, None
        if job is None:
            return
        job.seconds += time.monotonic() - worker.began
        self._collect(job, ended)
        self._agenda.ended(job)
        self._listener.ended(job)
        if job.status == "failed" and self._fail_fast and not self._stopping:
            self._stopping = True
            self._listener.message("--fail-fast: the other runs are ended")
            self._ask_all()

    def _ask_all(self, number: int | None = None) -> None:
        """Send the processes a signal: by default one that asks them to end in good order."""
        asking = asking_signal() if number is None else number
        for worker in self._there():
            if worker.child is not None:
                worker.child.signal(asking)

    def _dismiss_all(self) -> None:
        """Let the processes end that wait for more."""
        for worker in self._there():
            worker.dismiss()
        while self._there():
            self._listen()

    def _end_all(self) -> None:
        """Ask the processes to end, and wait for them."""
        self._stopping = True
        try:
            for worker in self._there():
                # A signal may come when a child has just been started.
                if worker.child is not None:
                    self._watch(worker, worker.child)
            self._ask_all()
            if self._is_working():
                self._listener.message(
                    "ending the runs at work; the same command will go on with them"
                )
            self._dismiss_all()
        except BaseException:
            self._ask_all(signal.SIGKILL)
            raise


class _Worker:
    """A place at which one run works at a time.

    Args:
        device: Where it computes.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.child: Child | None = None
        self.job: Job | None = None
        self.runs = 0
        self.began = 0.0
        self.is_leaving = False

    def take(self, job: Job) -> None:
        """Begin to work on a run."""
        self.job = job
        self.runs += 1
        self.began = time.monotonic()

    def dismiss(self) -> None:
        """Let its process end."""
        self.is_leaving = True
        if self.child is not None:
            self.child.dismiss()

    def leave(self) -> None:
        """Make room for another process."""
        self.child = None
        self.runs = 0
        self.is_leaving = False
