"""From a config to `metrics.json`: metrics are right, or no run begins; doubts are told."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from sklearn import metrics as sk

ROWS = 80


def write_table(path, **columns):
    """A CSV of columns of equal length."""
    names = list(columns)
    lines = [names, *zip(*columns.values(), strict=True)]
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))


def write_config(path, table, **changes):
    """A config over a table."""
    config = {
        "dataset": {"type": "csv", "path": table},
        "optimizer": {"type": "Adam", "learning_rate": 0.05},
        "exports": ["predictions"],
        "training": {"epochs": 1, "batch_size": 16},
        **changes,
    }
    path.write_text(json.dumps(config))


def layers(units, activation="linear", **more):
    return {"layers": [{"type": "Dense", "units": units, "activation": activation, **more}]}


def measured(run, split="train"):
    return json.loads((run / "metrics.json").read_text("utf-8"))[split]


def predictions(run, split="train"):
    """The columns of the predictions of a split."""
    with (run / "predictions" / f"{split}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.fixture
def two_classes(tmp_path):
    draw = np.random.default_rng(1)
    a, b = draw.normal(0, 1, (2, ROWS)).round(4)
    write_table(
        tmp_path / "two.csv", a=a, b=b, kind=np.where(a + b + draw.normal(0, 1, ROWS) > 0, 4, 2)
    )


@pytest.fixture
def tags(tmp_path):
    """Three labels of 0 and 1 a row; some rows have none, some all."""
    draw = np.random.default_rng(2)
    a, b = draw.normal(0, 1, (2, ROWS)).round(4)
    scores = np.array([a, b, a - b]) + draw.normal(0, 1, (3, ROWS))
    wet, cold, dark = (scores > 0).astype(int)
    write_table(tmp_path / "tags.csv", a=a, b=b, wet=wet, cold=cold, dark=dark)
    return {"type": "csv", "path": "tags.csv", "target": ["wet", "cold", "dark"]}


@pytest.fixture
def press(tmp_path):
    """A target with a mean some thousand times its deviation."""
    draw = np.random.default_rng(3)
    a, b = draw.normal(0, 1, (2, ROWS)).round(4)
    p = (101325 + 20 * a - 10 * b + draw.normal(0, 3, ROWS)).round(2)
    write_table(tmp_path / "press.csv", a=a, b=b, p=p)


@pytest.mark.usefixtures("two_classes")
def test_metrics_of_one_sigmoid(dlrun, tmp_path):
    """F1 has the threshold of accuracy; `Accuracy` is what the word means to `compile`."""
    words = ["accuracy", {"type": "Accuracy", "name": "same"}, "F1Score", "Precision", "Recall"]
    write_config(
        tmp_path / "two.yaml", "two.csv", model=layers(1, "sigmoid"), loss="bce", metrics=words
    )
    run = dlrun("train", "two.yaml", "--quiet").run
    found, said = measured(run), predictions(run)
    true, predicted = said["true"] == "4", said["predicted"] == "4"
    assert 0 < predicted.sum() < ROWS
    assert found["accuracy"] == found["same"] == pytest.approx(sk.accuracy_score(true, predicted))
    assert found["f1_score"] == pytest.approx(sk.f1_score(true, predicted), abs=1e-6)
    assert found["precision"] == pytest.approx(sk.precision_score(true, predicted))


def test_metrics_of_several_labels(dlrun, tmp_path, tags):
    """Accuracy is refused before training, with the one that fits; an F-score is at 0.5."""
    write_config(
        tmp_path / "tags.yaml", "tags.csv", dataset=tags, model=layers(3, "sigmoid"), loss="bce",
        metrics=["accuracy"],
    )  # fmt: skip
    told = dlrun("train", "tags.yaml", code=2).err
    assert "tags.yaml:1:" in told
    assert (
        "metrics[0]: accuracy needs classes, but each output has a label of 0 or 1 of its own. "
        "Use binary_accuracy." in told
    )
    run = dlrun("train", "tags.yaml", "--quiet", "--set", "metrics=[binary_accuracy, F1Score]").run
    found, said = measured(run), predictions(run)
    true, p = (
        np.stack([said[f"{which}_{name}"].astype(float) for name in tags["target"]], axis=1)
        for which in ("true", "predicted")
    )
    assert found["binary_accuracy"] == pytest.approx((true == (p > 0.5)).mean())
    scores = sk.f1_score(true, p > 0.5, average=None)
    assert [found[f"f1_score_{n}"] for n in range(3)] == pytest.approx(scores.tolist(), abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("press")
def test_final_metrics_have_the_digits_of_float64(dlrun, tmp_path):
    """R2Score subtracts nearly equal sums; where epochs show another number, that is told."""
    exact = layers(1, weights=[[[20.0], [-10.0]], [101325.0]])
    write_config(
        tmp_path / "press.yaml", "press.csv", model=exact, loss="mse", metrics=["R2Score"],
        optimizer={"type": "SGD", "learning_rate": 1e-6},
    )  # fmt: skip
    done = dlrun("train", "press.yaml")
    run = done.run
    said = predictions(run)
    right = sk.r2_score(said["true"].astype(float), said["predicted"].astype(float))
    # In batches of another size some predictions differ by 0.008, the last digit of float32 there.
    assert measured(run)["r2_score"] == pytest.approx(right, abs=1e-5)
    line = (
        f"warning: r2_score of the train rows is {right:.4f}, but epochs, which compute in float32"
    )
    assert line in done.err
    assert line in (run / "log.txt").read_text("utf-8")
    told = {name: value for name, value in measured(run).items() if name != "baseline"}
    assert json.loads(dlrun("evaluate", run, "--json").out)["metrics"] == told

    precise = dlrun("train", "press.yaml", "--set", "metrics=[{type: R2Score, dtype: float64}]")
    assert "warning" not in precise.err
    last = (precise.run / "history.csv").read_text("utf-8").splitlines()[-1]
    assert float(last.split(",")[-1]) == pytest.approx(right, abs=1e-3)


@pytest.mark.slow
def test_a_training_that_went_wrong_says_so_though_it_is_quiet(dlrun, tmp_path):
    """That is its only line: what float32 leaves of a large number is no news.

    The answers are off by more than the mean is, in squares, which R² says below 0.
    """
    write_config(
        tmp_path / "far.yaml", None, dataset={"type": "sine"}, loss="mse", metrics=["R2Score"],
        model=layers(1), optimizer={"type": "Adam", "learning_rate": 1e5},
        training={"epochs": 5},
    )  # fmt: skip
    done = dlrun("train", "far.yaml", "--quiet")
    assert measured(done.run)["r2_score"] < -1e6
    said = predictions(done.run)
    true, answers = said["true"].astype(float), said["predicted"].astype(float)
    off = np.sqrt(np.mean((true - answers) ** 2))
    (line,) = done.err.splitlines()
    assert line.startswith(f"warning: baseline: always {true.mean():.4f}, the mean of the training")
    told = re.search(r"The network is off by ([\d.]+): WORSE by more than chance \(", line)
    assert float(told[1]) == pytest.approx(off, rel=1e-6)
    assert "warning: " not in dlrun("train", "far.yaml").err
    fine = ("--set", "optimizer.learning_rate=0.05", "--set", "training.epochs=20")
    assert dlrun("train", "far.yaml", "--quiet", *fine).err == ""


MOONS, BLOBS, SINE = ({"type": word} for word in ("moons", "blobs", "sine"))


@pytest.mark.parametrize(
    ("dataset", "model", "loss", "doubt"),
    [
        (BLOBS, layers(3, "softmax"), "bce",
         ("BinaryCrossentropy takes each output for itself, but a softmax shares 1 among all of "
         "them. "
         "For one class a row use categorical_crossentropy; for several labels at once use "
         "'activation: sigmoid'.")),
        (BLOBS, layers(3, "softmax"), "mse",
         ("MeanSquaredError measures how far off a number is, but the targets are classes. "
         "Use categorical_crossentropy after 'activation: softmax'.")),
        (MOONS, layers(1, "sigmoid"), "mae",
         ("MeanAbsoluteError measures how far off a number is, but the targets are classes. "
         "Use binary_crossentropy after 'activation: sigmoid'.")),
        (BLOBS, {"layers": [{"type": "EinsumDense", "equation": "ab,bc->ac", "output_shape": 3}]},
         "mse",
         ("MeanSquaredError measures how far off a number is, but the targets are classes. "
         "Use categorical_crossentropy after 'units: 3' and 'activation: softmax'.")),
        (SINE, layers(1, "exponential"), "categorical_crossentropy",
         ("CategoricalCrossentropy chooses among several outputs, but there is one. "
         "Use binary_crossentropy, or mean_squared_error for numbers.")),
    ],
)  # fmt: skip
def test_a_loss_that_does_not_suit_is_told(dlrun, tmp_path, *, dataset, model, loss, doubt):
    """By `validate` on stderr and as data, without TensorFlow; the config is valid."""
    write_config(
        tmp_path / "doubtful.yaml", "", dataset=dataset, model=model, loss=loss, exports=[]
    )
    told = dlrun("validate", "doubtful.yaml")
    assert told.out == "doubtful.yaml: valid\n"
    assert "warning: doubtful.yaml:1:" in told.err
    assert f": loss: {doubt}\n" in told.err
    (found,) = json.loads(dlrun("validate", "doubtful.yaml", "--json").out)
    assert [f"{one['what']} {one['fix']}" for one in found["warnings"]] == [doubt]


def test_a_doubt_is_told_and_logged_by_train(dlrun, tmp_path, tags):
    """What only the data tell, too: rows with several labels do not sum to 1."""
    write_config(
        tmp_path / "tags.yaml", "", dataset=tags, model=layers(3, "softmax"),
        loss="categorical_crossentropy", exports=[],
    )  # fmt: skip
    assert dlrun("validate", "tags.yaml").err == ""
    done = dlrun("train", "tags.yaml")
    line = (
        "warning: loss: CategoricalCrossentropy takes targets that sum to 1, but here rows have "
        "several labels or none. Use binary_crossentropy after 'activation: sigmoid'."
    )
    assert line in done.err
    assert line in (done.run / "log.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("dataset", "model", "loss"),
    [
        (BLOBS, layers(3, "softmax"), "categorical_crossentropy"),
        (BLOBS, layers(3, "sigmoid"), "bce"),
        (MOONS, layers(1, "sigmoid"), "bce"),
        (MOONS, layers(1, "tanh"), "hinge"),
        (SINE, layers(1), "huber"),
    ],
)
def test_no_doubt_where_there_is_none(dlrun, tmp_path, *, dataset, model, loss):
    """What is meant is not warned of."""
    write_config(tmp_path / "sure.yaml", "", dataset=dataset, model=model, loss=loss, exports=[])
    assert dlrun("validate", "sure.yaml").err == ""


@pytest.mark.slow
@pytest.mark.usefixtures("two_classes")
def test_a_run_that_began_with_such_a_metric_goes_on(dlrun, tmp_path, monkeypatch):
    """Earlier versions took it: the run is measured and extended, and told what is wrong."""
    metric = {"type": "MeanIoU", "num_classes": 2}
    model = layers(2, "softmax")
    write_config(
        tmp_path / "old.yaml", "two.csv", model=model, loss="categorical_crossentropy",
        metrics=[metric], exports=[],
    )  # fmt: skip
    with monkeypatch.context() as then:
        then.setattr("dlrun.config.rules.metrics.misfit", lambda *_: None)
        then.setattr("dlrun.execution.assembly.misfit", lambda *_: None)
        run = dlrun("train", "old.yaml", "--quiet").run
    told = "warning: metrics[0]: MeanIoU is told otherwise than it is"
    assert told in dlrun("evaluate", run).err
    assert told in dlrun("resume", run, "--epochs", "2").err
    assert told in dlrun("reproduce", run).err
    assert "metrics[0]: MeanIoU is told otherwise" in dlrun("train", "old.yaml", code=2).err
