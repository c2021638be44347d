"""A pool of processes: what interrupts it, and when."""

from __future__ import annotations

import signal
import time

import pytest

from dlrun.errors import InterruptedRunError
from dlrun.sweeps.launchers.local import LocalLauncher
from dlrun.sweeps.pool import Pool, SweepListener
from dlrun.sweeps.processes import fork
from dlrun.sweeps.schedulers import FIFO
from dlrun.sweeps.trials import Trial


class Factory:
    """Forks children that wait for their task, and do nothing with it."""

    def __init__(self):
        self.children = []

    def start(self, closing):
        """Fork one."""
        child = fork(lambda tasks, _send: sum(1 for _ in tasks), closing=closing)
        self.children.append(child)
        return child

    def task(self, trial, device):
        """Nothing to do."""
        return {"device": device, "identity": trial.identity}


@pytest.mark.parametrize("place", ["_watch", "started"])
def test_a_signal_may_come_when_a_child_has_just_been_started(place, monkeypatch):
    """Nobody listened to it yet, so its end was waited for without end."""
    factory, listener = Factory(), SweepListener()
    trials = [Trial(experiment=None, values={}, identity=str(number)) for number in range(2)]
    launcher = LocalLauncher(factory, ["cpu", "cpu"])
    pool = Pool(
        FIFO(trials, lambda _job: None),
        launcher=launcher,
        collect=lambda trial, _ended: setattr(trial, "status", "interrupted"),
        listener=listener,
    )
    owner = launcher if place == "_watch" else listener
    usual, calls = getattr(owner, place), []

    def interrupt_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise InterruptedRunError(signal.SIGTERM)
        usual(*arguments)

    monkeypatch.setattr(owner, place, interrupt_the_second)
    signal.alarm(30)  # It hung for ever.
    try:
        began = time.monotonic()
        with pytest.raises(InterruptedRunError):
            pool.run()
    finally:
        signal.alarm(0)
    assert time.monotonic() - began < 20
    assert len(factory.children) == 2
