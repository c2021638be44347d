"""Targets, thresholds and baselines, from a file to what a user reads."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import (
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)

from dlrun.arrays import Spec
from dlrun.config import load_config
from dlrun.execution.assembly import GraphCache
from dlrun.execution.measure import constant_output
from tests.marking import first
from tests.sweeps.test_workshop import outcome

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(300, 4))
NOISE = GENERATOR.normal(size=(300, 3))
PRICES = np.exp(8 + 0.5 * X[:, 0] - 0.3 * X[:, 1] + 0.1 * NOISE[:, 0]).round()
LABELS = (X[:, :3] + 0.5 * NOISE > [0, 0.8, 1]).astype(int)

FAST = "{type: Adam, learning_rate: 0.03}"
SPLITS = "test_split: 0.25, validation_split: 0.25"
LAYERS = "{{layers: [{{type: Dense, units: 8, activation: relu}}, {last}]}}"
LAST = {
    "number": "{type: Dense, units: 1}",
    "labels": "{type: Dense, units: 3, activation: sigmoid}",
    "logits": "{type: Dense, units: 3}",
    "sigmoid": "{type: Dense, units: 1, activation: sigmoid}",
    "softmax": "{type: Dense, units: 2, activation: softmax}",
}


def write(y, last, loss, *, metrics="[]", dataset="", training="", optimizer="adam"):
    np.savez("rows.npz", x=X, y=y)
    Path("c.yaml").write_text(
        f"dataset: {{type: npz, path: rows.npz, {SPLITS}{dataset}}}\n"
        f"model: {LAYERS.format(last=LAST[last])}\n"
        f"loss: {loss}\noptimizer: {optimizer}\nmetrics: {metrics}\n"
        f"training: {{epochs: 12{training}}}\n",
        encoding="utf-8",
    )


def predictions(run, split="test"):
    with (run / "predictions" / f"{split}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def metrics_of(run, split="test"):
    return json.loads((run / "metrics.json").read_text("utf-8"))[split]


@pytest.mark.slow
@pytest.mark.parametrize("kind", first(1, ["standard", "minmax", "log"]))
def test_a_scaled_target_is_in_its_own_units(dlrun, kind):
    """Predictions, metrics, what evaluate says; the loss alone is scaled."""
    write(PRICES, "number", "mean_squared_error", metrics="[mean_absolute_error, r2_score]",
          dataset=f", target_scale: {kind}", optimizer=FAST)  # fmt: skip
    result = dlrun("train", "c.yaml")
    assert f"target_scale: {kind}: the loss is that of" in result.err
    assert "warning" not in result.err
    found, measured = predictions(result.run), metrics_of(result.run)
    assert set(found["true"]) <= set(PRICES)
    true, predicted = found["true"], found["predicted"]
    assert measured["r2_score"] == pytest.approx(r2_score(true, predicted), rel=1e-5)
    assert measured["r2_score"] > 0.6
    expected = mean_absolute_error(true, predicted)
    assert measured["mean_absolute_error"] == pytest.approx(expected, rel=1e-5)
    spec = json.loads((result.run / "spec.json").read_text("utf-8"))
    (offset,), (factor,) = spec["target_scaling"]["offset"], spec["target_scaling"]["factor"]
    change = np.log if kind == "log" else np.asarray
    scaled = [(change(values) - offset) / factor for values in (true, predicted)]
    assert measured["loss"] == pytest.approx(mean_squared_error(*scaled), rel=1e-4)
    history = (result.run / "history.csv").read_text("utf-8").splitlines()
    last = dict(zip(history[0].split(","), map(float, history[-1].split(",")), strict=True))
    held = metrics_of(result.run, "validation")
    assert last["val_mean_absolute_error"] == pytest.approx(held["mean_absolute_error"], rel=1e-4)
    again = dlrun("evaluate", result.run, "--json")
    assert json.loads(again.out)["metrics"] == {
        name: measured[name] for name in ("loss", "mean_absolute_error", "r2_score")
    }
    assert json.loads(again.out)["stored"].endswith("metrics.json")
    np.savez("new.npz", x=X[:5])
    answers = dlrun("predict", result.run, "new.npz", "-o", "-").out.splitlines()[1:]
    assert np.median([float(line.split(",")[1]) for line in answers]) > 500


def test_a_scale_of_classes_is_refused(dlrun):
    """When a config is validated, and where only the rows tell."""
    write(LABELS[:, 0], "sigmoid", "binary_crossentropy", dataset=", target_scale: standard")
    told = dlrun("validate", "c.yaml", code=2).err
    assert "'standard' scales numbers, but BinaryCrossentropy takes classes" in told
    np.savez("rows.npz", x=X, y=np.where(LABELS[:, 0], "yes", "no"))
    told = dlrun("train", "c.yaml", "--set", "loss=mean_squared_error", code=2).err
    assert "'standard' scales numbers, but the targets are classes" in told


@pytest.mark.slow
def test_a_resumed_run_of_scaled_targets_has_the_same_bits(dlrun):
    """What was fitted is read from the spec."""
    write(PRICES, "number", "mean_squared_error", dataset=", target_scale: log")
    whole = dlrun("train", "c.yaml").run
    short = dlrun("train", "c.yaml", "--set", "training.epochs=5").run
    dlrun("resume", short, "--epochs", "12")
    hashes = [json.loads((run / "run.json").read_text("utf-8"))["final_weights"]
              for run in (whole, short)]  # fmt: skip
    assert hashes[0] == hashes[1]


@pytest.mark.slow
def test_seeds_share_a_graph_and_scale_their_own_rows(dlrun, tmp_path):
    """One after the other or alone, a run is the same to the bit."""
    del dlrun  # the current folder is an empty one
    write(PRICES, "number", "mean_squared_error", metrics="[mean_absolute_error]",
          dataset=", target_scale: standard")  # fmt: skip
    shared = GraphCache()
    for seed in (0, 1):
        experiment = load_config(Path("c.yaml"), [f"seed={seed}"])
        assert outcome(experiment, tmp_path, shared) == outcome(experiment, tmp_path, GraphCache())


def test_unscaled_prices_are_warned_of(dlrun):
    """With the way out."""
    write(PRICES, "number", "mean_squared_error")
    told = dlrun("train", "c.yaml").err
    assert "warning: dataset.target_scale: the targets are about" in told
    assert "Use 'dataset.target_scale: standard'" in told


@pytest.mark.slow
def test_a_regression_has_the_baseline_of_scikit_learn(dlrun):
    """That of `DummyRegressor`, in the column and in metrics.json."""
    write(PRICES, "number", "mean_squared_error", dataset=", target_scale: standard",
          metrics="[mean_absolute_error, r2_score]")  # fmt: skip
    result = dlrun("train", "c.yaml", "--set", "exports=[{type: predictions, split: train}, "
                   "{type: predictions, split: test}]")  # fmt: skip
    train, test = (predictions(result.run, split)["true"] for split in ("train", "test"))
    dummy = DummyRegressor().fit(train[:, None], train).predict(test[:, None])
    baseline = metrics_of(result.run)["baseline"]
    assert baseline["metrics"]["r2_score"] == pytest.approx(r2_score(test, dummy), abs=1e-5)
    expected = mean_absolute_error(test, dummy)
    assert baseline["metrics"]["mean_absolute_error"] == pytest.approx(expected, rel=1e-5)
    root = math.sqrt(mean_squared_error(test, dummy))
    assert baseline["verdicts"][0]["baseline"] == pytest.approx(root, rel=1e-5)
    loss = mean_squared_error(test, dummy) / train.var()
    assert baseline["metrics"]["loss"] == pytest.approx(loss, rel=1e-4)
    assert "the mean of the training rows, is off by" in " ".join(result.err.split())


@pytest.mark.parametrize(
    ("last", "loss"),
    first(
        2,
        [
            ("sigmoid", "binary_crossentropy"),
            ("softmax", "sparse_categorical_crossentropy"),
            ("number", "{type: binary_crossentropy, from_logits: true}"),
            ("softmax", "categorical_crossentropy"),
        ],
    ),
)
def test_classes_have_the_baseline_of_scikit_learn(dlrun, last, loss):
    """That of `DummyClassifier`: its accuracy, and the logarithms of its probabilities."""
    write(LABELS[:, 1], last, loss, metrics="[accuracy]")
    result = dlrun("train", "c.yaml")
    prior = json.loads((result.run / "spec.json").read_text("utf-8"))["prior"]
    train = np.repeat([0, 1], [round(share * 169) for share in prior])
    measured = metrics_of(result.run)
    test = np.repeat([0, 1], [one["support"] for one in measured["classification"]["classes"]])
    dummy = DummyClassifier(strategy="prior").fit(train[:, None], train)
    found = measured["baseline"]["metrics"]
    assert found["accuracy"] == pytest.approx(dummy.score(test[:, None], test), rel=1e-6)
    expected = log_loss(test, dummy.predict_proba(test[:, None]))
    assert found["loss"] == pytest.approx(expected, rel=1e-4)
    said = " ".join(result.err.split())
    assert "baseline: always '0', the most frequent class of the training rows, is right in" in said
    page = dlrun("evaluate", result.run)
    assert "baseline" in page.out
    assert "most frequent class" in page.out


def test_the_answer_of_a_hinge_is_a_sign():
    """And that of numbers for classes their mean."""
    sign = Spec((1,), class_names=("a", "b"), label_form="sign", threshold=0.0, output="score")
    assert constant_output(replace(sign, prior=(0.3, 0.7))).tolist() == [1]
    assert constant_output(replace(sign, prior=(0.7, 0.3))).tolist() == [-1]
    value = replace(sign, label_form="value", class_values=(2.0, 4.0), prior=(0.25, 0.75))
    assert constant_output(value).tolist() == [3.5]


@pytest.fixture
def labelled(dlrun):
    """A run over three labels."""
    write(LABELS, "labels", "binary_crossentropy", metrics="[binary_accuracy]",
          optimizer=FAST)  # fmt: skip
    exports = "exports=[{type: predictions, split: validation}, {type: predictions}]"
    result = dlrun("train", "c.yaml", "--report", "--set", exports)
    assert "labels: 3, yes or no each, as 1 and 0 for BinaryCrossentropy" in result.err
    return result.run


def test_labels_from_training_to_predictions(dlrun, labelled):
    """One column each, yes and no as 1 and 0, with their probabilities."""
    found = predictions(labelled)
    names = ["y_1", "y_2", "y_3"]
    assert list(found) == [
        "row",
        *(f"{word}_{name}" for word in ("true", "predicted", "probability") for name in names),
    ]
    measured = metrics_of(labelled)["labels"]
    for name, scores in zip(names, measured["labels"], strict=True):
        true, sure = found[f"true_{name}"], found[f"probability_{name}"]
        predicted = found[f"predicted_{name}"]
        assert (predicted == (sure > 0.5)).all()
        assert scores["f1"] == pytest.approx(f1_score(true, predicted))
        assert scores["roc_area"] == pytest.approx(roc_auc_score(true, sure))
    page = (labelled / "report.html").read_text("utf-8")
    assert "Label by label, test rows" in page
    assert "baseline: always the more frequent of yes and no" in page.lower()
    assert {"roc_curves.png", "precision_recall_curves.png"} <= {
        path.name for path in (labelled / "plots").iterdir()
    }
    table = dlrun("evaluate", labelled).out
    assert "macro average" in table
    assert "yes, found" in table


@pytest.mark.slow
def test_the_best_thresholds_are_chosen_on_validation_rows(dlrun, labelled):
    """Kept, and used by predict where it is asked to, and not where it is not."""
    refused = dlrun("predict", labelled, "rows.npz", "--threshold", "best-f1", code=2)
    assert "no threshold has been chosen" in refused.err
    told = json.loads(dlrun("evaluate", labelled, "--threshold", "best-f1", "--json").out)
    chosen = told["thresholds"]
    assert (chosen["by"], chosen["on"]) == ("best-f1", "validation")
    held, test = predictions(labelled, "validation"), predictions(labelled)
    for number, (name, value) in enumerate(chosen["values"].items()):
        true, sure = held[f"true_{name}"], held[f"probability_{name}"]
        best = max(f1_score(true, sure > other) for other in [*sure - 1e-6, value])
        assert f1_score(true, sure > value) == pytest.approx(best)
        assert chosen["f1"][name] == pytest.approx(best)
        expected = f1_score(test[f"true_{name}"], test[f"probability_{name}"] > value)
        assert told["labels"]["labels"][number]["f1"] == pytest.approx(expected)
    assert told["stored"].startswith(str(labelled / "evaluations"))
    usual, asked = (dlrun("predict", labelled, "rows.npz", "-o", "-", *words).out.splitlines()
                    for words in ((), ("--threshold", "best-f1")))  # fmt: skip
    thresholds = [*chosen["values"].values()]
    for line, other in zip(usual[1:], asked[1:], strict=True):
        sure = [float(one) for one in line.split(",")[4:]]
        assert line.split(",")[1:4] == [str(int(one > 0.5)) for one in sure]
        wanted = [str(int(one > t)) for one, t in zip(sure, thresholds, strict=True)]
        assert other.split(",")[1:4] == wanted
    dlrun("verify", labelled)
    fixed = dlrun("predict", labelled, "rows.npz", "-o", "-", "--threshold", "0").out
    assert all(line.split(",")[1:4] == ["1", "1", "1"] for line in fixed.splitlines()[1:])
    name = [*chosen["values"]][1]
    words = ("--threshold", "0", "--threshold", f"{name}=1")
    fixed = dlrun("predict", labelled, "rows.npz", "-o", "-", *words)
    assert all(line.split(",")[1:4] == ["1", "0", "1"] for line in fixed.out.splitlines()[1:])
    assert f"'{name}' above 1" in fixed.err


@pytest.mark.slow
def test_a_threshold_of_two_classes(dlrun):
    """The class that it decides is named."""
    write(LABELS[:, 1], "softmax", "categorical_crossentropy", metrics="[accuracy]")
    run = dlrun("train", "c.yaml").run
    usual = json.loads(dlrun("evaluate", run, "--json").out)
    low = dlrun("evaluate", run, "--threshold", "0.05", "--json")
    assert "threshold: '1' above 0.05; metrics decide as the config has it" in low.err
    low = json.loads(low.out)
    assert low["metrics"] == usual["metrics"]
    assert low["thresholds"]["decides"] == ["classification", "baseline"]
    shown = dlrun("evaluate", run, "--threshold", "0.05").out.split("\n\n")
    assert shown[0].startswith("Metrics, which decide as the config has it:\n")
    assert shown[1] == "Answers, which are decided by the threshold: '1' above 0.05"
    assert shown[2].split()[0] == "class"
    assert "which decide" not in dlrun("evaluate", run).out
    recalls = [one["classification"]["classes"][1]["recall"] for one in (usual, low)]
    assert recalls[1] > recalls[0]
    best = dlrun("evaluate", run, "--threshold", "best-f1").err
    assert "the best F1 of the validation rows" in best
    out = dlrun("predict", run, "rows.npz", "-o", "-", "--threshold", "best-f1").out
    assert out.startswith("row,predicted,probability_0,probability_1\n")


def test_thresholds_need_validation_rows(dlrun):
    """Test rows would tell nothing any more; a number needs none."""
    write(LABELS[:, 1], "sigmoid", "binary_crossentropy")
    run = dlrun("train", "c.yaml", "--set", "dataset.validation_split=null").run
    told = dlrun("evaluate", run, "--threshold", "best-f1", code=3).err
    assert "the run has no validation rows, on which a threshold is chosen" in told
    assert "or give a number: --threshold 0.3" in told
    dlrun("evaluate", run, "--threshold", "0.3")


def test_balanced_labels_train_as_keras_does(dlrun):
    """The weight of every answer: a gradient step by hand, of one batch of all rows."""
    write(LABELS, "labels", "binary_crossentropy", training=", class_weight: balanced",
          optimizer="{type: SGD, learning_rate: 0.5}")  # fmt: skip
    plain = ("model.layers=[{type: Dense, units: 3, activation: sigmoid, "
             "kernel_initializer: zeros}]")  # fmt: skip
    one = ("training.epochs=1", "training.batch_size=300", plain)
    words = [word for setting in one for word in ("--set", setting)]
    run = dlrun("train", "c.yaml", *words, "--set",
                "exports=[{type: predictions, split: train}]").run  # fmt: skip
    from dlrun.rundir.tensors import load_tensors

    weights = load_tensors(run / "weights.safetensors")
    true = predictions(run, "train")
    y = np.stack([true[f"true_y_{number}"] for number in (1, 2, 3)], axis=1)
    weight = np.where(y == 1, len(y) / (2 * y.sum(0)), len(y) / (2 * (1 - y).sum(0)))
    gradient = (weight * (0.5 - y)).sum(axis=0) / y.size  # of the bias, at outputs of 0.5
    (bias,) = (value for path, value in weights.items() if path.endswith("bias"))
    np.testing.assert_allclose(bias, -0.5 * gradient, atol=1e-6)


@pytest.mark.slow
def test_rows_of_a_table_without_a_target_are_left_out(dlrun):
    """Of the training data and of a file that is evaluated: counted, and named by their lines."""
    words = np.array(["no", "yes"])
    lines = ["a,b,c,fast,big"]
    for number, (x, y) in enumerate(zip(X, LABELS, strict=True)):
        fast = "" if number == 5 else words[y[0]]
        lines.append(f"{x[0]:.3f},{x[1]:.3f},{x[2]:.3f},{fast},{bool(y[1])}")
    Path("t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write(LABELS, "labels", "binary_crossentropy")
    text = Path("c.yaml").read_text("utf-8").replace("units: 3", "units: 2")
    table = "type: table, path: t.csv, target: [fast, big]"
    Path("c.yaml").write_text(text.replace("type: npz, path: rows.npz", table), encoding="utf-8")
    result = dlrun("train", "c.yaml")
    assert "1 of 300 rows have no value for a target and are left out:" in result.err
    assert "t.csv:7" in result.err
    assert "predicted_fast" in (result.run / "predictions/test.csv").read_text("utf-8")
    told = dlrun("evaluate", result.run, "--data", "t.csv")
    assert "without a target, and left out: 1 row: t.csv:7" in told.err
    assert "of the 299 rows" in told.out
