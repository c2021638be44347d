"""What a new process of a sweep does, as a GPU wants it: train a run, pause it, go on with it."""

from __future__ import annotations

import json
import os
import select
import signal
import time

import pytest

from dlrun.config import load_config
from dlrun.execution.options import RunOptions
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.metrics import read_history
from dlrun.sweeps import worker
from dlrun.sweeps.launchers.local import LocalLauncher
from dlrun.sweeps.pool import Pool, SweepListener
from dlrun.sweeps.schedulers import FIFO
from dlrun.sweeps.trials import Trial, TrialStore
from dlrun.sweeps.worker import LocalWorkers
from tests.sweeping import MOONS


def execute_run(workers, trial):
    """Let a new process work on a trial to its end; gives its events and its exit code."""
    child = workers.start([])
    child.give(workers.task(trial, "cpu"))
    child.dismiss()
    events = []
    while True:
        select.select([child.events], [], [], 60)
        more, is_closed = child.read()
        events += more
        if is_closed:
            return events, child.end().code


@pytest.mark.slow
def test_a_new_process_pauses_and_goes_on_to_the_same_bits(tmp_path):
    """Its folder is told at once; its record is that of a run of the sweep."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    experiment = load_config(tmp_path / "moons.yaml", ["seed=3"])
    options = RunOptions(tmp_path / "runs", ["dlrun"], "cpu", threads=1, report=False)
    workers = LocalWorkers(options, facts=environment_facts(), base="abc", forking=False)
    whole, halves = (Trial(experiment, {"seed": 3}, "identity") for _ in range(2))
    events, code = execute_run(workers, whole)
    whole.folder = events[0]["folder"]
    assert (code, events[-2]["epoch"], events[-1]) == (0, 6, {"code": 0})
    halves.pauses = [2, 4]
    events, code = execute_run(workers, halves)
    halves.folder = events[0]["folder"]
    assert (code, events[-2]["epoch"], events[-1]) == (0, 2, {"code": 0})
    record = json.loads((tmp_path / halves.folder / "run.json").read_text())
    assert (record["status"], record["reason"]) == ("interrupted", "Paused after epoch 2.")
    assert record["sweep"] == {"base": "abc", "point": {"seed": 3}, "sample": None}
    assert len(read_history(tmp_path / halves.folder)["loss"]) == 2
    halves.pauses = []
    assert execute_run(workers, halves)[1] == 0
    weights = [
        json.loads((tmp_path / trial.folder / "run.json").read_text())["final_weights"]
        for trial in (whole, halves)
    ]
    assert weights[0] == weights[1]
    assert read_history(tmp_path / halves.folder) == read_history(tmp_path / whole.folder)


@pytest.mark.slow
def test_a_new_process_tells_why_it_failed(tmp_path):
    """Also before there is a folder."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "runs").write_text("a file")
    experiment = load_config(tmp_path / "moons.yaml")
    options = RunOptions(tmp_path / "runs", ["dlrun"], "cpu", threads=1, report=False)
    workers = LocalWorkers(options, facts=environment_facts(), forking=False)
    events, code = execute_run(workers, Trial(experiment, {}, "identity"))
    assert code == 1
    assert "is a file, expected a folder for the runs." in events[-2]["error"]


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        (signal.SIGTERM, "interrupted", "not started"),
        (signal.SIGINT, "interrupted", "not started"),
        (signal.SIGKILL, "killed", "killed by SIGKILL"),
    ],
)
def test_a_run_that_ends_before_its_record_is_no_failure(
    tmp_path, monkeypatch, number, status, reason
):
    """It was told as failed, for its run.json is missing; nothing of it is left."""

    def end(*_arguments, **_options):
        os.kill(os.getpid(), number)
        time.sleep(10)

    def work(tasks, send):
        return max(worker.run_trial(task, send, None) for task in tasks)

    monkeypatch.setattr(worker, "train_in", end)
    monkeypatch.setattr(worker, "work", work)
    (tmp_path / "moons.yaml").write_text(MOONS)
    trial = Trial(load_config(tmp_path / "moons.yaml"), {}, "identity")
    options = RunOptions(tmp_path / "runs", ["dlrun"], "cpu", threads=1, report=False)
    workers = LocalWorkers(options, facts=environment_facts(), forking=True)
    store = TrialStore(options.runs_dir, retry_failed=False, halving=False, trust=False)
    Pool(
        FIFO([trial], store.look_again),
        launcher=LocalLauncher(workers, ["cpu"]),
        collect=store.collect,
        listener=SweepListener(),
    ).run()
    assert (trial.status, trial.reason, trial.folder) == (status, reason, None)
    assert list(options.runs_dir.iterdir()) == []
