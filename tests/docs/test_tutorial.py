"""The figures of the tutorial are those of the runs, and near those that were published."""

from __future__ import annotations

import csv
import json
import re

import pytest

from tests.conftest import CONFIGS, needs_mnist
from tests.docs.pages import text_of

NEAR = 0.03
"""How far a figure may be from a published one, whose starting weights nobody knows."""
SAME = 0.002
"""How far one may be from that of another machine, whose last bits are others."""

PUBLISHED_WEIGHTS = (
    [
        [
            [-1.08239257, 0.32482854, 0.95010394, 0.00501535, -0.47380614],
            [-0.56682748, 1.15749049, 0.91618514, 0.37518814, -0.67639047],
        ],
        [-0.18290569, 0.21453567, 0.01353107, 0.27740911, 0.09604219],
    ],
    [[[-0.8775745], [1.09351909], [0.21981503], [1.31380796], [-0.10301871]], [0.27410847]],
)
"""Kernel and bias of the two layers of `threshold_hinge`, as the article prints them."""


def tables(page):
    """All tables of figures of a page, in their order, each as rows by their names."""
    found = re.findall(r"^\|.*dlrun \|\n\|[-|]+\n((?:\|.*\n)+)", text_of(page), re.MULTILINE)
    return [
        {
            cells[0]: [float(one) for one in cells[1:]]
            for line in table.splitlines()
            for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
        }
        for table in found
    ]


def answers(run):
    """The probability of class 1 of each training row, by its true class and its number."""
    with (run / "predictions" / "train.csv").open() as file:
        return [float(row["probability_1"]) for row in csv.DictReader(file)]


def hold(table, measured, *, near=NEAR, same=SAME):
    """Hold a table of published and own figures against what was measured."""
    assert set(table) == set(measured)
    for name, (*published, shown) in table.items():
        assert shown == pytest.approx(measured[name], abs=same), name
        assert all(one == pytest.approx(shown, abs=near) for one in published), name


@pytest.mark.slow
def test_two_points(trained):
    """Both networks; row 0 is (0, 0), row 1 (1, 1)."""
    both = tables("docs/tutorial/1-two-points.md")
    for table, name in zip(both, ("two_points_softmax", "two_points_sigmoid"), strict=True):
        low, high, *_ = answers(trained(name))
        hold(table, {"at (0, 0)": low, "at (1, 1)": high})


@pytest.mark.slow
def test_the_majority_of_three_bits(trained, dlrun):
    """To five digits where nothing is random."""
    weights, exact, by_rows = tables("docs/tutorial/2-majority.md")
    run = trained("majority_full_batch")
    (layer,) = json.loads(dlrun("weights", run, "--json").out)["layers"]
    kernel, bias = (one["values"] for one in layer["weights"].values())
    for (weight,) in kernel:
        hold(
            {"kernel, three times": weights["kernel, three times"]},
            {"kernel, three times": weight},
            near=0,
            same=2e-5,
        )
    hold({"bias": weights["bias"]}, {"bias": bias[0]}, near=0, same=2e-5)
    hold(exact, by_bits(run), near=0, same=2e-5)
    run = trained("majority_logistic")
    *_, last = csv.DictReader((run / "history.csv").read_text().splitlines())
    loss = {"loss while training, the last epoch": float(last["loss"])}
    hold(by_rows, loss | by_bits(run))


def by_bits(run):
    """What the network says of the first row of so many ones: 000, 001, 011, 111."""
    said = answers(run)
    return {"none": said[0], "one": said[1], "two": said[3], "three": said[7]}


@pytest.mark.slow
def test_a_threshold_by_hand(trained, dlrun):
    """The published weights, the trained network, and the one that is written down."""
    by_hand, learnt, exact = tables("docs/tutorial/4-threshold.md")
    weights = [
        f"--set=model.layers[{number}].weights={layer}"
        for number, layer in enumerate(PUBLISHED_WEIGHTS)
    ]
    config = CONFIGS / "threshold_hinge.yaml"
    run = dlrun("train", config, *weights, "--set", "training.epochs=0").run
    told = json.loads(dlrun("explain", run, "--input", "0.3,0.1", "--json").out)
    hidden, last = (layer["y"] for layer in told["layers"])
    measured = {f"h[{number}]": value for number, value in enumerate(hidden)} | {"y": last[0]}
    hold(by_hand, measured, near=0, same=5e-5)
    assert by_hand["y"] == pytest.approx([last[0]] * 2, abs=1e-7)

    metrics = json.loads((trained("threshold_hinge") / "metrics.json").read_text())
    told = metrics["validation"]
    ours, others = learnt.values()
    assert told["accuracy"] == pytest.approx(ours[0], abs=0.02)
    assert told["baseline"]["metrics"]["accuracy"] == pytest.approx(others[0])

    metrics = json.loads((trained("threshold_exact") / "metrics.json").read_text())
    assert exact["by sign"] == [1.0, metrics["test"]["accuracy"]]


@needs_mnist
@pytest.mark.slow
def test_handwritten_digits(trained):
    """The accuracy on 10,000 test rows."""
    (table,) = tables("docs/tutorial/3-digits.md")
    run = trained("mnist_mlp_rmsprop")
    metrics = json.loads((run / "metrics.json").read_text())
    hold(table, {"test accuracy": metrics["test"]["accuracy"]}, near=0.004, same=0.004)


@needs_mnist
@pytest.mark.slow
def test_does_it_generalise(trained):
    """Training and test side by side; and a network that learns by heart is called so."""
    (table,) = tables("docs/tutorial/5-gap.md")
    run = trained("mnist_mlp_sgd")
    metrics = json.loads((run / "metrics.json").read_text())
    measured = {"training": metrics["train"], "test": metrics["test"]}
    hold(table, {f"{name} accuracy": one["accuracy"] for name, one in measured.items()})
