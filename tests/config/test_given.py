"""A config line by line: what was asked for, and what is a default."""

from __future__ import annotations

import pytest

from dlrun.config import given, load_config
from tests.conftest import CONFIGS

CONFIG = """\
name: small
dataset: {type: moons, noise: 0.1, samples: 400}
model:
  layers:
    - {type: Dense, name: wide, units: 4, kernel_initializer: glorot_uniform}
    - {type: Dense, units: 1, activation: sigmoid, trainable: false}
loss: binary_crossentropy
optimizer: {type: SGD, learning_rate: 0.01, momentum: 0.9}
training: {epochs: 10, batch_size: 16}
"""


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "a.yaml").write_text(CONFIG)
    return load_config(tmp_path / "a.yaml")


def test_what_was_given_is_told_from_defaults(experiment):
    """Written-down defaults are defaults; what has to be given is given."""
    shown = [line.text for line in given.lines(experiment) if line.given]
    assert "\n".join(shown) == (
        "name: small\n"
        "dataset:\n"
        "  type: moons\n"
        "  samples: 400\n"
        "model:\n"
        "  layers:\n"
        "  - type: Dense\n"
        "    name: wide\n"
        "    units: 4\n"
        "  - type: Dense\n"
        "    trainable: false\n"
        "    units: 1\n"
        "    activation: sigmoid\n"
        "loss:\n"
        "  type: BinaryCrossentropy\n"
        "optimizer:\n"
        "  type: SGD\n"
        "  momentum: 0.9\n"
        "training:\n"
        "  batch_size: 16"
    )


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_all_lines_are_the_resolved_config(path, tmp_path):
    """Nothing is lost: the lines are read back as the same experiment."""
    first = load_config(path)
    lines = given.lines(first)
    (tmp_path / "again.yaml").write_text("\n".join(line.text for line in lines))
    assert load_config(tmp_path / "again.yaml") == first
    assert any(line.given for line in lines)
    assert not all(line.given for line in lines)


def test_long_values_are_cut(tmp_path):
    """A matrix written down must not fill a page."""
    weights = [[[1.0] * 200] * 2, [0.0] * 200]
    text = CONFIG.replace("units: 4", f"units: 200, weights: {weights}")
    (tmp_path / "a.yaml").write_text(text)
    lines = [line.text for line in given.lines(load_config(tmp_path / "a.yaml"))]
    assert any(line.strip() == "…" for line in lines)
    assert len(lines) < 120


def test_dotted_paths(experiment):
    """Layers by number; lists of plain values stay lists."""
    flat = given.flat(experiment)
    assert flat["model.layers[0].units"] == 4
    assert flat["model.layers[1].inputs"] == ["wide"]
    assert flat["optimizer.momentum"] == 0.9
    assert flat["training.callbacks"] == []
    asked = given.given_paths(experiment)
    assert asked == {
        "name", "dataset.type", "dataset.samples", "model.layers[0].type", "model.layers[0].name",
        "model.layers[0].units", "model.layers[1].type", "model.layers[1].units",
        "model.layers[1].activation", "model.layers[1].trainable", "loss.type", "optimizer.type",
        "optimizer.momentum", "training.batch_size",
    }  # fmt: skip


def test_options_of_columns_are_defaults_too():
    """What a config says of a column is its kind, and what is not usual for it."""
    experiment = load_config(CONFIGS / "sentiment_average.yaml")
    asked = {path for path in given.given_paths(experiment) if ".columns." in path}
    assert asked == {"dataset.columns.review.type", "dataset.columns.review.length"}
    assert "dataset.columns.review.min_count" in given.flat(experiment)
