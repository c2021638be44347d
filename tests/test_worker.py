"""What a new process of a sweep does, as a GPU wants it: train a run, pause it, go on with it."""

from __future__ import annotations

import json
import select

from dlrun.config import load_config
from dlrun.rundir.environment import environment_facts
from dlrun.rundir.history import read_history
from dlrun.sweeps.jobs import Job
from dlrun.workflows.worker import Orders, Workers
from tests.sweeping import MOONS


def carry_out(workers, job):
    """Let a new process work on a job to its end; gives its events and its exit code."""
    child = workers.start([])
    child.give(workers.task(job, "cpu"))
    child.dismiss()
    events = []
    while True:
        select.select([child.events], [], [], 60)
        more, is_closed = child.read()
        events += more
        if is_closed:
            return events, child.end().code


def test_a_new_process_pauses_and_goes_on_to_the_same_bits(tmp_path):
    """Its folder is told at once; its record is that of a run of the sweep."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    experiment = load_config(tmp_path / "moons.yaml", ["seed=3"])
    orders = Orders(
        tmp_path / "runs", environment_facts(), "abc", ["dlrun"], "cpu", 1, report=False
    )
    workers = Workers(orders, forking=False)
    whole, halves = (Job(experiment, {"seed": 3}, "identity") for _ in range(2))
    events, code = carry_out(workers, whole)
    whole.folder = events[0]["folder"]
    assert (code, events[-2]["epoch"], events[-1]) == (0, 6, {"code": 0})
    halves.pauses = [2, 4]
    events, code = carry_out(workers, halves)
    halves.folder = events[0]["folder"]
    assert (code, events[-2]["epoch"], events[-1]) == (0, 2, {"code": 0})
    record = json.loads((tmp_path / halves.folder / "run.json").read_text())
    assert (record["status"], record["reason"]) == ("interrupted", "Paused after epoch 2.")
    assert record["sweep"] == {"base": "abc", "point": {"seed": 3}, "sample": None}
    assert len(read_history(tmp_path / halves.folder)["loss"]) == 2
    halves.pauses = []
    assert carry_out(workers, halves)[1] == 0
    weights = [
        json.loads((tmp_path / job.folder / "run.json").read_text())["final_weights"]
        for job in (whole, halves)
    ]
    assert weights[0] == weights[1]
    assert read_history(tmp_path / halves.folder) == read_history(tmp_path / whole.folder)


def test_a_new_process_tells_why_it_failed(tmp_path):
    """Also before there is a folder."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "runs").write_text("a file")
    experiment = load_config(tmp_path / "moons.yaml")
    orders = Orders(tmp_path / "runs", environment_facts(), None, ["dlrun"], "cpu", 1, report=False)
    events, code = carry_out(Workers(orders, forking=False), Job(experiment, {}, "identity"))
    assert code == 1
    assert "is a file, expected a folder for the runs." in events[-2]["error"]
