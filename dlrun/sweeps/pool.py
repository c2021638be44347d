"""Trials at work: so many processes at a time, each with one trial after the other."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dlrun.signals import AT_ONCE, asking_signal
from dlrun.sweeps.processes import Child, Ended
from dlrun.sweeps.schedulers import Scheduler
from dlrun.sweeps.trials import Trial

_TICK_SECONDS = 0.25
_MOST_TRIALS = 16
"""A process takes so many: the first costs half as much again, and each leaves something."""


class WorkerFactory(Protocol):
    """Starts the processes of a pool, and says what they do."""

    def start(self, closing: Sequence[int]) -> Child:
        """Start a process that waits for tasks, and does not keep the open files `closing`."""

    def task(self, trial: Trial, device: str) -> dict[str, Any]:
        """Give the task of training a trial on a device, or of going on with it, as JSON."""


class Pool:
    """Processes at work, one trial after the other in each.

    There is one worker for each of `devices`. `collect` finds out how a trial stands whose process
    works on it no more. With `fail_fast` the first failure ends all.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        factory: WorkerFactory,
        collect: Callable[[Trial, Ended], None],
        devices: Sequence[str],
        listener: SweepListener,
        fail_fast: bool = False,
    ) -> None:
        self._scheduler = scheduler
        self._factory = factory
        self._collect = collect
        self._workers = [_Worker(device) for device in devices]
        self._listener = listener
        self._fail_fast = fail_fast
        self._selector = selectors.DefaultSelector()
        self._stopping = False

    def run(self) -> None:
        """Work until nothing is left to do.

        Whatever interrupts it: the processes are asked to end in good order, and are waited for;
        what interrupts that ends them at once.
        """
        try:
            while self._is_working() or (not self._stopping and self._scheduler.waits()):
                self._fill()
                self._listen()
            self._dismiss_all()
        except BaseException as error:
            if isinstance(error, Exception):
                # Whoever is to be told may be what fails, such as a pipe that nobody reads.
                self._listener = SweepListener()
            self._end_all()
            raise
        finally:
            self._selector.close()
            self._listener.finished()

    def _is_working(self) -> bool:
        return any(worker.trial is not None for worker in self._workers)

    def _children(self) -> list[Child]:
        return [worker.child for worker in self._workers if worker.child is not None]

    def _fill(self) -> None:
        for worker in self._workers:
            if self._stopping or worker.trial is not None or worker.is_leaving:
                continue
            trial = self._scheduler.next()
            if trial is None:
                return
            if worker.child is None:
                others = [one for child in self._children() for one in child.descriptors]
                worker.child = self._factory.start(others)
                self._watch(worker, worker.child)
            trial.status, trial.reason = "running", None
            worker.trial, worker.began = trial, time.monotonic()
            worker.trials += 1
            worker.child.give(self._factory.task(trial, worker.device))
            self._listener.started(trial)

    def _watch(self, worker: _Worker, child: Child) -> None:
        if child.events not in self._selector.get_map():
            self._selector.register(child.events, selectors.EVENT_READ, (worker, child))

    def _listen(self) -> None:
        if self._children():
            ready = self._selector.select(_TICK_SECONDS)
        else:
            # Where none works here, another process does: its end tells no selector.
            time.sleep(_TICK_SECONDS)
            ready = []
        for key, _ in ready:
            worker, child = key.data
            events, is_closed = child.read()
            for event in events:
                self._hear(worker, event)
            if is_closed:
                self._selector.unregister(child.events)
                ended = child.end()
                worker.child, worker.trials, worker.is_leaving = None, 0, False
                self._close(worker, ended)
        self._listener.ticked()

    def _hear(self, worker: _Worker, event: dict[str, Any]) -> None:
        trial = worker.trial
        if trial is None:
            return
        if "folder" in event:
            trial.folder = Path(event["folder"])
        elif "error" in event:
            trial.reason = event["error"]
        elif "epoch" in event:
            trial.epoch = event["epoch"]
            trial.logs = event["logs"] or trial.logs
            self._listener.progressed(trial)
        elif "code" in event:
            if event["code"] or worker.trials >= _MOST_TRIALS:
                worker.dismiss()
            self._close(worker, Ended(event["code"], ""))

    def _close(self, worker: _Worker, ended: Ended) -> None:
        trial, worker.trial = worker.trial, None
        if trial is None:
            return
        trial.seconds += time.monotonic() - worker.began
        self._collect(trial, ended)
        self._scheduler.ended(trial)
        self._listener.ended(trial)
        if trial.status == "failed" and self._fail_fast and not self._stopping:
            self._stopping = True
            self._listener.message("--fail-fast: the other runs are ended")
            self._ask_all()

    def _ask_all(self, number: int | None = None) -> None:
        """Send the processes a signal: by default one that asks them to end in good order."""
        for child in self._children():
            child.signal(asking_signal() if number is None else number)

    def _dismiss_all(self) -> None:
        for worker in self._workers:
            worker.dismiss()
        while self._children():
            self._listen()

    def _end_all(self) -> None:
        """Ask the processes to end, and wait for them."""
        self._stopping = True
        try:
            for worker in self._workers:
                # A signal may come when a child has just been started.
                if worker.child is not None:
                    self._watch(worker, worker.child)
            self._ask_all()
            if self._is_working():
                what = "ending the runs at work; the same command will go on with them"
                self._listener.message(what)
            self._dismiss_all()
        except BaseException:
            self._ask_all(AT_ONCE)
            raise


@dataclass
class _Worker:
    """A place at which one trial works at a time."""

    device: str
    child: Child | None = None
    trial: Trial | None = None
    trials: int = 0  # that its process has taken
    began: float = 0.0  # the trial, in seconds
    is_leaving: bool = False

    def dismiss(self) -> None:
        self.is_leaving = True
        if self.child is not None:
            self.child.dismiss()


class SweepListener:
    """Hears of every trial, and does nothing with it; others begin with it."""

    def message(self, text: str) -> None:
        """Hear one line that the user should read."""

    def doing(self, text: str) -> None:
        """Hear what is done now that may take a while."""

    def began(self, trials: Sequence[Trial], *, total: int, workers: int) -> None:
        """Hear that the work begins, with so many workers.

        `trials` holds those that are there already, too, and grows where points are drawn one by
        one; in the end they are `total`.
        """

    def started(self, trial: Trial) -> None:
        """Hear that a trial has begun, or goes on; its folder may not be there yet."""

    def progressed(self, trial: Trial) -> None:
        """Hear that some batches are done."""

    def ended(self, trial: Trial) -> None:
        """Hear that a trial has ended, one way or another."""

    def ticked(self) -> None:
        """Hear that some time has passed."""

    def finished(self) -> None:
        """Hear that nothing works any more."""
