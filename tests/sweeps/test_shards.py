"""Shares of a sweep: disjoint, without a lock between them, and a script for Slurm that works."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from dlrun.errors import UsageError
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.record import record_text
from dlrun.sweeps.results import read_results
from dlrun.sweeps.shares import (
    Share,
    note_identities,
    noted_identities,
    read_share,
    share_of_array,
)
from tests.docs.pages import blocks
from tests.sweeping import MOONS, RATES, records, run, start, store_sweep

LONG = """\
base: moons.yaml
set: {training.epochs: 200, training.checkpoint_seconds: 0}
grid: {optimizer.learning_rate: [0.1, 0.01]}
seeds: 6
"""

TASKS = """\
base: moons.yaml
set: {training.epochs: 4000, training.checkpoint_seconds: 0}
seeds: 3
"""


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_every_run_is_in_exactly_one_share(count):
    """Whatever their number."""
    runs = list(range(13))
    shares = [Share(number, count).of(runs) for number in range(1, count + 1)]
    assert sorted(one for share in shares for one in share) == runs
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "1/2/3", "-1/3"])
def test_what_is_no_share_is_told(text):
    """With what would be one."""
    with pytest.raises(UsageError, match="is no share"):
        read_share(text)


@pytest.mark.parametrize(
    ("variables", "share"),
    [
        ({}, None),
        ({"ID": "3"}, None),
        ({"ID": "0", "COUNT": "1", "MIN": "0"}, None),
        ({"ID": "3", "COUNT": "4"}, "4/4"),
        ({"ID": "3", "COUNT": "4", "MIN": "1"}, "3/4"),
        ({"ID": "20", "COUNT": "3", "MIN": "10", "STEP": "10"}, "2/3"),
    ],
)
def test_a_job_array_tells_the_share(variables, share):
    """As Slurm sets its variables: `--array=1-4` begins with 1, `10-30:10` has three tasks."""
    told = {f"SLURM_ARRAY_TASK_{name}": value for name, value in variables.items()}
    found = share_of_array(told)
    assert (None if found is None else str(found)) == share


@pytest.mark.parametrize(
    "variables",
    [{"ID": "7", "COUNT": "3", "MIN": "1"}, {"ID": "x", "COUNT": "3"}, {"ID": "15", "COUNT": "3",
     "MIN": "10", "STEP": "10"}],
)  # fmt: skip
def test_an_array_with_gaps_is_refused(variables):
    """`--array=1,3,7` tells nobody which of three it is."""
    told = {f"SLURM_ARRAY_TASK_{name}": value for name, value in variables.items()}
    with pytest.raises(UsageError, match="tells no share"):
        share_of_array(told)


def test_shares_make_up_the_sweep(tmp_path, monkeypatch):
    """Each trains its own runs, a job array's task without being asked; what is there is seen."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "rates.yaml").write_text(RATES)
    folder = tmp_path / "runs" / "rates"
    words = ("sweep", "rates.yaml", "--threads", "1", "--jobs", "1")
    _, told = run(tmp_path, *words, "--shard", "1/2")
    assert "2 runs, 2 to train" in told
    assert len(records(folder)) == 2
    shown, _ = run(tmp_path, "sweep", "show", folder)
    assert "2 runs: 2 finished, 2 missing" in shown
    for name, value in {"ID": "5", "COUNT": "2", "MIN": "4"}.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    _, told = run(tmp_path, *words)
    assert "share 2/2 of the runs, as the job array says" in told
    assert len(records(folder)) == 4
    _, told = run(tmp_path, *words, "--shard", "1/1")
    assert "4 runs, 4 there already" in told


@pytest.mark.slow
def test_no_share_is_worked_on_twice(tmp_path):
    """Nor a share and the whole at a time; other shares are free."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "rates.yaml").write_text(RATES)
    home = tmp_path / "runs" / "rates" / ".shares" / "1-of-5"
    home.mkdir(parents=True)
    with holding_lock(home):
        _, told = run(tmp_path, "sweep", "rates.yaml", "--shard", "1/5", code=4)
        assert "another process works on share 1/5 of this sweep" in told
        _, told = run(tmp_path, "sweep", "rates.yaml", code=4)
        assert "another process works on share 1/5 of this sweep" in told
        run(tmp_path, "sweep", "rates.yaml", "--shard", "5/5")
    with holding_lock(home.parents[1]):
        _, told = run(tmp_path, "sweep", "rates.yaml", "--shard", "2/5", code=4)
        assert "another process works on the whole of this sweep" in told


def test_points_that_are_drawn_one_by_one_have_no_shares(tmp_path):
    """Every share would draw the same ones."""
    pytest.importorskip("optuna")
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "drawn.yaml").write_text(
        "base: moons.yaml\nrandom: {optimizer.learning_rate: {uniform: [0.001, 0.1]}}\n"
        "sampler: tpe\nsamples: 4\nobjective: validation.loss\n"
    )
    _, told = run(tmp_path, "sweep", "drawn.yaml", "--shard", "1/2", code=2)
    assert "there are no shares" in told


def test_runs_of_another_machine_are_shown_where_a_share_tells_their_names(tmp_path):
    """Machines that differ call the same run by different names."""
    store_sweep(tmp_path, lambda rate, seed: {"validation": {"accuracy": rate + seed}})
    folder = tmp_path / "runs" / "rates"
    told = json.loads((folder / "sweep.json").read_text())
    names, base = told["identities"], told["base_hash"]
    (folder / "sweep.json").write_text(json.dumps({**told, "identities": ["other"] * 4}))
    assert read_results(folder).missing == 4
    note_identities(folder, Share(1, 2), names, base)
    assert read_results(folder).missing == 0
    assert noted_identities(folder, "another base", 4) == []


@pytest.mark.slow
def test_a_run_whose_machine_is_gone_goes_on(tmp_path):
    """Its record says that another host works on it; its lock, that nobody does."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "rates.yaml").write_text(RATES)
    words = ("sweep", "rates.yaml", "--threads", "1", "--jobs", "1")
    run(tmp_path, *words, "--shard", "1/2")
    one = next(iter(records(tmp_path / "runs" / "rates").values()))
    path, weights = one.pop("folder"), one["final_weights"]
    one |= {"status": "running", "host": "a node that is gone", "boot": "another"}
    (path / "run.json").write_text(record_text(one))
    _, told = run(tmp_path, *words, "--shard", "1/2")
    assert "2 runs, 1 there already, 1 to train" in told
    again = json.loads((path / "run.json").read_text())
    assert again["status"] == "finished"
    assert again["final_weights"] == weights
    assert again["resumed"][0]["was"] == "interrupted"


@pytest.mark.slow
def test_three_shares_are_killed_at_random(tmp_path):
    """Started again, they end with every run, each once, and the weights of the whole sweep."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    for name in ("parts", "whole"):
        (tmp_path / f"{name}.yaml").write_text(LONG)
    dice = random.Random(1)  # noqa: S311 - no secret
    words = ("--threads", "1", "--jobs", "1", "--quiet")
    for _ in range(2):
        shares = [
            start(tmp_path, "sweep", "parts.yaml", "--shard", f"{one}/3", *words)
            for one in (1, 2, 3)
        ]
        time.sleep(dice.uniform(8.0, 14.0))
        for process in shares:
            process.send_signal(dice.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1]))
            process.communicate()
    for one in (1, 2, 3):
        run(tmp_path, "sweep", "parts.yaml", "--shard", f"{one}/3", *words)
    found = records(tmp_path / "runs" / "parts")
    assert len(found) == 12 == len(list((tmp_path / "runs" / "parts").glob("2*")))
    assert {one["status"] for one in found.values()} == {"finished"}
    run(tmp_path, "sweep", "whole.yaml", *words)
    whole = records(tmp_path / "runs" / "whole")
    for point, one in found.items():
        assert one["final_weights"] == whole[point]["final_weights"]


@pytest.mark.slow
def test_the_script_for_slurm_is_requeued_until_its_share_is_done(tmp_path):
    """That of the pages, with the variables of a task and a `scontrol` that notes its words."""
    (script,) = (block.text for block in blocks("docs/how-to/clusters.md", "shell"))
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "sweep.yaml").write_text(TASKS)
    (tmp_path / "job.sh").write_text(script)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {
        "scontrol": 'echo "$*" >> requeued.txt',
        "dlrun": f'exec {sys.executable} -m dlrun "$@"',
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    array = {"JOB_ID": "70", "TASK_ID": "2", "TASK_COUNT": "3", "TASK_MIN": "1"}
    environment = {
        **os.environ,
        **{f"SLURM_ARRAY_{name}": value for name, value in array.items()},
        "SLURM_CPUS_PER_TASK": "2",
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }
    folder = tmp_path / "runs" / "sweep"

    def submit():
        return subprocess.Popen(
            ["bash", "job.sh"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        )

    job = submit()
    until = time.monotonic() + 200
    while not list(folder.glob("2*/checkpoint/0*")):
        assert job.poll() is None, job.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)
    job.send_signal(signal.SIGUSR1)  # as `--signal=B:USR1@120` does
    _, told = job.communicate(timeout=200)
    assert (tmp_path / "requeued.txt").read_text() == "requeue 70_2\n", told
    assert "interrupted" in {one["status"] for one in records(folder).values()}
    job = submit()
    _, told = job.communicate(timeout=300)
    assert job.returncode == 0, told
    assert (tmp_path / "requeued.txt").read_text() == "requeue 70_2\n"
    found = records(folder)
    assert len(found) == 1
    assert {one["status"] for one in found.values()} == {"finished"}
