"""MLflow's client finds every epoch of a run once, whatever came between."""

from __future__ import annotations

import csv
import json
import shutil

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


def test_every_epoch_once(dlrun, tmp_path):
    """After an interruption, a resumption from an older checkpoint, and an extension."""
    (tmp_path / "moons.yaml").write_text(CONFIG)
    with interrupted(4):
        dlrun("train", "moons.yaml", "--track", "mlflow", code=130)
    (folder,) = (one for one in (tmp_path / "runs").iterdir() if one.name != "mlflow")
    kept = shutil.copytree(folder / "checkpoint", tmp_path / "checkpoint")
    store = client(tmp_path / "runs")
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
