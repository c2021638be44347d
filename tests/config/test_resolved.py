"""Single values of a config by dotted paths."""

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
    values = flat(text)
    for path, value in values.items():
        assert value_at(values, path) == (ABSENT if value == {} else value), path
        assert value_at(values, f"{path}.nothing") is ABSENT
    for path in ("nothing", "dataset.nothing", "model.layers[99].units", "model.layers[0].nothing"):
        assert value_at(values, path) is ABSENT


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_value_of_every_shipped_config(path):
    """And the paths are those of the experiment."""
    extends = "\nextends:" in path.read_text()  # what a run folder says extends nothing
    experiment = load_config(path, data_known=extends)
    assert_agrees(experiment.to_yaml())
    assert flat(experiment.to_yaml()).keys() == given.flat(experiment).keys()


def test_values_that_look_like_something_else(tmp_path):
    """Quotes, breaks, several lines, lists, schedules, mappings with names as keys."""
    (tmp_path / "odd.yaml").write_text(ODD)
    text = load_config(tmp_path / "odd.yaml", data_known=False).to_yaml()
    assert_agrees(text)
    values = flat(text)
    assert value_at(values, "model.layers[0].weights") == [[[1.0, -2.0]], [0.5, 0.5]]
    assert value_at(values, "seed") == 0
    assert value_at(values, "model.layers[-1].units") == 1


def test_components_are_told_by_their_types():
    """A section without a type is nothing that could be compared."""
    values = flat(load_config(CONFIGS / "iris.yaml").to_yaml())
    assert value_at(values, "optimizer") == "Adam"
    assert value_at(values, "model.layers") == ["Dense", "Dense"]
    assert value_at(values, "model.layers[1]") == "Dense"
    assert value_at(values, "metrics") == ["accuracy"]
    assert value_at(values, "training") is ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "{optimizer: {type: Adam, learning_rate: 1e-2}}",
        "---\noptimizer:\n    type: Adam\n    learning_rate: 1e-2\n",
        "# by hand\noptimizer: {type: Adam, learning_rate: 1e-2}\n",
    ],
)
def test_what_another_hand_wrote(text):
    """The form of a YAML file does not matter."""
    values = flat(text)
    assert value_at(values, "optimizer.learning_rate") == 0.01
    assert value_at(values, "optimizer") == "Adam"


@pytest.mark.parametrize("path", ["", ".", "[0]", "a[0][-3].b", "optimizer..type", "a.type.type"])
def test_odd_paths(path):
    """They lead nowhere."""
    values = {"": 1, "a[0].type": "Dense", "a[0].units": {}, "optimizer": None, "[1": 2}
    assert value_at(values, path) in (ABSENT, 1)


def test_the_whole_of_what_is_no_yaml():
    """There the damage is told."""
    with pytest.raises(ConfigError):
        flat("name: [")
