"""`dlrun init --from-keras`: a Keras model becomes a config that predicts the same."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from dlrun.backend import keras


def saved(path, *layers, shape, compiled=None):
    """Save a stack of layers whose weights are all drawn."""
    model = keras.Sequential([keras.Input(shape), *layers])
    model.set_weights([_drawn(one.shape) for one in model.weights])
    if compiled:
        model.compile(**compiled)
    model.save(path)
    return model


def _drawn(shape):
    return np.random.default_rng(3).uniform(0.1, 1, shape).astype("float32")


def predicted(dlrun, config, x):
    """Train a config for no epochs, and predict the rows."""
    np.savez("data.npz", x=x, y=np.arange(len(x)) % 2)
    run = dlrun("train", config, "--set", "training.epochs=0", "--quiet").run
    np.save("rows.npy", x)
    lines = dlrun("predict", run, "rows.npy", "-o", "-", "--quiet").out.splitlines()
    heads = lines[0].split(",")
    chosen = [n for n, head in enumerate(heads) if head.startswith("probability")]
    return np.array([[float(line.split(",")[n]) for n in chosen] for line in lines[1:]])


@pytest.mark.slow
def test_a_stack_predicts_the_same(dlrun, tmp_path):
    """Recurrent and normalizing layers, arguments, a frozen one; loss and optimizer too."""
    keras.utils.clear_session()
    layers = keras.layers
    frozen = layers.Dense(4, activation="gelu", kernel_regularizer=keras.regularizers.L2(0.25))
    frozen.trainable = False
    optimizer = keras.optimizers.SGD(0.5)
    compiled = {"loss": "sparse_categorical_crossentropy", "optimizer": optimizer}
    model = saved(
        "model.keras",
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.Conv1D(4, 2, padding="same"),
        layers.BatchNormalization(),
        layers.Flatten(name="flat"),
        layers.Dropout(0.3),
        frozen,
        layers.Dense(2, activation="softmax"),
        shape=(5, 2),
        compiled=compiled,
    )
    said = dlrun("init", "--from-keras", "model.keras", "-o", "model.yaml")
    assert "warning" not in said.err
    text = (tmp_path / "model.yaml").read_text()
    for words in ("name: flat", "rate: 0.3", "l2: 0.25", "trainable: false", "learning_rate: 0.5"):
        assert words in text
    x = np.random.default_rng(1).normal(size=(7, 5, 2)).astype("float32")
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predicted(dlrun, "model.yaml", x), expected, atol=2e-6)


def test_a_graph_predicts_the_same(dlrun):
    """Branches are read by name; the output is the last layer, wherever it stood."""
    keras.utils.clear_session()
    data = keras.Input((3,))
    wide = keras.layers.Dense(4, name="wide")(data)
    deep = keras.layers.Dense(4, name="deep", activation="tanh")(wide)
    both = keras.layers.Concatenate(name="both")([deep, wide, data])
    model = keras.Model(data, keras.layers.Dense(2, activation="softmax")(both))
    model.save("graph.keras")
    said = dlrun("init", "--from-keras", "graph.keras").out
    assert "inputs: [deep, wide, input]" in said
    assert "loss: sparse_categorical_crossentropy" in said
    dlrun("init", "--from-keras", "graph.keras", "-o", "graph.yaml")
    x = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")
    received = predicted(dlrun, "graph.yaml", x)
    np.testing.assert_allclose(received, model.predict(x, verbose=0), atol=2e-6)


def test_what_no_config_can_say_is_told_at_once(dlrun, tmp_path):
    """Code, several inputs, layers that are called twice, what is no model."""
    keras.utils.clear_session()
    first, second = keras.Input((2,)), keras.Input((2,))
    keras.Model([first, second], keras.layers.Add()([first, second])).save("two.keras")
    assert "it has 2 inputs" in dlrun("init", "--from-keras", "two.keras", code=3).err
    shared = keras.layers.Dense(2, name="shared")
    keras.Model(first, shared(shared(first))).save("shared.keras")
    assert "'shared' is called 2 times" in dlrun("init", "--from-keras", "shared.keras", code=3).err
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    keras.Sequential([keras.Input((2,)), inner, keras.layers.Lambda(lambda x: x)]).save(
        "code.keras"
    )
    told = dlrun("init", "--from-keras", "code.keras", code=3).err
    assert "Sequential is not among the layers" in told
    assert "Lambda" in told
    for name, content in {"a.keras": b"no zip", "b.keras": b"PK\x05\x06" + bytes(18)}.items():
        (tmp_path / name).write_bytes(content)
        assert "no .keras file" in dlrun("init", "--from-keras", name, code=3).err
    assert "cannot be read" in dlrun("init", "--from-keras", "nowhere.keras", code=3).err
    assert "no template" in dlrun("init", "csv", "--from-keras", "two.keras", code=2).err


def test_a_model_is_data(dlrun, tmp_path):
    """Names of modules are read and never imported; a file with links out of it is refused."""
    import h5py

    keras.utils.clear_session()
    saved("model.keras", keras.layers.Dense(1, activation="sigmoid"), shape=(2,))
    with zipfile.ZipFile("model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1] |= {"module": "antigravity", "registered_name": "antigravity>x"}
    with zipfile.ZipFile("module.keras", "w") as archive:
        for name, data in (parts | {"config.json": json.dumps(config)}).items():
            archive.writestr(name, data)
    assert "not among the layers" in dlrun("init", "--from-keras", "module.keras", code=3).err
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["secret"] = np.full((2, 1), 42, "float32")
    stored = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(stored, "r+") as file:
        del file["layers/dense/vars/0"]
        place = str(tmp_path / "secret.h5")
        file["layers/dense/vars/0"] = h5py.ExternalLink(place, "secret")
    with zipfile.ZipFile("link.keras", "w") as archive:
        for name, data in (parts | {"model.weights.h5": stored.getvalue()}).items():
            archive.writestr(name, data)
    said = dlrun("init", "--from-keras", "link.keras", code=3)
    assert (said.out, "'layers/dense/vars/0' is a link to elsewhere" in said.err) == ("", True)


def test_many_weights_are_told_to_be_left_out(dlrun):
    """A config that could not be read again would be no config."""
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((300,)), keras.layers.Dense(200)])
    model.save("large.keras")
    said = dlrun("init", "--from-keras", "large.keras")
    assert "its 60,200 weights are left out" in said.err
    assert "weights:" not in said.out.partition("model:")[2]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
