"""A pool of processes: what interrupts it, and when."""

from __future__ import annotations

import signal
import time

import pytest

from dlrun.errors import InterruptedRunError
from dlrun.sweeps.jobs import Job
from dlrun.sweeps.listener import Deaf
from dlrun.sweeps.pool import Pool
from dlrun.sweeps.processes import fork
from dlrun.sweeps.queue import Queue


class Staff:
    """Forks children that wait for their task, and do nothing with it."""

    def __init__(self):
        self.children = []

    def start(self, closing):
        """Fork one."""
        child = fork(lambda tasks, _send: sum(1 for _ in tasks), closing=closing)
        self.children.append(child)
        return child

    def task(self, job, device):
        """Nothing to do."""
        return {"device": device, "identity": job.identity}


@pytest.mark.parametrize("place", ["_watch", "started"])
def test_a_signal_may_come_when_a_child_has_just_been_started(place, monkeypatch):
    """Nobody listened to it yet, so its end was waited for without end."""
    staff, listener = Staff(), Deaf()
    jobs = [Job(experiment=None, values={}, identity=str(number)) for number in range(2)]
    pool = Pool(
        Queue(jobs, lambda _job: None),
        staff=staff,
        collect=lambda job, _ended: setattr(job, "status", "interrupted"),
        devices=["cpu", "cpu"],
        listener=listener,
    )
    owner = pool if place == "_watch" else listener
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
    assert len(staff.children) == 2
