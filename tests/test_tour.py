"""A reader's tour: what dlrun does, in the order in which one would try it."""

from __future__ import annotations

import csv
import json

CONFIG = """\
dataset: {type: moons, samples: 200, noise: 0.1, test_split: 0.2}
model: {layers: [{type: Dense, units: 16, activation: relu}, {type: Dense, units: 1}]}
loss: {type: BinaryCrossentropy, from_logits: true}
optimizer: {type: Adam, learning_rate: 0.05}
metrics: [accuracy]
training: {epochs: 200, batch_size: 16}
"""


def test_a_tour_of_dlrun(dlrun, tmp_path):
    """Six lines of YAML; train, evaluate, predict; and what each leaves behind."""
    config = tmp_path / "moons.yaml"
    config.write_text(CONFIG)

    # A mistake is told before anything is loaded, with its place and a way out.
    wrong = dlrun("train", config, "--set", "model.layers[0].unit=3", code=2)
    assert "model.layers[0].unit" in wrong.err
    assert "Did you mean" in wrong.err

    # Training prints the run folder on stdout, and everything else on stderr.
    run = dlrun("train", config).run
    assert run.is_dir()

    # The folder holds all that the run was and gave.
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} == {
        "checkpoint",
        "config.yaml",
        "history.csv",
        "log.txt",
        "metrics.json",
        "model.keras",
        "model.txt",
        "origin.json",
        "predictions",
        "run.json",
        "spec.json",
        "weights.safetensors",
    }
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    with (run / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert len(history) == 200
    assert float(history[-1]["loss"]) < float(history[0]["loss"]) / 2

    # Evaluating again gives the numbers that training gave.
    metrics = json.loads((run / "metrics.json").read_text())
    evaluated = json.loads(dlrun("evaluate", run, "--json").out)
    assert evaluated["metrics"] == {name: metrics["test"][name] for name in ("loss", "accuracy")}
    assert evaluated["metrics"]["accuracy"] > 0.95

    # New rows come as a CSV with the columns by name, in any order.
    points = tmp_path / "points.csv"
    points.write_text("x2,x1\n0.5,-1.0\n-0.5,1.5\n")
    written = dlrun("predict", run, points).run
    with written.open() as file:
        predicted = list(csv.DictReader(file))
    assert [row["predicted"] for row in predicted] == ["0", "1"]
    assert all(
        abs(float(row["probability_0"]) + float(row["probability_1"]) - 1) < 1e-6
        for row in predicted
    )

    # The resolved config in the folder, trained again, gives the same bits.
    again = dlrun("train", run / "config.yaml").run
    assert (again / "history.csv").read_bytes() == (run / "history.csv").read_bytes()
    assert (again / "weights.safetensors").read_bytes() == (
        run / "weights.safetensors"
    ).read_bytes()

    # And `runs` lists what there is.
    listed = json.loads(dlrun("runs", "--json").out)
    assert len(listed) == 2
