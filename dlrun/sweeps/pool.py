"""Trials at work: as many at a time as a launcher has places, wherever those are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from dlrun.signals import AT_ONCE
from dlrun.sweeps.processes import Ended
from dlrun.sweeps.schedulers import Scheduler
from dlrun.sweeps.trials import Trial

_TICK_SECONDS = 0.25

Event = Mapping[str, Any] | Ended
"""What a trial at work says, or how it ended.

It says its `folder`, its `epoch` with `part` and `logs`, an `error` or a `message`.
"""


class Launcher(Protocol):
    """Lets trials work somewhere: on this machine, or on others."""

    @property
    def places(self) -> int:
        """How many trials may work at a time now."""

    def submit(self, trial: Trial) -> None:
        """Let a trial begin, or go on, in a free place."""

    def wait(self, seconds: float) -> list[tuple[Trial, Event]]:
        """Wait, not longer than so many seconds, until a trial says something; gives it all."""

    def cancel(self, number: int | None = None) -> None:
        """Send whatever works a signal: by default one that asks it to end in good order."""

    def close(self) -> None:
        """Take no more trials; what works may end, and is still to be waited for."""

    def is_open(self) -> bool:
        """Say whether anything of it is left that has not ended."""


class Pool:
    """Trials at work, each where a launcher has a place.

    `collect` finds out how a trial stands on which nothing works any more. With `fail_fast` the
    first failure ends all.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        launcher: Launcher,
        collect: Callable[[Trial, Ended], None],
        listener: SweepListener,
        fail_fast: bool = False,
    ) -> None:
        self._scheduler = scheduler
        self._launcher = launcher
        self._collect = collect
        self._listener = listener
        self._fail_fast = fail_fast
        self._began: dict[int, float] = {}  # when each trial at work began, by its `id`
        self._stopping = False

    def run(self) -> None:
        """Work until nothing is left to do.

        Whatever interrupts it: the trials are asked to end in good order, and are waited for; what
        interrupts that ends them at once.
        """
        try:
            while self._began or (not self._stopping and self._scheduler.waits()):
                self._fill()
                self._listen()
            self._close()
        except BaseException as error:
            if isinstance(error, Exception):
                # Whoever is to be told may be what fails, such as a pipe that nobody reads.
                self._listener = SweepListener()
            self._end_all()
            raise
        finally:
            self._listener.finished()

    def _fill(self) -> None:
        while not self._stopping and len(self._began) < self._launcher.places:
            trial = self._scheduler.next()
            if trial is None:
                return
            trial.status, trial.reason = "running", None
            self._began[id(trial)] = time.monotonic()
            self._launcher.submit(trial)
            self._listener.started(trial)

    def _listen(self) -> None:
        for trial, event in self._launcher.wait(_TICK_SECONDS):
            if isinstance(event, Ended):
                self._end(trial, event)
            else:
                self._hear(trial, event)
        self._listener.ticked()

    def _hear(self, trial: Trial, event: Mapping[str, Any]) -> None:
        if "folder" in event:
            trial.folder = Path(event["folder"])
        elif "error" in event:
            trial.reason = event["error"]
        elif "message" in event:
            self._listener.message(event["message"])
        elif "epoch" in event:
            trial.epoch, trial.part = event["epoch"], event["part"]
            trial.logs = event["logs"] or trial.logs
            self._listener.progressed(trial)

    def _end(self, trial: Trial, ended: Ended) -> None:
        now = time.monotonic()
        trial.seconds += now - self._began.pop(id(trial), now)
        self._collect(trial, ended)
        self._scheduler.ended(trial)
        self._listener.ended(trial)
        if trial.status == "failed" and self._fail_fast and not self._stopping:
            self._stopping = True
            self._listener.message("--fail-fast: the other runs are ended")
            self._launcher.cancel()

    def _close(self) -> None:
        self._launcher.close()
        while self._launcher.is_open():
            self._listen()

    def _end_all(self) -> None:
        """Ask the trials at work to end, and wait for them."""
        self._stopping = True
        try:
            self._launcher.cancel()
            if self._began:
                what = "ending the runs at work; the same command will go on with them"
                self._listener.message(what)
            self._close()
        except BaseException:
            self._launcher.cancel(AT_ONCE)
            raise


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
