"""From a file to an `Experiment`."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from dlrun.config import Component, Experiment, load_config, locate, locating
from dlrun.errors import ConfigError, Problem
from tests.config.conftest import BASE

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))

SMALL = """\
dataset: two_points
model: {layers: [{type: Dense, units: 1}]}
training: {epochs: 0}
"""


def test_a_sweep_is_no_config(refuse):
    """One sentence in the place of one for each of its keys."""
    (told,) = refuse("base: iris.yaml\ngrid: {seed: [1, 2]}\n")
    assert told.startswith("1:1: This is a sweep, not the config of one run. `dlrun sweep /")
    assert told.endswith("config.yaml` trains its runs.")


def test_defaults_are_filled_in(load):
    """Those of dlrun, of the dataset and of Keras."""
    experiment = load(SMALL)
    assert (experiment.name, experiment.seed) == ("config", 0)
    assert (experiment.loss, experiment.optimizer, experiment.metrics) == (None, None, ())
    assert vars(experiment.dataset) == {
        "type": "two_points",
        "seed": None,
        "validation_split": None,
        "test_split": None,
        "folds": None,
        "fold": None,
        "scale": "none",
        "target_scale": None,
        "arguments": {},
    }
    training = experiment.training
    assert (training.epochs, training.batch_size, training.shuffle) == (0, 32, True)
    assert (training.class_weight, training.callbacks) == (None, ())
    (layer,) = experiment.model.layers
    assert (layer.name, layer.inputs, layer.weights, layer.trainable) == (
        "dense",
        ("input",),
        None,
        True,
    )
    assert layer.arguments["kernel_initializer"] == "glorot_uniform"
    assert [export.type for export in experiment.exports] == ["keras_model", "predictions"]


def test_words_become_canonical(load):
    """Aliases are resolved; a metric is called in the logs as it was written."""
    experiment = load(BASE, "loss=bce", "optimizer=adam", "metrics=[acc, mse, AUC, AUC]")
    assert experiment.loss.type == "BinaryCrossentropy"
    assert experiment.optimizer.type == "Adam"
    assert [(one.type, one.arguments["name"]) for one in experiment.metrics] == [
        ("accuracy", "acc"),
        ("MeanSquaredError", "mse"),
        ("AUC", "auc"),
        ("AUC", "auc_1"),
    ]


def test_layers_are_named_as_keras_names_them(load):
    """Numbered by type; a name that is taken is not given again."""
    experiment = load(
        SMALL,
        "model.layers=[{type: Dense, units: 1}, {type: Dense, units: 1}, {type: RMSNormalization},"
        "{type: Dense, units: 1, name: dense_2}, {type: Dense, units: 1}]",
    )
    assert [(layer.name, layer.inputs) for layer in experiment.model.layers] == [
        ("dense", ("input",)),
        ("dense_1", ("dense",)),
        ("rms_normalization", ("dense_1",)),
        ("dense_2", ("rms_normalization",)),
        ("dense_3", ("dense_2",)),
    ]


def test_components_as_they_stand_in_yaml(load):
    """One mapping with its type."""
    experiment = load()
    assert Component(type="Adam", arguments={"a": 1}).as_dict() == {"type": "Adam", "a": 1}
    layer = experiment.model.layers[1].as_dict()
    assert list(layer)[:6] == ["type", "name", "inputs", "weights", "trainable", "rate"]
    assert layer["inputs"] == ["hidden"]


def test_nested_components_are_completed(load):
    """Their defaults are written out too; words of Keras stay words."""
    experiment = load(
        BASE,
        "optimizer.learning_rate={type: CosineDecay, initial_learning_rate: 1, decay_steps: 9}",
        "model.layers[0].kernel_initializer=he_normal",
        "model.layers[0].kernel_regularizer={type: l2}",
        "model.layers[0].activation={type: swish}",
    )
    assert experiment.optimizer.arguments["learning_rate"]["alpha"] == 0.0
    arguments = experiment.model.layers[0].arguments
    assert arguments["kernel_initializer"] == "he_normal"
    assert arguments["kernel_regularizer"] == {"type": "L2", "l2": 0.01}
    assert arguments["activation"] == "silu"


def test_paths_are_absolute(load, tmp_path, monkeypatch):
    """In a file relative to the file, in a flag to the current folder, `~` to home."""
    text = SMALL.replace("two_points", "{type: csv, path: data/a.csv}")
    assert load(text).dataset.arguments["path"] == tmp_path / "data" / "a.csv"
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", "/home/me")
    flagged = load(text, "dataset.path=b.csv")
    assert flagged.dataset.arguments["path"] == tmp_path / "here" / "b.csv"
    flagged = load(text, "dataset.path=~/b.csv")
    assert flagged.dataset.arguments["path"] == Path("/home/me/b.csv")
    assert load(flagged.to_yaml()) == flagged


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.name)
def test_every_shipped_config_is_valid_and_resolves_to_itself(file, tmp_path):
    """The resolved config says the same as the short one, and resolving it changes nothing."""
    experiment = load_config(file)
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(experiment.to_yaml(), encoding="utf-8")
    again = load_config(resolved)
    assert again == experiment
    assert again.to_yaml() == experiment.to_yaml()


def test_an_experiment_is_frozen(load):
    """Nothing can be changed by accident."""
    experiment = load()
    with pytest.raises(AttributeError, match="frozen"):
        experiment.seed = 1


def test_problems_found_later_are_located(load, tmp_path):
    """At the deepest part of their path that was written; those that know their place keep it."""
    experiment = load(BASE, "seed=3")
    file = tmp_path / "config.yaml"
    error = ConfigError(
        Problem("model.layers[1] (Dropout)", "Keras says no."),
        Problem("model.layers[0].kernel_initializer.seed", "No."),
        Problem("model.layers[-1].activation", "No."),
        Problem("seed", "No."),
        Problem("exports[7]", "No."),
        Problem("", "No.", location="there"),
    )
    assert [problem.location for problem in locate(experiment, error).problems] == [
        f"{file}:10:7",
        f"{file}:9:7",
        f"{file}:11:43",
        "--set seed",
        f"{file}:20:10",
        "there",
    ]


def test_locating_gives_places_to_what_passes_through(load, tmp_path):
    """Other errors pass as they are."""
    experiment = load()
    with pytest.raises(ConfigError) as caught, locating(experiment):
        raise ConfigError(Problem("loss", "No.", "Yes."))
    assert str(caught.value) == f"{tmp_path / 'config.yaml'}:12:7: loss: No. Yes."
    with pytest.raises(KeyError), locating(experiment):
        raise KeyError


def test_an_experiment_that_was_not_loaded_can_be_located_in():
    """Without a file there is no place but the whole."""
    experiment = Experiment(
        name="a",
        dataset={"type": "moons"},
        model={"layers": ({"type": "Flatten", "name": "flatten"},)},
    )
    assert locate(experiment, ConfigError(Problem("seed", "No."))).problems[0].location == ""


def test_loading_imports_neither_numpy_nor_tensorflow():
    """A mistake is told before either is needed."""
    code = (
        "import sys; from dlrun.config import load_config;"
        f"load_config({str(CONFIGS[0])!r});"
        "assert not {'numpy', 'keras', 'tensorflow'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


LOOKED_AT = []
sys.addaudithook(lambda event, given: LOOKED_AT.append(str(given[0])) if event in EVENTS else None)
EVENTS = {"open", "os.listdir", "os.scandir"}


@pytest.mark.parametrize(
    "dataset",
    [
        "{type: npz, path: secret.npz, test_split: 0.2}",
        "{type: npz, path: secret.npz, x: [a, b], validation_split: 0.2}",
        "{type: images, path: secret, test_split: 0.2}",
        "{type: table, path: secret.csv, target: y, split_by: {column: s}}",
        "{type: california_housing, path: secret.npz, test_split: 0.2}",
        "{type: cifar10, path: secret, test_split: 0.2}",
    ],
)
def test_a_config_of_a_stranger_makes_nothing_be_looked_at(tmp_path, dataset):
    """Whatever its data are: no file is opened, and no folder, but the config itself."""
    for name in ("secret.npz", "secret.csv"):
        (tmp_path / name).write_bytes(b"PK\x05\x06" + bytes(18))
    (tmp_path / "secret" / "a").mkdir(parents=True)
    path = tmp_path / "config.yaml"
    layers = "[{type: RandomFlip}, {type: Flatten, inputs: [random_flip]}, {type: Dense, units: 1}]"
    path.write_text(
        f"dataset: {dataset}\nmodel: {{layers: {layers}}}\nloss: mse\noptimizer: SGD\n"
        "training: {epochs: 1, sampling: over, class_weight: balanced, callbacks: "
        "[{type: EarlyStopping, monitor: val_loss}]}\n"
    )
    LOOKED_AT.clear()
    with contextlib.suppress(ConfigError):
        load_config(path, data_known=False)
    assert [one for one in LOOKED_AT if "secret" in one] == []
