"""A file that is dropped on a shelf is a word everywhere: one file, and nothing else changes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dlrun

DATASET = '''\
"""Two half moons in space."""

from dlrun.data.generators import draw_dataset, seeded_generator
from dlrun.datasets.samples import Sample


def sample(*, samples, test_samples, **_):
    """Points of space in two classes."""
    return Sample((3,), ("0", "1"), rows=samples, test_rows=test_samples)


def load_data(*, seed: int, samples: int = 40, height: float = 1.0, test_samples: int = 0):
    """Points whose height tells the class.

    Args:
        seed: Where the randomness comes from.
        samples: The number of training rows.
        height: How far apart the classes are.
        test_samples: The number of fresh test rows.
    """
    import numpy as np

    def law(generator, rows):
        y = np.arange(rows) % 2
        x = generator.normal(size=(rows, 3))
        x[:, 2] += height * y
        return x, y

    return draw_dataset(law, seeded_generator(seed), samples, test_samples, (0.0, 1.0))
'''
EXPORTER = '''\
"""Exports every weight as a table of its own."""


def export(*, model, splits, predictor, folder, digits: int = 6):
    """Write `weights/<name>.csv`."""
    (folder.path / "weights").mkdir()
    paths = []
    for number, weight in enumerate(model.get_weights()):
        paths.append(folder.path / "weights" / f"{number}.csv")
        numbers = weight.reshape(len(weight), -1).tolist()
        lines = (",".join(f"{one:.{digits}g}" for one in row) for row in numbers)
        paths[-1].write_text("\\n".join(lines) + "\\n")
    return paths
'''
CALLBACK = '''\
"""Stops early, whatever happens."""

from dlrun.backend import keras


class StopAt(keras.callbacks.Callback):
    """Stops after some epochs."""

    def __init__(self, epochs: int = 2):
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch + 1 >= self.epochs
'''
CONFIG = """\
dataset: {type: two_moons_3d, samples: 30, test_samples: 6}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
training: {epochs: 5, callbacks: [{type: StopAt, epochs: 3}]}
exports: [{type: csv_weights, digits: 9}]
"""


@pytest.fixture
def shelf(tmp_path):
    """Run a command line with a copy of the package in which three files have been dropped."""
    package = tmp_path / "package" / "dlrun"
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(dlrun.__file__).parent, package, ignore=hidden)
    (package / "datasets" / "two_moons_3d.py").write_text(DATASET)
    (package / "exporters" / "csv_weights.py").write_text(EXPORTER)
    (package / "callbacks" / "stop_at.py").write_text(CALLBACK)
    (tmp_path / "config.yaml").write_text(CONFIG)

    def run(*words, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "dlrun", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(package.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_dropped_files_are_words(shelf, tmp_path):
    """They are listed, in the schema, held against the layers, trained, and vouched for."""
    assert "two_moons_3d" in shelf("list", "datasets")
    assert "height" in shelf("list", "datasets", "two_moons_3d")
    schema = shelf("schema")
    assert all(word in schema for word in ("two_moons_3d", "csv_weights", "StopAt"))
    (summary,) = json.loads(shelf("validate", "--summary", "--json", "config.yaml"))
    assert summary["summary"]["input_shape"] == [None, 3]
    assert "test rows of its own" in shelf(
        "validate", "config.yaml", "--set", "dataset.test_split=0.5", code=2
    )
    shelf("train", "config.yaml", "--no-report")
    (run,) = (tmp_path / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert record["exports"] == ["weights/0.csv", "weights/1.csv"]
    assert len((run / "history.csv").read_text().splitlines()) == 1 + 3
    (tmp_path / "new.csv").write_text("x1,x2,x3\n1,2,3\n")
    shelf("predict", "latest", "new.csv")
    shelf("verify", "latest")
    exported = run / "weights" / "1.csv"
    content = exported.read_bytes()
    exported.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert f"{exported.relative_to(tmp_path)}: is not what the run saved" in shelf(
        "verify", "latest", code=4
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def load_data(*, seed):\n    return (\n", "two_moons_3d.py:2: this is no Python: "),
        ("def load_data(seed, rows=3): ...\n", "load_data takes 'seed', 'rows' by position."),
        (
            "def load_data(*, rows=3): ...\n",
            "load_data does not take 'seed', which dlrun gives it.",
        ),
    ],
)
def test_a_file_that_is_no_word_is_named(shelf, tmp_path, text, message):
    """With what is wrong with it, wherever its word is read."""
    (tmp_path / "package" / "dlrun" / "datasets" / "two_moons_3d.py").write_text(text)
    for words in (["list", "datasets", "two_moons_3d"], ["validate", "config.yaml"]):
        assert message in shelf(*words, code=1)
