"""Whole networks as layers: begun with files, frozen, fine-tuned, kept, gone on with, handed out."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import yaml

from dlrun.config import load_config
from dlrun.rundir.tensors import load_tensors

NETWORK = {
    "type": "MobileNet",
    "name": "base",
    "include_top": False,
    "pooling": "avg",
    "alpha": 0.05,
    "weights": None,
}
CONFIG = {
    "dataset": {"type": "images", "path": "pictures"},
    "model": {
        "layers": [
            dict(NETWORK),
            {"type": "Dense", "name": "head", "units": 2, "activation": "softmax"},
        ]
    },
    "loss": "sparse_categorical_crossentropy",
    "optimizer": {"type": "SGD", "learning_rate": 0.1},
    "training": {"epochs": 1, "batch_size": 4},
}
SIZE = (32, 32, 3)


def config(base=(), dataset=(), **sections):
    """The config with other arguments of the network, and other sections."""
    made = json.loads(json.dumps(CONFIG))
    made["model"]["layers"][0] |= dict(base)
    made["dataset"] |= dict(dataset)
    made["model"] |= sections.pop("model", {})
    return made | sections


def written(path, **changes):
    """Write the config into a file."""
    path.write_text(yaml.safe_dump(config(**changes)))
    return path


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Ten colored pictures of 32 x 32 pixels in two classes, red ones and blue ones."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures") / "pictures"
    generator = np.random.default_rng(0)
    for number in range(10):
        pixels = generator.integers(0, 120, SIZE, dtype=np.uint8)
        pixels[:, :, number % 2 * 2] += 100
        place = folder / ("red", "blue")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


@pytest.fixture
def home(tmp_path, pictures):
    """The folder in which `dlrun` works, with the pictures."""
    shutil.copytree(pictures, tmp_path / "pictures")
    return tmp_path


def keras_network(seed=7):
    """The network of the config as Keras builds it, with weights of its own."""
    from dlrun.backend import keras

    plain = keras.applications.MobileNet(
        input_shape=SIZE, include_top=False, pooling="avg", alpha=0.05, weights=None
    )
    generator = np.random.default_rng(seed)
    plain.set_weights(
        [np.abs(generator.normal(0.5, 0.2, one.shape)) for one in plain.get_weights()]
    )
    return plain


@pytest.fixture(scope="session")
def weight_file(tmp_path_factory):
    """A file with the weights of `keras_network`."""
    path = tmp_path_factory.mktemp("file") / "mobilenet.weights.h5"
    keras_network().save_weights(path)
    return path


def of_base(run, name="weights.safetensors"):
    """The weights of the network in a run, in their order in Keras."""
    tensors = load_tensors(run / name)
    return {path: one for path, one in tensors.items() if path.startswith("base/")}


def by_path(plain):
    """The weights of a network of Keras, by the paths that they have in a run."""
    return {f"base/{one.path}": one.numpy() for one in plain.weights}


def test_a_frozen_network_keeps_the_weights_of_its_file(dlrun, home, weight_file, eagerly):
    path = written(home / "a.yaml", base={"weights": str(weight_file)}, model={"freeze": ["base"]})
    trained = dlrun("train", path)
    assert f"base begins with 19,141 weights of {weight_file}" in trained.err or (
        f"weights of {weight_file}" in trained.err
    )
    expected, found = by_path(keras_network()), of_base(trained.run)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    record = json.loads((trained.run / "run.json").read_text())
    assert record["pretrained"]["base"]["file"] == str(weight_file)
    head = load_tensors(trained.run / "weights.safetensors")["head/kernel"]
    begun = load_tensors(trained.run / "initial.safetensors")["head/kernel"]
    assert not np.array_equal(head, begun)
