"""Configs that differ in a few values are read as if each were parsed."""

from __future__ import annotations

import pytest

from dlrun.config import given, load_config, similar
from dlrun.config.resolved import flat
from dlrun.config.similar import ConfigReader

CONFIG = """\
dataset: {type: moons}
model: {layers: [{type: Dense, units: 4}, {type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.001}
training: {epochs: 2}
"""
CHANGES = [
    [],
    ["seed=1"],
    ["seed=2", "name=other"],
    ["optimizer.learning_rate=1e-5"],
    ["optimizer.learning_rate={type: CosineDecay, initial_learning_rate: 0.1, decay_steps: 5}"],
    ["optimizer.weight_decay=0.1", "optimizer.amsgrad=true"],
    ["optimizer.type=SGD"],
    ["optimizer.type=SGD", "optimizer.momentum=0.9"],
    ["optimizer.type=SGD", "optimizer.name=sgd_fast"],
    ["model.layers[0].units=5", "model.layers[0].activation=relu"],
    ["model.layers[0].name=first"],
    ["model.layers[0].name=dense_7"],
    ["model.layers[0].weights=[[[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]], [0, 0, 0, 0]]"],
    ["metrics=[accuracy]"],
    ["metrics=[accuracy, AUC]", "seed=3"],
    ["training.class_weight=balanced", "name='a b: c'"],
    ["training.callbacks=[{type: TerminateOnNaN}]"],
    ["name='1'"],
    ["name='null'"],
    ["name=dense"],
]  # fmt: skip


@pytest.fixture
def texts(tmp_path):
    """The files of resolved configs, each beside its text."""
    source = tmp_path / "source.yaml"
    source.write_text(CONFIG)
    found = {}
    for number, overrides in enumerate(CHANGES):
        path = tmp_path / f"{number}.yaml"
        path.write_text(load_config(source, overrides).to_yaml())
        found[path] = path.read_text()
    return found


@pytest.mark.parametrize("first", range(0, len(CHANGES), 4))
def test_what_is_read_is_what_would_be_parsed(first, texts):
    """Whichever config was read first."""
    reader = ConfigReader()
    paths = list(texts)
    for path in (*paths[first:], *paths[:first]):
        values, asked = reader.read(texts[path], path)
        experiment = load_config(path)
        assert values == flat(texts[path])
        assert list(map(type, values.values())) == list(map(type, flat(texts[path]).values()))
        assert asked == given.given_paths(experiment)


def test_many_are_parsed_once(texts, monkeypatch):
    """What differs in plain values only; and once more for each line on which it does."""
    parsed = []
    monkeypatch.setattr(similar, "flat", lambda text: parsed.append(text) or flat(text))
    reader = ConfigReader()
    path, text = next(iter(texts.items()))
    for number in range(1000):
        rate = f"learning_rate: {number + 1}.5"
        other = text.replace("seed: 0", f"seed: {number}").replace("learning_rate: 0.001", rate)
        values, asked = reader.read(other, path)
        assert (values["seed"], values["optimizer.learning_rate"]) == (number, number + 1.5)
        assert ("seed" in asked) == (number != 0)
    assert len(parsed) == 3
