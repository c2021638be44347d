"""Runs sweeps in processes of their own, as a user does: one that has computed cannot fork.

Those that a test interrupts are new ones; the others begin with TensorFlow imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

from dlrun.execution.options import RunOptions
from dlrun.rundir.folder import create_run
from dlrun.rundir.integrity import seal
from dlrun.rundir.record import recording
from dlrun.sweeps.pool import SweepListener
from dlrun.sweeps.runner import SweepOptions
from dlrun.sweeps.sweep import definition, plan_sweep
from tests.forked import COMMAND, HEAVY, run_program

MOONS = """\
dataset: {type: moons, samples: 60, validation_split: 0.2, test_split: 0.2}
model:
  layers:
    - {type: Dense, units: 4, activation: tanh}
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.01}
metrics: [accuracy]
training: {epochs: 6, batch_size: 16}
exports: []
"""
RATES = """\
base: moons.yaml
grid: {optimizer.learning_rate: [0.1, 0.01]}
seeds: 2
"""


def store_runs(runner, jobs, metrics_of, *, base=None):
    """Let runs be there as if they had been trained; gives their folders by rate and seed.

    `metrics_of` gives the metrics of a rate and a seed; of None the run was interrupted.
    """
    found = {}
    for job in jobs:
        config = job.experiment.to_yaml()
        point = (job.values["optimizer.learning_rate"], job.values["seed"])
        metrics = metrics_of(*point)
        run = create_run(runner.options.run.runs_dir, job.experiment.name)
        sweep = {"base": base, "point": dict(job.values), "sample": None}
        facts = {"identity": job.identity, "seal": seal(config), "sweep": sweep, "seed": point[1]}
        facts["threads"] = {"intra_op": runner.threads}
        with contextlib.suppress(KeyboardInterrupt), recording(run, facts):
            run.write_text("config.yaml", config)
            if metrics is None:
                raise KeyboardInterrupt
            run.write_text("history.csv", "epoch,loss\n1,0.5\n")
            run.write_text("weights.safetensors", "")
            run.write_json("metrics.json", metrics)
        found[point] = run.path
    return found


def store_sweep(folder, metrics_of, text=RATES):
    """Let a sweep be there as if it had been trained; gives the folders of its runs."""
    (folder / "moons.yaml").write_text(MOONS)
    (folder / "rates.yaml").write_text(text)
    planned = plan_sweep(folder / "rates.yaml", overrides=(), runs_dir=folder / "runs")
    planned.folder.mkdir(parents=True)
    runner = planned.runner(SweepOptions(RunOptions(folder, ["dlrun"])), SweepListener())
    jobs = runner.plan(planned.requests())
    told = json.dumps(definition(planned, jobs), default=str)
    (planned.folder / "sweep.json").write_text(told)
    return store_runs(runner, jobs, metrics_of, base=planned.base)


def start(folder, *words, **options):
    """Start a command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "dlrun", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **options.pop("env", {})},
        **options,
    )


_WITHOUT_PAGE = "import dlrun.sweeps.sweep as sweep; sweep.add_results = lambda *_: None; "


def run(folder, *words, code=0, page=False):
    """Run a command line in a process of its own; gives what it wrote to stdout and to stderr.

    Runs are trained without a report, and sweeps without a page unless it is asked for: to draw
    takes longer than to train. `test_readme` sees that a sweep ends with its page.
    """
    if words[0] == "train" and "--report" not in words:
        words = (*words, "--no-report")
    program = COMMAND if page or words[0] != "sweep" else _WITHOUT_PAGE + COMMAND
    done = run_program(program, *words, cwd=folder, imported=HEAVY)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def records(folder):
    """The records of the runs of a folder, by their points."""
    found = {}
    for path in sorted(folder.glob("*/run.json")):
        record = json.loads(path.read_text())
        point = json.dumps(record["sweep"]["point"], sort_keys=True)
        assert point not in found, f"{point} was trained twice"
        found[point] = {**record, "folder": path.parent}
    return found
