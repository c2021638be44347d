"""Single values of a resolved config, read by their lines, are those of the whole of it."""

import pytest

from dlrun.absent import ABSENT
from dlrun.config import given, load_config
from dlrun.config.resolved import flat, value_at
from dlrun.errors import ConfigError
from tests.conftest import CONFIGS

ODD = """\
name: "a\\nseed: 7"
dataset:
  type: csv
  path: 'it''s # here'
  target: "long text with\\u2028and more: so many words that PyYAML writes this text on several \
lines, of which one may look like a key seed: 7 as in other: places, too"
  features: [a, 'b, c', "no"]
model:
  layers:
    - {type: Dense, units: 2, weights: [[[1.0, -2.0]], [0.5, .5]], kernel_regularizer: {type: L2}}
    - {type: Dense, units: 1}
loss: mse
optimizer: {type: SGD, learning_rate: {type: ExponentialDecay, initial_learning_rate: 1e-3,
  decay_steps: 5, decay_rate: 0.9}}
training:
  callbacks: [{type: EarlyStopping, monitor: loss}]
"""


def assert_agrees(text):
    for path, value in flat(text).items():
        assert value_at(text, path) == value, path
        assert value_at(text, f"{path}.nothing") is ABSENT
    for path in ("nothing", "dataset.nothing", "model.layers[99].units", "model.layers[0].nothing"):
        assert value_at(text, path) is ABSENT


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_value_of_every_shipped_config(path):
    """By lines as by parsing; and the paths are those of the experiment."""
    experiment = load_config(path, data_known=False)
    assert_agrees(experiment.to_yaml())
    assert flat(experiment.to_yaml()).keys() == given.flat(experiment).keys()


def test_values_that_look_like_something_else(tmp_path):
    """Quotes, breaks, several lines, lists, schedules, mappings with names as keys."""
    (tmp_path / "odd.yaml").write_text(ODD)
    text = load_config(tmp_path / "odd.yaml", data_known=False).to_yaml()
    assert_agrees(text)
    assert value_at(text, "model.layers[0].weights") == [[[1.0, -2.0]], [0.5, 0.5]]
    assert value_at(text, "seed") == 0
    assert value_at(text, "model.layers[-1].units") == 1


def test_components_are_told_by_their_types():
    """A section without a type is nothing that could be compared."""
    text = load_config(CONFIGS / "iris.yaml").to_yaml()
    assert value_at(text, "optimizer") == "Adam"
    assert value_at(text, "model.layers") == ["Dense", "Dense"]
    assert value_at(text, "model.layers[1]") == "Dense"
    assert value_at(text, "metrics") == ["accuracy"]
    assert value_at(text, "training") is ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "{optimizer: {type: Adam, learning_rate: 1e-2}}",
        "---\noptimizer:\n    type: Adam\n    learning_rate: 1e-2\n",
        "# by hand\noptimizer: {type: Adam, learning_rate: 1e-2}\n",
    ],
)
def test_what_another_hand_wrote(text):
    """It is parsed as a whole."""
    assert value_at(text, "optimizer.learning_rate") == 0.01
    assert value_at(text, "optimizer") == "Adam"


@pytest.mark.parametrize(
    "text", ["", "a", "[", "name: [\n", "name: x\noptimizer: {type: [\n", "\x00", "name: *a\n"]
)
def test_damage_is_absence(text):
    """A list of runs goes on."""
    assert value_at(text, "optimizer.learning_rate") is ABSENT


def test_the_whole_of_what_is_no_yaml():
    """There the damage is told."""
    with pytest.raises(ConfigError):
        flat("name: [")
