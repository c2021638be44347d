"""MLflow's client finds every epoch of a run once, whatever came between."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import numpy as np
import pytest

from tests.sweeping import run
from tests.workflows.test_resume import MOONS, interrupted

pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore")  # those of MLflow's own making

CONFIG = MOONS.replace("CALLBACK", "").replace("checkpoint_seconds: 0", "checkpoint_seconds: 999")


def client(folder):
    """A client of the store among the runs."""
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{folder}/mlflow/mlflow.db")


def runs_of(store, name="moons"):
    """The runs of an experiment."""
    found = store.get_experiment_by_name(name)
    return store.search_runs([found.experiment_id])


def curves(store, one):
    """Every number by epoch, of the columns of `history.csv`."""
    return {
        name: [
            (row.step, np.float32(row.value))
            for row in store.get_metric_history(one.info.run_id, name)
        ]
        for name in one.data.metrics
        if "/" not in name
    }


def history(folder):
    """The columns of `history.csv`, which writes numbers as float32."""
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    return {
        name: [(int(row["epoch"]), np.float32(row[name])) for row in rows]
        for name in rows[0]
        if name != "epoch"
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a server: that of the `mlflow` that `DLRUN_TEST_MLFLOW` names.

    A virtual environment of its own has it: all of MLflow, of which dlrun needs the client only.
    """
    program = os.environ.get("DLRUN_TEST_MLFLOW")
    if program is None:
        pytest.skip("DLRUN_TEST_MLFLOW names no `mlflow` that can be a server")
    home = tmp_path_factory.mktemp("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = ["server", "--port", str(port), "--workers", "1",
             "--backend-store-uri", f"sqlite:///{home}/server.db",
             "--artifacts-destination", str(home / "artifacts")]  # fmt: skip
    with (home / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [program, *words], cwd=home, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/health") as answer:
                assert answer.read() == b"OK"
                break
            assert process.poll() is None, (home / "log.txt").read_text()
            assert time.monotonic() < until, (home / "log.txt").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def test_every_epoch_once(dlrun, tmp_path):
    """After an interruption, a resumption from an older checkpoint, and an extension."""
    check_every_epoch(dlrun, tmp_path, lambda: client(tmp_path / "runs"))


@pytest.mark.slow
def test_a_server_has_every_epoch_once(dlrun, tmp_path, server, monkeypatch):
    """The same by way of HTTP; files too."""
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    check_every_epoch(dlrun, tmp_path, lambda: MlflowClient(server))


@pytest.mark.slow
def test_a_killed_run_has_every_epoch_once_on_a_server(dlrun, tmp_path, server, monkeypatch):
    """By SIGKILL, twice, in the middle of thousands of epochs."""
    from mlflow import MlflowClient

    store = MlflowClient(server)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    text = f"name: killed\n{CONFIG}".replace("epochs: 12", "epochs: 4000")
    (tmp_path / "killed.yaml").write_text(text.replace("seconds: 999", "seconds: 0"))
    words, sent = ["train", "killed.yaml", "--track", "mlflow", "--no-report"], 0
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-m", "dlrun", *words], cwd=tmp_path)
        while process.poll() is None:
            with contextlib.suppress(AttributeError, ValueError):  # there is no such run yet
                (one,) = runs_of(store, "killed")
                epochs = len(store.get_metric_history(one.info.run_id, "loss"))
                if epochs > sent:
                    sent = epochs
                    break
            time.sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        words = ["resume", "latest", "--no-report"]
    dlrun("resume", "latest")
    (folder,) = (tmp_path / "runs").iterdir()
    (one,) = runs_of(store, "killed")
    assert len(history(folder)["loss"]) == 4000
    assert curves(store, one) == history(folder)
    assert one.info.status == "FINISHED"


def check_every_epoch(dlrun, tmp_path, find_store):
    """Interrupt a run, resume it, undo a part, resume it, extend it; then read all of it back."""
    (tmp_path / "moons.yaml").write_text(CONFIG)
    with interrupted(4):
        dlrun("train", "moons.yaml", "--track", "mlflow", code=130)
    (folder,) = (one for one in (tmp_path / "runs").iterdir() if one.name != "mlflow")
    kept = shutil.copytree(folder / "checkpoint", tmp_path / "checkpoint")
    store = find_store()
    assert [one.info.status for one in runs_of(store)] == ["KILLED"]
    with interrupted(8):
        dlrun("resume", "latest", code=130)
    # As if it had been killed there: what was sent since is computed once more.
    shutil.rmtree(folder / "checkpoint")
    shutil.copytree(kept, folder / "checkpoint")
    dlrun("resume", "latest", "--report")
    dlrun("resume", "latest", "--epochs", 14)
    (one,) = runs_of(store)
    assert curves(store, one) == history(folder)
    assert len(history(folder)["val_loss"]) == 14
    assert one.info.status == "FINISHED"
    assert one.data.params["optimizer.learning_rate"] == "0.01"
    assert one.data.params["model.layers.0.units"] == "8"
    assert one.data.tags["now.training.epochs"] == "14"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert one.data.metrics["test/accuracy"] == metrics["test"]["accuracy"]
    files = {file.path for file in store.list_artifacts(one.info.run_id)}
    assert files == {"config.yaml", "report.html", "plots"}
    assert dlrun("runs").code == 0


def test_other_numbers_are_a_new_run(dlrun, tmp_path):
    """What MLflow cannot take back stays, marked as undone."""
    (tmp_path / "moons.yaml").write_text(CONFIG)
    with interrupted(4):
        dlrun("train", "moons.yaml", "--track", "mlflow", code=130)
    store = client(tmp_path / "runs")
    (first,) = runs_of(store)
    from mlflow.entities import Metric

    epochs = len(curves(store, first)["loss"])
    store.log_batch(first.info.run_id, metrics=[Metric("loss", 9.0, 0, epochs + 1)])
    folder = tmp_path / dlrun("resume", "latest").run
    second, undone = sorted(runs_of(store), key=lambda one: one.info.status == "KILLED")
    assert curves(store, second) == history(folder)
    assert undone.info.run_id == first.info.run_id
    assert undone.data.tags["dlrun.run"].endswith("(undone)")


def test_a_sweep_is_nested(tmp_path):
    """Its runs are below one that stands for it."""
    text = CONFIG.replace("epochs: 12", "epochs: 2") + "exports: []\n"
    (tmp_path / "moons.yaml").write_text(text)
    (tmp_path / "rates.yaml").write_text("base: moons.yaml\nseeds: 3\n")
    run(tmp_path, "sweep", "rates.yaml", "--track", "mlflow", "--threads", 1, "--jobs", 2)
    found = runs_of(client(tmp_path / "runs"))
    parents = {one.info.run_id for one in found if "dlrun.sweep" in one.data.tags}
    children = [one for one in found if "dlrun.sweep" not in one.data.tags]
    assert len(children) == 3
    assert {one.data.tags["mlflow.parentRunId"] for one in children} == parents
    assert len(parents) == 1


def test_a_server_that_is_not_there_costs_nothing(dlrun, tmp_path):
    """It is a warning."""
    (tmp_path / "moons.yaml").write_text(
        f"{CONFIG}trackers: [{{type: mlflow, uri: 'http://127.0.0.1:9'}}]\n"
    )
    done = dlrun("train", "moons.yaml")
    assert done.err.count("warning: the run goes on without trackers[0] (mlflow)") == 1
