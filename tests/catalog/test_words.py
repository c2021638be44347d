"""The words of a config."""

import subprocess
import sys
from pathlib import Path

import pytest

from dlrun import catalog

DATASETS = Path(catalog.__file__).parents[1] / "datasets"


def test_reading_the_catalog_imports_neither_numpy_nor_keras():
    """It is read as text."""
    code = (
        "import sys; from dlrun import catalog;"
        "[catalog.find(kind, word) for kind in catalog.KINDS for word in catalog.words(kind)];"
        "assert not {'numpy', 'keras', 'tensorflow'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_every_word_is_found_and_described(kind):
    """Under its canonical name, with a first sentence, and no argument twice."""
    for name in catalog.words(kind):
        word = catalog.find(kind, name)
        assert (word.kind, word.name) == (kind, name)
        assert catalog.gist(kind, name)
        names = [parameter.name for parameter in word.parameters]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("kind", "alias", "name"),
    [
        ("losses", "mse", "MeanSquaredError"),
        ("losses", "categorical_crossentropy", "CategoricalCrossentropy"),
        ("optimizers", "adam", "Adam"),
        ("optimizers", "ADAM", "Adam"),
        ("activations", "relu", "relu"),
        ("activations", "swish", "silu"),
        ("initializers", "glorot_uniform", "GlorotUniform"),
        ("regularizers", "l2", "L2"),
        ("constraints", "max_norm", "MaxNorm"),
        ("layers", "MaxPool2D", "MaxPooling2D"),
        ("layers", "Convolution2D", "Conv2D"),
        ("metrics", "accuracy", "accuracy"),
        ("metrics", "acc", "accuracy"),
        ("metrics", "Accuracy", "Accuracy"),
        ("metrics", "auc", "AUC"),
    ],
)
def test_aliases_lead_to_the_canonical_word(kind, alias, name):
    """Keras's aliases are welcome."""
    assert catalog.find(kind, alias).name == catalog.canonical(kind, alias) == name


@pytest.mark.parametrize(
    ("kind", "word", "near"),
    [
        ("layers", "dense", "Dense"),
        ("layers", "Dens", "Dense"),
        ("layers", "conv2d", "Conv2D"),
        ("losses", "categorical_crosentropy", "categorical_crossentropy"),
        ("optimizers", "Adm", "Adam"),
        ("datasets", "mooons", "moons"),
        ("callbacks", "EarlyStop", "EarlyStopping"),
        ("layers", "qqqqqqqq", None),
    ],
)
def test_a_near_word_is_suggested(kind, word, near):
    """Whatever the case of its letters."""
    assert catalog.suggest(kind, word) == (near and f"Did you mean '{near}'?")


@pytest.mark.parametrize(
    "layer", ["Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"]
)
def test_layers_that_run_code_are_no_words(layer):
    """They are refused with the reason."""
    assert layer not in catalog.words("layers")
    assert catalog.find("layers", layer) is None
    assert catalog.refusal("layers", layer) == "it runs code that a config cannot hold"


def test_a_dataset_is_a_file_with_load_data():
    """Its seed is given by dlrun, everything else by the config."""
    files = {file.stem for file in DATASETS.glob("*.py") if not file.stem.startswith("_")}
    assert set(catalog.words("datasets")) == files - {"samples"}  # what all of them tell with
    moons = catalog.find("datasets", "moons")
    assert (moons.origin, moons.module) == ("dlrun", "dlrun.datasets.moons")
    assert moons.parameter("seed") is None
    assert moons.parameter("noise").annotation == "float"
    assert moons.parameter("noise").doc


def test_an_exporter_takes_only_its_own_arguments():
    """Model, splits, predictor and folder are handed to it."""
    assert catalog.find("exporters", "keras_model").parameters == ()


def test_own_callbacks_are_classes():
    """The class name is the word, and it comes before one of Keras that has the same name."""
    word = catalog.find("callbacks", "LearningRateScheduler")
    assert word.origin == "dlrun"
    assert [parameter.name for parameter in word.parameters] == ["schedule", "verbose"]


def test_accuracy_is_a_word_of_its_own():
    """It fits every form of labels, so it is not Keras's class of that name."""
    word = catalog.find("metrics", "accuracy")
    assert (word.origin, [one.name for one in word.parameters]) == ("dlrun", ["name"])
