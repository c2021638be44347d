"""`dlrun diff`: from what was asked to where the histories part."""

import json
import re

import pytest

from dlrun.cli.compare import draw_comparison
from dlrun.cli.diff import draw_difference
from dlrun.cli.terminal.output import Screen
from dlrun.rundir.folder import Run, open_run
from dlrun.workflows.compare import compare
from dlrun.workflows.diff import diff, parting
from tests.cli.stored import store

NAN = float("nan")


@pytest.fixture
def runs_dir(tmp_path):
    """Two runs that differ in everything, and a copy of the first."""
    runs_dir = tmp_path / "runs"
    data = {"train.x": "1", "train.y": "2"}
    weights = {"dense/kernel": "a", "dense/bias": "b"}
    for name in ("one", "same"):
        store(runs_dir, name, data=data, initial_weights=weights, final_weights=weights)
    store(
        runs_dir,
        "two",
        "optimizer={type: SGD, learning_rate: 0.1}",
        "training.batch_size=8",
        accuracy=0.8,
        loss=1 / 3,
        history="epoch,loss,val_loss\n1,0.5,1.0\n2,0.125,1.0\n3,0.1,1.0\n",
        data=data | {"train.y": "3", "test.x": "4"},
        initial_weights={"dense/kernel": "c", "dense/bias": "b"},
        versions={"keras": "3.16.0"},
    )
    return runs_dir


def drawn(runs_dir, *references, width=80):
    text = draw_difference(
        diff(*(open_run(one, runs_dir) for one in references)), screen=Screen(width)
    )
    return re.sub(r"\d{8}-\d{6}_(\w+)_[a-z2-7]{4}", r"\1", text)


def test_everything_differs(runs_dir):
    """Causes first: config, versions, data, weights; then what came of them."""
    assert drawn(runs_dir, "one", "two") == (
        "A  one\n"
        "B  two\n"
        "\n"
        "config                   A      B\n"
        "optimizer.type           Adam   SGD\n"
        "optimizer.learning_rate  0.001  0.1\n"
        "training.batch_size      32     8\n"
        "\n"
        "surroundings    A       B\n"
        "versions.keras  3.15.1  3.16.0\n"
        "\n"
        "data\n"
        "  different: train.y\n"
        "  in one run only: test.x\n"
        "  the same: train.x\n"
        "\n"
        "initial weights\n"
        "  different: dense/kernel\n"
        "  the same: dense/bias\n"
        "\n"
        "history\n"
        "  the same for 1 epoch, then different\n"
        "  epoch 2     A      B\n"
        "  loss     0.25  0.125\n"
        "  A has 2 epochs, B has 3\n"
        "  in one run only: val_loss\n"
        "\n"
        "final weights: not recorded by both\n"
        "\n"
        "metrics        A     B\n"
        "test.loss      0.3   0.333333333\n"
        "test.accuracy  0.9   0.8\n"
        "train.loss     0.15  0.166666667"
    )


def test_nothing_differs(runs_dir):
    """A repeated run is the same to the bit, and that is said of each part."""
    assert drawn(runs_dir, "one", "same").splitlines()[3:] == [
        "config: the same", "",
        "surroundings: the same", "",
        "data: the same to the bit", "",
        "initial weights: the same to the bit", "",
        "history", "  the same for all 2 epochs", "",
        "final weights: the same to the bit", "",
        "metrics: the same",
    ]  # fmt: skip


def test_narrow(runs_dir):
    """Values stand below each other."""
    text = drawn(runs_dir, "one", "two", width=30)
    assert "config\noptimizer.type\n  A  Adam\n  B  SGD\n" in text
    assert max(map(len, text.splitlines())) <= 40


def test_json(runs_dir, dlrun):
    """Exit code 0 whatever differs; null for what a run does not have."""
    code, out, err = dlrun("diff", "one", "two", "--json", "--runs-dir", runs_dir)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["config"]["optimizer.learning_rate"] == [0.001, 0.1]
    assert found["history"] == {
        "epochs": [2, 3], "epoch": 2, "columns": {"loss": [0.25, 0.125]}, "unshared": ["val_loss"]
    }  # fmt: skip
    assert found["data"]["different"] == ["train.y"]


@pytest.mark.parametrize(
    ("one", "other", "epoch", "columns"),
    [
        ({"loss": [1.0, NAN]}, {"loss": [1.0, NAN]}, None, {}),
        ({"loss": [1.0, 2.0]}, {"loss": [1.0]}, None, {}),
        ({"loss": [1.0], "a": [0.0]}, {"a": [1.0], "loss": [1.0]}, 1, {"a": (0.0, 1.0)}),
        ({}, {"loss": [1.0]}, None, {}),
    ],
)
def test_where_histories_part(one, other, epoch, columns):
    """The first epoch of which not all is the same; NaN is NaN."""
    found = parting(one, other)
    assert (found.epoch, found.columns) == (epoch, columns)


def test_a_config_of_another_version(runs_dir, dlrun):
    """A key that this dlrun does not know is compared all the same."""
    path = store(runs_dir, "later", config=None).path / "config.yaml"
    path.write_text(path.read_text() + "later: {key: 1}\n")
    _, out, _ = dlrun("diff", "one", "later", "--runs-dir", runs_dir)
    assert "later.key  -  1" in out


def test_a_damaged_config(runs_dir, dlrun):
    """It is named, with the place."""
    (run,) = runs_dir.glob("*_same_*")
    (run / "config.yaml").write_text("name: [")
    code, _, err = dlrun("diff", "one", "same", "--runs-dir", runs_dir)
    assert code == 4
    assert f"{run}/config.yaml: is damaged: " in err


@pytest.mark.parametrize("width", [20, 80])
def test_hostile_runs(runs_dir, width):
    """Names and values of a stranger's run cannot steer the terminal, nor begin lines."""
    (run,) = runs_dir.glob("*_same_*")
    evil = run.rename(runs_dir / "20261121-044704_\x1b[2J\nevil_aaaa")
    with (evil / "config.yaml").open("a") as file:
        file.write('"\\e[2Jkey\\n": "\\e[2J\\nvalue"\n')
    found = diff(open_run("one", runs_dir), Run(evil))
    lines = draw_difference(found, screen=Screen(width)).split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith(("evil", "value")) for line in lines)
    compared = compare(("one", "evil"), runs_dir=runs_dir)
    lines = draw_comparison(compared, screen=Screen(width)).split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith(("evil", "value")) for line in lines)
