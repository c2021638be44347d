"""Configs that begin where others end: what is merged, what is replaced, where it was written."""

import json

import pytest

from dlrun.config import load_config
from dlrun.errors import ConfigError

BASE = """\
name: small
dataset: {type: csv, path: rows.csv, target: y}
model: {layers: [{type: Dense, units: 4}, {type: Dense, units: 1}]}
loss: mse
optimizer: {type: Adam, learning_rate: 0.1, beta_1: 0.5}
training: {epochs: 7, batch_size: 4}
"""


@pytest.fixture
def write(tmp_path):
    """Write files by their names, and load the last one."""
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n2,3\n3,4\n4,5\n")
    (tmp_path / "base.yaml").write_text(BASE)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return path

    return write


def refused(path, *overrides):
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_mappings_are_merged_and_lists_replaced(write):
    """Paths of the base are relative to the base."""
    found = load_config(
        write(
            deep__c="extends: ../base.yaml\n"
            "model: {layers: [{type: Dense, units: 1}]}\n"
            "optimizer: {learning_rate: 0.2}\n"
            "training: {epochs: 3}\n"
        )
    )
    assert found.name == "small"
    assert [layer.arguments["units"] for layer in found.model.layers] == [1]
    assert (found.training.epochs, found.training.batch_size) == (3, 4)
    assert found.optimizer.arguments["learning_rate"] == 0.2
    assert found.optimizer.arguments["beta_1"] == 0.5
    assert found.dataset.arguments["path"] == write(base=BASE).parent / "rows.csv"


@pytest.mark.parametrize("optimizer", ["SGD", "{type: SGD}", "{type: sgd, learning_rate: 0.01}"])
def test_another_word_takes_nothing_of_the_one_before(write, optimizer):
    """The arguments of Adam are not those of SGD."""
    found = load_config(write(c=f"extends: base.yaml\noptimizer: {optimizer}\n")).optimizer
    assert (found.type, found.arguments["learning_rate"]) == ("SGD", 0.01)


def test_a_bare_word_takes_arguments(write):
    """As with `--set`."""
    base = BASE.replace("loss: mse", "loss: huber")
    found = load_config(write(base=base, c="extends: base.yaml\nloss: {delta: 2}\n"))
    assert (found.loss.type, found.loss.arguments["delta"]) == ("Huber", 2)
    weights = "extends: base.yaml\ntraining: {class_weight: {a: 2}}\n"
    balanced = BASE.replace("epochs: 7", "class_weight: balanced")
    assert load_config(write(base=balanced, c=weights)).training.class_weight == {"a": 2}


def test_the_later_of_several_bases_wins(write):
    """And the config more than any of them, however deep what they extend."""
    files = {
        "one": "training: {epochs: 1, batch_size: 1}\nseed: 1\n",
        "two": "extends: one.yaml\ntraining: {epochs: 2}\n",
        "c": "extends: [base.yaml, two.yaml]\nseed: 3\n",
    }
    found = load_config(write(**files))
    assert (found.seed, found.training.epochs, found.training.batch_size) == (3, 2, 1)


def test_null_takes_away(write):
    """What is left out has its default."""
    found = load_config(write(c="extends: base.yaml\ntraining:\n"))
    assert (found.training.epochs, found.training.batch_size) == (10, 32)


def test_mistakes_are_told_where_they_stand(write):
    """Those of the base in the base, of files that are not there where they are named."""
    path = write(base=BASE.replace("units: 4", "unit: 4"), c="extends: base.yaml\nseed: x\n")
    assert refused(path).splitlines() == [
        "base.yaml:3:32: model.layers[0].unit: Dense has no argument 'unit'. Did you mean 'units'?",
        "c.yaml:2:7: seed: Expected an integer, got 'x'.",
    ]
    assert refused(write(c="extends: bass.yaml\n")) == (
        "c.yaml:1:10: extends: There is no file 'bass.yaml'. Did you mean 'base.yaml'?"
    )
    assert refused(write(c="extends: {a: 1}\n")) == (
        "c.yaml:1:10: extends: Expected the path of a config, got a mapping."
    )
    assert refused(write(a="extends: c.yaml\n", c="extends: [base.yaml, a.yaml]\n")) == (
        "a.yaml:1:10: extends: It would extend itself: c.yaml > a.yaml > c.yaml. Leave one out."
    )
    assert refused(write(base="[]", c="extends: base.yaml\n")) == (
        "base.yaml:1:1: Expected a mapping, got []."
    )


def test_so_many_files_are_read_and_no_more(write):
    """Each of ten extends the next one twice, which would be a thousand files."""
    files = {f"f{n}": f"extends: [f{n + 1}.yaml, f{n + 1}.yaml]\n" for n in range(10)}
    write(f10="seed: 1\n", **files)
    path = write(c="extends: f0.yaml\n")
    assert "extends: More than 100 files for one config." in refused(path)


def test_private_keys_hold_anchors(write):
    """At the top only: elsewhere they are as unknown as any other key."""
    text = "x-rates: {slow: &slow 0.001}\nextends: base.yaml\noptimizer: {learning_rate: *slow}\n"
    assert load_config(write(c=text)).optimizer.arguments["learning_rate"] == 0.001
    path = write(c="extends: base.yaml\ntraining: {x-epochs: 3}\n")
    assert "training.x-epochs: Unknown key 'x-epochs'." in refused(path)


def test_a_value_tells_where_it_comes_from(write, dlrun):
    """The file and the line, the flag, or that it is a default."""
    path = write(c="extends: base.yaml\ntraining: {epochs: 3}\n")
    words = ["validate", str(path), "--set", "seed=4", "--explain"]
    keys = ["training.epochs", "--explain", "training.shuffle", "--explain", "seed"]
    told = dlrun(*words, *keys, "--explain", "training.batch_size").out
    lines = [line.split() for line in told.replace(f"{path.parent}/", "").splitlines()[1:]]
    assert lines == [
        ["training.epochs", "3", "c.yaml:2:20"],
        ["training.shuffle", "true", "default"],
        ["seed", "4", "--set", "seed"],
        ["training.batch_size", "4", "base.yaml:6:35"],
    ]
    (found,) = json.loads(dlrun(*words, "loss", "--json").out)
    assert found["explained"][0] == {
        "key": "loss.type",
        "value": "MeanSquaredError",
        "location": f"{path.parent}/base.yaml:4:7",
    }
    refusal = dlrun(*words, "trainin", code=2).err
    assert "--explain: The config has no key 'trainin'.\n  Did you mean 'training'?" in refusal
