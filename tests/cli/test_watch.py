"""`dlrun watch`: what another process does, told by what it writes."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from dlrun.errors import DlrunError
from dlrun.rundir.folder import create_run
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.record import recording
from dlrun.training.state import Checkpointer
from dlrun.workflows import watch as workflow
from tests.cli.stored import store


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(workflow, "_PAUSE", 0.02)


def test_a_run_that_ends_meanwhile(dlrun, tmp_path):
    """Every epoch that it writes is told; then how it ended."""
    run = create_run(tmp_path / "runs", "one")
    is_told = threading.Event()

    def train():
        with recording(run, {"config": {"training.epochs": 3}}):
            for epochs in (1, 2, 3):
                rows = [f"{epoch},{1 / epoch}\n" for epoch in range(1, epochs + 1)]
                run.write_text("history.csv", "epoch,loss\n" + "".join(rows))
                is_told.set()
                time.sleep(0.1)

    thread = threading.Thread(target=train)
    thread.start()
    is_told.wait()
    code, out, err = dlrun("watch", "one", "--runs-dir", tmp_path / "runs")
    thread.join()
    assert (code, out) == (0, f"{run.path}\n")
    assert err.splitlines()[-2].startswith("epoch 3/3  loss 0.333")
    assert err.splitlines()[-1] == "finished"


def test_what_has_ended_is_told_at_once(dlrun, tmp_path):
    """Exit code 1 where it has not ended well; a history that is not whole is none."""
    store(tmp_path / "runs", "two")
    at = ("--runs-dir", tmp_path / "runs")
    assert dlrun("watch", "two", *at)[0] == 0
    run = create_run(tmp_path / "runs", "three")
    with contextlib.suppress(DlrunError), recording(run, {"config": {"training.epochs": 3}}):
        run.write_text("history.csv", "epoch,loss\n1")
        raise DlrunError("The disk is full.")
    code, _, err = dlrun("watch", "three", *at)
    assert (code, err) == (1, "the run has failed after 0 of 3 epochs: The disk is full.\n")


def test_it_is_the_run_that_was_interrupted(dlrun, tmp_path):
    """Not the command that watches; how far it came is told."""
    run = create_run(tmp_path / "runs", "long")
    with (
        contextlib.suppress(KeyboardInterrupt),
        recording(run, {"config": {"training.epochs": 3000}}),
    ):
        run.write_text("history.csv", "epoch,loss\n1,0.5\n2,0.25\n")
        raise KeyboardInterrupt
    code, out, err = dlrun("watch", "long", "--runs-dir", tmp_path / "runs")
    assert (code, out) == (1, f"{run.path}\n")
    told = "the run was interrupted after 2 of 3000 epochs: Interrupted by SIGINT."
    assert err.splitlines()[-1] == told
    (run.path / "run.json").write_text("{")
    _, _, err = dlrun("watch", "long", "--runs-dir", tmp_path / "runs")
    assert err.splitlines()[-1].startswith("the run is damaged: ")


def test_a_sweep(dlrun, tmp_path):
    """How many runs stand how, as long as somebody works on it."""
    sweep = tmp_path / "runs" / "rates"
    sweep.parent.mkdir()
    store(sweep, "first")
    (sweep / "sweep.json").write_text("{}")

    def work():
        with holding_lock(sweep):
            is_held.set()
            time.sleep(0.2)
            store(sweep, "second")

    is_held = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    is_held.wait()
    code, out, err = dlrun("watch", "rates", "--runs-dir", tmp_path / "runs")
    thread.join()
    assert (code, out) == (0, f"{sweep}\n")
    assert err.splitlines()[0] == "1 finished"
    assert err.splitlines()[-1] == "2 finished"


def test_what_others_read_is_written_each_second(monkeypatch):
    """Not more often, not right after a commit, and less often where it takes long."""
    now, notes = [0.0], []

    def note():
        notes.append(now[0])
        now[0] += 0.1 * (len(notes) > 1)

    monkeypatch.setattr("dlrun.training.state.time.monotonic", lambda: now[0])
    keeper = Checkpointer(lambda _: None, seconds=30, note=note)
    for moment in (0.5, 1.0, 1.5, 2.0, 3.0, 8.0, 8.2):
        now[0] = max(moment, now[0])
        if moment == 1.5:
            keeper.commit(lambda: None)
        keeper.note()
    assert notes == [1.0, 3.0, 8.2]
