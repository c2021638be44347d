"""Whole networks as layers: begun with files, frozen, fine-tuned, kept, and handed out."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml

from dlrun.rundir.tensors import load_tensors
from tests.conftest import Silent, alone

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


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_frozen_network_keeps_the_weights_of_its_file(dlrun, home, weight_file):
    path = written(home / "a.yaml", base={"weights": str(weight_file)}, model={"freeze": ["base"]})
    trained = dlrun("train", path)
    count = sum(one.size for one in keras_network().get_weights())
    assert f"base begins with {count:,} weights of {weight_file}" in trained.err
    expected, found = by_path(keras_network()), of_base(trained.run)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    record = json.loads((trained.run / "run.json").read_text())
    assert record["pretrained"]["base"]["file"] == str(weight_file)
    head = load_tensors(trained.run / "weights.safetensors")["head/kernel"]
    begun = load_tensors(trained.run / "initial.safetensors")["head/kernel"]
    assert not np.array_equal(head, begun)


@pytest.fixture(scope="session")
def fine_tuned(common, pictures, weight_file):
    """A run of two epochs that trains the end of a network, with what is made of it."""
    from dlrun.config import load_config
    from dlrun.execution.options import RunOptions
    from dlrun.workflows.train import train

    home = common / "fine_tuned"
    with alone(common / "fine_tuned.lock"):
        if not home.exists():
            home.mkdir()
            shutil.copytree(pictures, home / "pictures")
            base = {"weights": str(weight_file), "fine_tune_at": "conv_dw_12"}
            base |= {"freeze_batch_normalization": True}
            training = {"epochs": 2, "batch_size": 4, "checkpoint_seconds": 0}
            path = written(
                home / "fine.yaml", base=base, training=training, exports=["keras_model", "script"]
            )
            options = RunOptions(home / "runs", ["dlrun", "train", str(path)], report=False)
            train(load_config(path), options, Silent())
    (run,) = (home / "runs").iterdir()
    return run


@pytest.mark.slow
def test_only_what_stands_from_there_on_is_trained(fine_tuned):
    """The kernels before it, and all of BatchNormalization, are those of the file."""
    before, after = of_base(fine_tuned, "initial.safetensors"), of_base(fine_tuned)
    moved = {name for name in after if not np.array_equal(before[name], after[name])}
    assert moved
    assert {name.split("/")[1] for name in moved} <= {
        f"conv_{kind}_{number}" for kind in ("dw", "pw") for number in (12, 13)
    }  # fmt: skip
    expected = by_path(keras_network())
    assert all(np.array_equal(before[name], expected[name]) for name in expected)


@pytest.mark.slow
def test_it_is_what_plain_keras_fits(fine_tuned):
    """The same epochs by `keras.Model.fit`, in the order of the run, give the same weights."""
    from dlrun.backend import keras
    from dlrun.execution.opening import load_rows, open_trained
    from dlrun.rundir.folder import Run
    from dlrun.training.order import permutation_in_memory

    begin = load_tensors(fine_tuned / "initial.safetensors")
    plain = keras_network()
    for layer in plain.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    for layer in plain.layers:
        if layer.name == "conv_dw_12":
            break
        layer.trainable = False
    pixels = keras.Input(SIZE)
    prepared = keras.applications.mobilenet.preprocess_input(pixels * 255.0)
    head = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pixels, head(plain(prepared)))
    head.set_weights([begin["head/kernel"], begin["head/bias"]])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    splits, _ = load_rows(open_trained(Run(fine_tuned), trust=True))
    rows = splits.train
    for epoch in range(2):
        order = permutation_in_memory(len(rows), seed=0, epoch=epoch)
        model.fit(rows.x[order], rows.y[order], batch_size=4, shuffle=False, verbose=0)
    found = of_base(fine_tuned)
    for one in plain.weights:
        assert np.allclose(found[f"base/{one.path}"], one.numpy(), rtol=1e-5, atol=1e-6), one.path
    after = load_tensors(fine_tuned / "weights.safetensors")
    assert np.allclose(after["head/kernel"], head.kernel.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_model_is_handed_out(fine_tuned):
    """Any Keras loads it and answers what the run answers; the plain program gives its bits."""
    program = "import keras, sys; print(len(keras.models.load_model(sys.argv[1]).weights))"
    loaded = subprocess.run(
        [sys.executable, "-c", program, str(fine_tuned / "model.keras")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert int(loaded.stdout) == len(load_tensors(fine_tuned / "weights.safetensors"))


@pytest.mark.slow
def test_a_network_that_is_all_trained_is_what_plain_keras_fits(dlrun, home, weight_file):
    """BatchNormalization moves its means then, as under `fit`."""
    from dlrun.backend import keras

    base = {"weights": str(weight_file)}
    path = written(home / "a.yaml", base=base, training={"epochs": 1, "batch_size": 10})
    run = dlrun("train", path, "--set", "training.shuffle=false").run
    begin, after = load_tensors(run / "initial.safetensors"), of_base(run)
    plain = keras_network()
    pixels = keras.Input(SIZE)
    prepared = keras.applications.mobilenet.preprocess_input(pixels * 255.0)
    head = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pixels, head(plain(prepared)))
    head.set_weights([begin["head/kernel"], begin["head/bias"]])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    x, y = read_pictures(home / "pictures")
    model.fit(x, y, batch_size=10, shuffle=False, verbose=0)
    means = [one for one in plain.weights if "moving_mean" in one.path]
    for one in means:
        assert np.allclose(after[f"base/{one.path}"], one.numpy(), rtol=1e-4, atol=1e-5), one.path
        assert not np.array_equal(after[f"base/{one.path}"], begin[f"base/{one.path}"])


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_network_that_scales_and_normalizes_within_is_that_of_keras(dlrun, home):
    """Begun with a file, trained, kept and opened again; it takes pixels of 0 to 255."""
    from dlrun.backend import keras

    words = {"include_top": False, "pooling": "avg", "weights": None}
    plain = keras.applications.EfficientNetB0(input_shape=SIZE, **words)
    within = plain.get_layer("normalization")
    given = np.float32([[0.4, 0.5, 0.6], [0.1, 0.2, 0.3]])  # means and variances
    within.set_weights([*given, *within.get_weights()[2:]])
    plain.save_weights(home / "efficient.weights.h5")
    made = config(training={"epochs": 1, "batch_size": 10})
    made["model"]["layers"][0] = {
        "type": "EfficientNetB0", "name": "base", **words, "weights": "efficient.weights.h5"
    }  # fmt: skip
    (home / "a.yaml").write_text(yaml.safe_dump(made))
    run = dlrun("train", home / "a.yaml").run
    told = dlrun("predict", run, home / "pictures", "-o", "-").out
    tensors = load_tensors(run / "weights.safetensors")
    assert np.array_equal(tensors["base/normalization/mean"].ravel(), np.float32([0.4, 0.5, 0.6]))
    for one in plain.weights:
        one.assign(tensors[f"base/{one.path}"])
    plain.save_weights(home / "trained.weights.h5")
    plain.load_weights(home / "trained.weights.h5")  # Normalization looks at its weights here alone
    x, _ = read_pictures(home / "pictures")
    logits = plain(x * 255).numpy() @ tensors["head/kernel"] + tensors["head/bias"]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = [float(row["probability_blue"]) for row in csv.DictReader(told.splitlines())]
    assert np.allclose(found, expected[:, 0], rtol=1e-4)


def read_pictures(folder):
    """The pixels of all pictures, from 0 to 1, and the numbers of their classes."""
    from PIL import Image

    paths = [(path, label) for label in (0, 1)
             for path in sorted((folder / ("blue", "red")[label]).iterdir())]  # fmt: skip
    x = [np.asarray(Image.open(path), "float32") / 255 for path, _ in paths]
    return np.stack(x), np.array([label for _, label in paths])


@pytest.mark.slow
def test_the_plain_program_trains_it_to_the_same_bits(fine_tuned, tmp_path):
    shutil.copytree(fine_tuned / "script", tmp_path / "script")
    done = subprocess.run(
        [sys.executable, "script/train.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_it_is_kept_reproduced_and_compared(dlrun, fine_tuned, tmp_path):
    """The folder alone is enough: the file may be gone."""
    run = shutil.copytree(fine_tuned, tmp_path / "runs" / fine_tuned.name)
    assert "are as the run wrote them" in dlrun("verify", run).out
    listed = dlrun("weights", run, "base").out
    assert "conv1/kernel" in listed
    told = dlrun("explain", run, "--row", "0", "--trust", code=1)
    assert "dlrun has no formula for MobileNet" in told.out + told.err


WRONG = [
    ({"weights": "none.weights.h5"}, {}, "There is no"),
    ({"weights": [[1.0]]}, {}, "MobileNet is a whole network, whose weights are not written down"),
    ({"pooling": "middle"}, {}, "Expected 'avg', 'max' or null, got 'middle'."),
    ({"include_top": True}, {}, "With its top a network gives classes, and nothing is pooled"),
    ({"classes": 7}, {}, "Without its top a network has no 'classes'."),
    ({"value_range": [1, 0]}, {}, "Expected two numbers, the smaller one first."),
    ({"value_range": [0, 255]}, {}, "MobileNet is told of pixels from 0 to 255"),
    ({"input_shape": [32, 32, 3]}, {}, "The input shape comes from the dataset."),
    ({"fine_tune_at": "conv1", "trainable": False}, {}, "it says 'trainable: false'"),
    ({"fine_tune_at": "conv1"}, {"model": {"freeze": ["base"]}}, "'freeze' names it"),
    ({}, {"model": {"freeze": ["bass"]}}, "There is no layer 'bass'. Did you mean 'base'?"),
    ({}, {"model": {"freeze": ["base", "base"]}}, "'base' stands here twice."),
    ({}, {"model": {"freeze": "base"}}, "Expected a list of names of layers, got 'base'."),
    ({}, {"dataset": {"scale": "standard"}}, "'scale: standard' makes other numbers"),
    ({}, {"dataset": {"size": [31, 40]}}, "MobileNet takes images of (32, 32) pixels at least"),
    ({}, {"dataset": {"color": "gray"}}, "MobileNet takes images of 3 channels"),
    (
        {"weights": "imagenet", "include_top": True, "pooling": None, "classes": 7},
        {},
        "The weights of ImageNet are for 1000 classes, got 7.",
    ),
    (
        {"weights": "imagenet", "include_top": True, "pooling": None, "alpha": 1.0},
        {"dataset": {"size": [99, 99]}},
        "With its top and the weights of ImageNet MobileNet takes images of (224, 224)",
    ),
]


@pytest.mark.parametrize(("base", "changes", "said"), WRONG, ids=[one[2][:40] for one in WRONG])
def test_what_cannot_be_is_told_without_tensorflow(dlrun, home, base, changes, said):
    refused = dlrun("validate", written(home / "a.yaml", base=base, **changes), code=2)
    assert said in " ".join(refused.err.split())


def test_weights_have_to_be_said(dlrun, home):
    path = home / "a.yaml"
    path.write_text(yaml.safe_dump(config()).replace("      weights: null\n", ""))
    text = "\n".join(line for line in path.read_text().splitlines() if "weights" not in line)
    path.write_text(text)
    refused = dlrun("validate", path, code=2)
    assert "Missing: with which weights MobileNet begins." in refused.err
    assert "Add 'weights: imagenet', 'weights: FILE', or 'weights: null'" in refused.err


def test_a_file_is_for_whole_networks(dlrun, home, weight_file):
    path = written(home / "a.yaml")
    head = f"model.layers[1].weights={weight_file}"
    refused = dlrun("validate", path, "--set", head, code=2)
    assert "Dense takes its weights as lists of numbers" in refused.err


def test_a_network_is_held_by_no_other_layer(dlrun, home):
    path = written(home / "a.yaml")
    inside = "model.layers[0]={type: TimeDistributed, layer: {type: MobileNet}}"
    assert "no other layer can hold" in dlrun("validate", path, "--set", inside, code=2).err


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize(
    ("base", "said"),
    [
        ({"alpha": 0.1}, "does not fit the network: 'conv1/kernel' has the shape"),
        ({"fine_tune_at": "conv_dw_14"}, "base has no layer 'conv_dw_14'. Did you mean"),
    ],
)
def test_a_network_that_does_not_fit_leaves_no_folder(dlrun, home, weight_file, base, said):
    path = written(home / "a.yaml", base={"weights": str(weight_file), **base})
    refused = dlrun(
        "train", path, "--runs-dir", home / "runs", code=2 if "fine" in str(base) else 3
    )
    assert said in " ".join(refused.err.split())
    assert not list((home / "runs").glob("*"))


def test_without_a_network_the_message_names_the_file(dlrun, home, monkeypatch):
    """Which file of Keras, and where to put it."""
    from dlrun.backend import keras

    def no_network(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(keras.utils, "get_file", no_network)
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))
    name = "mobilenet_2_5_224_tf_no_top.h5"
    refused = dlrun(
        "train", written(home / "a.yaml", base={"weights": "imagenet", "alpha": 0.25}), code=3
    )
    said = " ".join(refused.err.split())
    assert "The weights of ImageNet for MobileNet are not on this machine" in said
    assert f"Put {name} at {home}/keras/models/{name}" in said


def test_what_lies_in_the_cache_must_be_what_keras_expects(dlrun, home, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))
    path = home / "keras" / "models" / "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    base = {"type": "MobileNetV3Small", "alpha": 1.0, "weights": "imagenet"}
    refused = dlrun("train", written(home / "a.yaml", base=base), code=3)
    assert "is not the file that Keras expects: its md5 is" in " ".join(refused.err.split())
