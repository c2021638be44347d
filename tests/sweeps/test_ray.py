"""Sweeps on a Ray cluster: the bits of local ones, whatever is lost, and nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sweeping import MOONS, records, run, start
from tests.sweeps.clusters import ray_cluster

pytest.importorskip("ray")

ROWS, TRIALS = 80, 16
CSV = MOONS.replace("type: moons, samples: 60", "type: csv, path: my rows.csv, target: y")
SWEEP = f"""\
base: moons.yaml
set: {{training.epochs: 150, training.checkpoint_seconds: 0}}
grid: {{optimizer.learning_rate: [0.1, 0.01]}}
seeds: {TRIALS // 2}
"""
HALVING = """\
base: moons.yaml
set: {training.epochs: 9, training.checkpoint_seconds: 0}
grid: {optimizer.learning_rate: [0.1, 0.03, 0.01, 0.001]}
seeds: 2
objective: validation.loss
halving: {eta: 3, min_epochs: 1}
"""


def prepare(folder):
    """Write the data, the config and the sweeps; each sweep twice, to be compared."""
    dice = random.Random(0)  # noqa: S311 - no secret
    rows = [(dice.random(), dice.random()) for _ in range(ROWS)]
    lines = ["a,b,y", *(f"{a:.4f},{b:.4f},{int(a > b)}" for a, b in rows)]
    (folder / "my rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "moons.yaml").write_text(CSV)
    for name, text in (("far", SWEEP), ("near", SWEEP), ("rungs", HALVING), ("steps", HALVING)):
        (folder / f"{name}.yaml").write_text(text)


def finished(folder):
    """How many runs of a sweep are finished."""
    return [one["status"] for one in records(folder).values()].count("finished")


def wait_for(condition, process, seconds=240):
    """Wait until something is so, as long as a process is at work."""
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.mark.slow
def test_a_node_and_the_driver_are_lost_and_no_run_is(tmp_path):
    """Sixteen complete folders, none trained twice, with the weights of a local sweep."""
    prepare(tmp_path)
    far = tmp_path / "runs" / "far"
    with ray_cluster() as cluster:
        words = ("--on", "ray", "--address", cluster.address, "--threads", "1")
        process = start(tmp_path, "sweep", "far.yaml", *words)
        wait_for(lambda: finished(far) >= 2 and len(records(far)) > finished(far), process)
        cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
        # Ray hears of it after some seconds, in which others finish.
        assert any("a worker was lost" in line for line in process.stderr)
        wait_for(lambda: len(records(far)) > finished(far), process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = {point: one["ended"] for point, one in records(far).items()}
        cluster.add_node(num_cpus=1)
        process = start(tmp_path, "sweep", "far.yaml", *words)
        _, second = process.communicate(timeout=600)
        assert process.returncode == 0, second
    found = records(far)
    assert len(found) == TRIALS == len(list(far.glob("2*")))
    assert {one["status"] for one in found.values()} == {"finished"}
    assert any("resumed" in one for one in found.values())
    assert all(found[point]["ended"] == ended for point, ended in before.items() if ended)
    assert not list(far.glob(".tmp-*"))
    assert "my rows.csv" in (next(iter(found.values()))["folder"] / "config.yaml").read_text()
    assert all(one["node"]["engine"].startswith("ray ") for one in found.values())
    run(tmp_path, "sweep", "near.yaml", "--threads", "1")
    near = records(tmp_path / "runs" / "near")
    for point, one in found.items():
        for key in ("final_weights", "identity", "data"):
            assert one[key] == near[point][key]
    _, third = run(tmp_path, "sweep", "far.yaml", "--threads", "1")
    assert f"{TRIALS} there already" in third
    run(tmp_path, "verify", next(iter(found.values()))["folder"])


@pytest.mark.slow
def test_halving_pauses_and_goes_on_wherever_there_is_a_place(tmp_path):
    """A run that went from rung to rung has the weights of the local one."""
    prepare(tmp_path)
    with ray_cluster() as cluster:
        words = ("--on", "ray", "--address", cluster.address, "--threads", "1")
        process = start(tmp_path, "sweep", "rungs.yaml", *words)
        _, told = process.communicate(timeout=600)
        assert process.returncode == 0, told
    run(tmp_path, "sweep", "steps.yaml", "--threads", "1")
    far, near = (records(tmp_path / "runs" / name) for name in ("rungs", "steps"))
    ended = [point for point, one in far.items() if one["status"] == "finished"]
    assert ended
    assert len(far) == 8
    both = [point for point in ended if near[point]["status"] == "finished"]
    assert both
    assert all(far[point]["final_weights"] == near[point]["final_weights"] for point in both)
    assert {one["status"] for one in far.values()} == {"finished", "interrupted"}


@pytest.mark.slow
def test_nodes_compute_one_run_and_one_is_lost(tmp_path):
    """Where a node dies, the run goes on with the next one, to the bits of two local hosts."""
    prepare(tmp_path)
    long = ("training.epochs=300", "training.checkpoint_seconds=0")
    given = (
        "train",
        "moons.yaml",
        "--threads",
        "1",
        *(word for one in long for word in ("--set", one)),
    )
    with ray_cluster() as cluster:
        words = ("--on", "ray", "--address", cluster.address, "--hosts-per-run", "2", "--no-report")
        process = start(tmp_path, *given, *words)
        wait_for(lambda: list(tmp_path.glob("runs/*/checkpoint/*")), process)
        cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
        assert any("a worker was lost" in line for line in process.stderr)
        cluster.add_node(num_cpus=1)
        out, told = process.communicate(timeout=240)
        assert process.returncode == 0, told
    lost = json.loads((tmp_path / out.strip() / "run.json").read_text())
    assert (lost["device"], len(lost["hosts"])) == ("cpu on 2 hosts", 2)
    assert "resumed" in lost
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as two:
        hosts = ",".join(f"127.0.0.1:{server.getsockname()[1]}" for server in (one, two))

    def be(host):
        words = ("--hosts", hosts, "--host", host, "--device", "cpu", "--runs-dir", "near")
        return run(tmp_path, *given, *words)[0]

    with ThreadPoolExecutor() as threads:
        folder, _ = threads.map(be, (0, 1))
    near = json.loads((tmp_path / folder.strip() / "run.json").read_text())
    for key in ("final_weights", "identity", "data"):
        assert lost[key] == near[key]


SEEN = """\
import os, sys
import dlrun.rundir.environment as environment
if name := os.environ.get("FAKE_PROCESSOR"):
    environment._processor = lambda: name
if "dlrun.sweeps.worker" in sys.orig_argv:
    with open(os.path.join(os.environ["SEEN"], str(os.getpid())), "w") as file:
        file.write(os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
"""
"""Makes a node one of another processor, and notes which GPUs the processes of runs see."""
TPE = """\
base: moons.yaml
set: {training.epochs: 3}
random: {optimizer.learning_rate: {log_uniform: [0.001, 0.1]}}
sampler: tpe
samples: 4
objective: validation.loss
"""


@pytest.mark.slow
def test_nodes_that_differ_and_their_gpus(tmp_path, monkeypatch):
    """Differences are told and recorded; TPE learns from all; a run sees the GPUs it was given.

    Ray counts GPUs that are not there: what runs on them say is that there is none.
    """
    pytest.importorskip("optuna")
    prepare(tmp_path)
    (tmp_path / "tpe.yaml").write_text(TPE)
    (tmp_path / "sitecustomize.py").write_text(SEEN)
    seen = tmp_path / "seen"
    seen.mkdir()
    monkeypatch.setenv("SEEN", str(seen))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    older = {"num_gpus": 2, "num_cpus": 2, "env_vars": {"FAKE_PROCESSOR": "an older one"}}
    with ray_cluster(older) as cluster:
        words = ("sweep", "--on", "ray", "--address", cluster.address, "--threads", "1")
        process = start(tmp_path, *words, "tpe.yaml")
        _, told = process.communicate(timeout=240)
        assert process.returncode == 0, told
        assert {file.read_text() for file in seen.iterdir()} == {"all"}
        process = start(tmp_path, *words, "near.yaml", "--gpus-per-run", "1", "--fail-fast")
        _, failed = process.communicate(timeout=240)
        assert process.returncode == 1, failed
    assert "warning: the nodes differ (1 x " in told
    assert "1 x an older one, tensorflow" in told
    found = records(tmp_path / "runs" / "tpe").values()
    assert [one["status"] for one in found] == ["finished"] * 4
    assert sorted(one["sweep"]["sample"] for one in found) == [0, 1, 2, 3]
    assert "an older one" in {one["machine"]["processor"] for one in found}
    assert {"0", "1"} <= {file.read_text() for file in seen.iterdir()}
    assert "no GPU" in failed


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told(tmp_path):
    """With what to do; nothing is written."""
    prepare(tmp_path)
    process = start(tmp_path, "sweep", "far.yaml", "--on", "ray", "--address", "127.0.0.1:9")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "no Ray cluster answers" in told
    assert "ray start --head" in told
    assert "Traceback" not in told
