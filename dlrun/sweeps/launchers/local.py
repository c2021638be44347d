"""`local`: so many processes of this machine at a time, each with one trial after the other."""

from __future__ import annotations

import selectors
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dlrun.execution.identity import Machine
from dlrun.execution.loading import import_tensorflow
from dlrun.memory import free_memory
from dlrun.rundir.environment import surroundings
from dlrun.signals import asking_signal
from dlrun.sweeps.processes import MOST_TASKS, Child, Ended, can_fork
from dlrun.sweeps.trials import Trial
from dlrun.sweeps.worker import LocalWorkers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlrun.sweeps.launchers import Order
    from dlrun.sweeps.pool import Event, SweepListener
    from dlrun.sweeps.runner import SweepOptions

_WORKER_BYTES = 2**30
"""What a run is taken to need: TensorFlow at work, beside what it shares with its parent."""


def site(options: SweepOptions, listener: SweepListener) -> Site:
    """Look at this machine."""
    return Site(options, listener)


class Site:
    """This machine, on which so many trials work at a time with so many threads each."""

    def __init__(self, options: SweepOptions, listener: SweepListener) -> None:
        self._options = options
        self._listener = listener
        self.facts: Mapping[str, Any] = surroundings()
        cores = self.facts["cpu_count"] or 1
        self.workers = options.workers or max(
            1, min(cores, int(min(free_memory(), 2.0**50) // _WORKER_BYTES))
        )
        self.threads = options.run.threads or max(1, cores // self.workers)

    def machines(self, threads: int, known: Sequence[Machine]) -> list[Machine]:
        """Tell what of it changes the bits of a run; what others have trained is trained here."""
        del known
        return [Machine.of(self.facts, device=self._options.run.device, threads=threads)]

    def open(self, order: Order) -> LocalLauncher:
        """Be ready for trials: import TensorFlow, and what else each of them needs."""
        devices = self._devices()
        factory = LocalWorkers(
            order.run,
            facts=self.facts,
            base=order.base,
            trust=order.trust,
            forking=devices[0] == "cpu" and can_fork(),
            held=order.held,
        )
        factory.prepare(order.experiments)
        return LocalLauncher(factory, devices)

    def _devices(self) -> list[str]:
        """One device a worker: the CPU as often as asked for, of GPUs each once, or as often."""
        import_tensorflow(self._listener.doing)

        from dlrun.backend.device import available_devices

        devices = available_devices(self._options.run.device)
        if devices != ["cpu"]:
            self.workers = self._options.workers or len(devices)
        return [devices[number % len(devices)] for number in range(self.workers)]


class WorkerFactory(Protocol):
    """Starts the processes, and says what they do."""

    def start(self, closing: Sequence[int]) -> Child:
        """Start a process that waits for tasks, and does not keep the open files `closing`."""

    def task(self, trial: Trial, device: str) -> dict[str, Any]:
        """Give the task of training a trial on a device, or of going on with it, as JSON."""


class LocalLauncher:
    """Processes at work, one for each of `devices`."""

    def __init__(self, factory: WorkerFactory, devices: Sequence[str]) -> None:
        self._factory = factory
        self._workers = [_Worker(device) for device in devices]
        self._selector = selectors.DefaultSelector()

    @property
    def places(self) -> int:
        """One for each device, but those whose process is about to end."""
        return sum(worker.trial is not None or not worker.is_leaving for worker in self._workers)

    def submit(self, trial: Trial) -> None:
        """Give a trial to a process that has none; start one where there is none."""
        worker = next(one for one in self._workers if one.trial is None and not one.is_leaving)
        if worker.child is None:
            others = [one for child in self._children() for one in child.descriptors]
            worker.child = self._factory.start(others)
            self._watch(worker, worker.child)
        worker.trial = trial
        worker.trials += 1
        worker.child.give(self._factory.task(trial, worker.device))

    def wait(self, seconds: float) -> list[tuple[Trial, Event]]:
        """Read what the processes have sent."""
        if self._children():
            ready = self._selector.select(seconds)
        else:
            # Where none works here, another process does: its end tells no selector.
            time.sleep(seconds)
            ready = []
        heard: list[tuple[Trial, Event]] = []
        for key, _ in ready:
            worker, child = key.data
            events, is_closed = child.read()
            for event in events:
                heard += worker.hear(event)
            if is_closed:
                self._selector.unregister(child.events)
                heard += worker.end(child.end())
        return heard

    def cancel(self, number: int | None = None) -> None:
        """Send every process a signal; they are told of an end once, and let alone after."""
        for worker in self._workers:
            # A signal may come when a child has just been started.
            if worker.child is not None:
                self._watch(worker, worker.child)
        for child in self._children():
            child.signal(asking_signal() if number is None else number)

    def close(self) -> None:
        """Let every process end when it has done its task."""
        for worker in self._workers:
            worker.dismiss()

    def is_open(self) -> bool:
        """Say whether a process has not ended."""
        return bool(self._children())

    def _children(self) -> list[Child]:
        return [worker.child for worker in self._workers if worker.child is not None]

    def _watch(self, worker: _Worker, child: Child) -> None:
        if child.events not in self._selector.get_map():
            self._selector.register(child.events, selectors.EVENT_READ, (worker, child))


@dataclass
class _Worker:
    """A place at which one trial works at a time."""

    device: str
    child: Child | None = None
    trial: Trial | None = None
    trials: int = 0  # that its process has taken
    is_leaving: bool = False

    def hear(self, event: dict[str, Any]) -> list[tuple[Trial, Event]]:
        """Hear what its process says; give it with the trial of which it speaks."""
        trial = self.trial
        if trial is None:
            return []
        if "code" not in event:
            return [(trial, event)]
        if event["code"] or self.trials >= MOST_TASKS:
            self.dismiss()
        self.trial = None
        return [(trial, Ended(event["code"], ""))]

    def end(self, ended: Ended) -> list[tuple[Trial, Event]]:
        """Be free for another process; give the trial that it has not ended."""
        trial, self.trial = self.trial, None
        self.child, self.trials, self.is_leaving = None, 0, False
        return [] if trial is None else [(trial, ended)]

    def dismiss(self) -> None:
        self.is_leaving = True
        if self.child is not None:
            self.child.dismiss()
