"""Whatever is killed, and whenever: started again, a sweep ends with every run, and each once."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.sweeping import MOONS, records, run, start

RUNS = 24
MANY = 240  # runs of an epoch, in which a leak of 20 kB a run shows
SWEEP = f"""\
base: moons.yaml
set: {{training.epochs: 300, training.checkpoint_seconds: 0}}
grid: {{optimizer.learning_rate: [0.1, 0.01]}}
seeds: {RUNS // 2}
"""


def children_of(pid):
    """The processes that a process has started."""
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill_at_random(folder, dice):
    """Start the sweep, and kill it or some of its workers at random times; gives how it ended.

    One start of four may be killed while it imports. The others are left alone until they have
    workers: on a slow machine none would come that far by chance.
    """
    process = start(folder, "sweep", "kills.yaml", "--threads", "1", "--jobs", "2", "--quiet")
    waits = dice.random() < 0.75
    while waits and process.poll() is None and not children_of(process.pid):
        time.sleep(0.05)
    time.sleep(dice.uniform(0.0, 3.0))
    while process.poll() is None:
        victims = [process.pid, *children_of(process.pid) * 3]
        with contextlib.suppress(ProcessLookupError):
            os.kill(dice.choice(victims), signal.SIGKILL)
        time.sleep(dice.uniform(0.5, 3.0))
    process.communicate()
    return process.returncode


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path):
    """All folders are complete, with the weights of a sweep that nobody disturbed."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    for name in ("kills", "whole"):
        (tmp_path / f"{name}.yaml").write_text(SWEEP)
    dice = random.Random(0)  # noqa: S311 - no secret
    starts, finished = 1, 0
    while finished < 0.8 * RUNS and kill_at_random(tmp_path, dice) != 0:
        starts += 1
        stands = [one["status"] for one in records(tmp_path / "runs" / "kills").values()]
        finished = stands.count("finished")
    run(tmp_path, "sweep", "kills.yaml", "--threads", "1", "--jobs", "2")
    found = records(tmp_path / "runs" / "kills")
    print(  # noqa: T201 - shown with -s
        f"{starts} starts, {sum('resumed' in one for one in found.values())} runs resumed, "
        f"{sum(len(one.get('resumed', [])) for one in found.values())} times in all"
    )
    assert len(found) == RUNS
    assert {one["status"] for one in found.values()} == {"finished"}
    assert len(list((tmp_path / "runs" / "kills").glob("2*"))) == RUNS
    assert any("resumed" in one for one in found.values())
    run(tmp_path, "sweep", "whole.yaml", "--threads", "1", "--jobs", "2")
    whole = records(tmp_path / "runs" / "whole")
    assert {point: one["final_weights"] for point, one in found.items()} == {
        point: one["final_weights"] for point, one in whole.items()
    }
    for point in list(found)[::17]:
        values = json.loads(point)
        words = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        out, _ = run(
            tmp_path, "train", "moons.yaml", *words, "--set", "training.epochs=300", "--threads",
            1, "--runs-dir", "alone", "--no-report",
        )  # fmt: skip
        alone = json.loads((tmp_path / out.strip() / "run.json").read_text())
        assert alone["final_weights"] == found[point]["final_weights"]
        assert alone["data"] == found[point]["data"]


@pytest.mark.slow
def test_many_runs_do_not_grow(tmp_path):
    """The parent's memory stays what it was, and so does that of its workers."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    words = ("--set", "training.epochs=1", "--set", f"seed=0..{MANY - 1}")
    parents, peaks = [], []
    with start(tmp_path, "train", "moons.yaml", *words, "--json") as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "ended":
                parents.append(memory_of(process.pid))
                peaks += [memory_of(child) for child in children_of(process.pid)]
    assert process.returncode == 0
    print(f"parent {parents[50]} to {parents[-1]} kB, workers at most {max(peaks)} kB")  # noqa: T201
    assert len(parents) == MANY
    assert parents[-1] < 1.03 * parents[50]
    assert max(peaks[-len(peaks) // 4 :]) < 1.1 * max(peaks[: len(peaks) // 4])
    assert len(records(tmp_path / "runs")) == MANY
    began = time.monotonic()
    out, _ = run(tmp_path, "runs", "--json")
    assert len(json.loads(out)) == MANY
    assert time.monotonic() - began < 30  # a slow machine has other work, too


def memory_of(pid):
    """The memory of a process that is its own, in kB; 0 where it has ended."""
    with contextlib.suppress(OSError, StopIteration, ProcessLookupError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon")).split()[1])
    return 0
