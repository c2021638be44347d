"""Runs of a sweep at work, so many at a time, each in a process of its own."""

from __future__ import annotations

import selectors
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlrun.sweeps.jobs import Job
    from dlrun.sweeps.listener import SweepListener
    from dlrun.sweeps.processes import Child, Ended
    from dlrun.sweeps.queue import Agenda

_TICK_SECONDS = 0.25


class Start(Protocol):
    """Begins the work on a run."""

    def __call__(self, job: Job, device: str, closing: Sequence[int]) -> Child:
        """Start a process.

        Args:
            job: The run.
            device: Where it computes.
            closing: Open files that the process must not keep.
        """


class Pool:
    """Starts processes, listens to them and collects them.

    Args:
        agenda: Says which run is next.
        start: Starts a process.
        collect: Looks how a run stands whose process has ended.
        devices: One a worker.
        listener: Is told of everything.
        fail_fast: Whether the first failure ends it all.
    """

    def __init__(
        self,
        agenda: Agenda,
        *,
        start: Start,
        collect: Callable[[Job, Ended], None],
        devices: Sequence[str],
        listener: SweepListener,
        fail_fast: bool = False,
    ) -> None:
        self._agenda = agenda
        self._start = start
        self._collect = collect
        self._free = list(devices)
        self._listener = listener
        self._fail_fast = fail_fast
        self._working: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._stopping = False

    def run(self) -> None:
        """Work until nothing is left to do.

        Whatever interrupts it: the runs are asked to end in good order, and are waited for; what
        interrupts that ends them at once.
        """
        try:
            while self._working or not self._is_over():
                self._fill()
                self._listen(_TICK_SECONDS)
        except BaseException:
            self._end_all()
            raise
        finally:
            self._selector.close()
            self._listener.finished()

    def _is_over(self) -> bool:
        return self._stopping or not self._agenda.waits()

    def _fill(self) -> None:
        """Give every free worker a run."""
        while self._free and not self._stopping:
            job = self._agenda.next()
            if job is None:
                return
            device = self._free.pop(0)
            job.status, job.reason = "running", None
            child = self._start(job, device, list(self._working))
            self._working[child.events] = _Worker(job, child, device)
            self._selector.register(child.events, selectors.EVENT_READ)
            self._listener.started(job)

    def _listen(self, seconds: float) -> None:
        """Wait for what the processes tell."""
        # Where nothing works, another process does: its end tells no selector.
        ready = self._selector.select(seconds) if self._working else []
        if not self._working:
            time.sleep(seconds)
        for key, _ in ready:
            worker = self._working[key.fd]
            events, is_closed = worker.child.read()
            for event in events:
                self._hear(worker.job, event)
            if is_closed:
                self._end(worker)
        self._listener.ticked()

    def _hear(self, job: Job, event: dict[str, Any]) -> None:
        """Note what a process tells of its run."""
        if "folder" in event:
            job.folder = Path(event["folder"])
        elif "error" in event:
            job.reason = event["error"]
        elif "epoch" in event:
            job.epoch = event["epoch"]
            job.logs = event["logs"] or job.logs
            self._listener.progressed(job)

    def _end(self, worker: _Worker) -> None:
        """Collect a process that has ended."""
        del self._working[worker.child.events]
        self._selector.unregister(worker.child.events)
        worker.job.seconds += time.monotonic() - worker.began
        self._collect(worker.job, worker.child.end())
        self._free.append(worker.device)
        self._agenda.ended(worker.job)
        self._listener.ended(worker.job)
        if worker.job.status == "failed" and self._fail_fast and not self._stopping:
            self._stopping = True
            self._listener.message("--fail-fast: the other runs are ended")
            self._ask_all()

    def _ask_all(self, number: int = signal.SIGTERM) -> None:
        for worker in self._working.values():
            worker.child.signal(number)

    def _end_all(self) -> None:
        """Ask the processes to end, and wait for them."""
        self._stopping = True
        try:
            self._ask_all()
            if self._working:
                self._listener.message("ending the runs at work; what they have trained is kept")
            while self._working:
                self._listen(_TICK_SECONDS)
        except BaseException:
            self._ask_all(signal.SIGKILL)
            raise


class _Worker:
    """A process at work on a run."""

    def __init__(self, job: Job, child: Child, device: str) -> None:
        self.job = job
        self.child = child
        self.device = device
        self.began = time.monotonic()
