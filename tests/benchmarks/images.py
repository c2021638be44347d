"""What it takes to read a folder of images, beside Keras's own way, and to train on it streamed."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from dlrun.data.streaming import LIMIT_VARIABLE
from dlrun.datasets import load_dataset
from tests.benchmarks.commands import launch
from tests.benchmarks.rows import Row, alternating
from tests.conftest import MNIST

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 28
CONFIG = """\
dataset: {{type: images, path: {path}, color: gray}}
model:
  layers: [Flatten, {{type: Dense, units: 10, activation: softmax}}]
loss: sparse_categorical_crossentropy
optimizer: Adam
training: {{epochs: 1, batch_size: 128}}
exports: []
"""


def image_folder(tiny: bool) -> Row:
    """Read MNIST from a folder of 60,000 PNGs, once to its end."""
    name = "read a folder of 60,000 PNGs"
    if not MNIST.is_file():
        return Row(name, skipped=f"no MNIST at {MNIST}")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        rows = _draw(Path(folder), 500 if tiny else 60_000)

        def ours() -> float:
            begin = time.perf_counter()
            dataset = load_dataset("images", seed=0, path=Path(folder), color="gray")
            assert len(dataset.train) == rows
            return time.perf_counter() - begin

        def theirs() -> float:
            from dlrun.backend import keras

            begin = time.perf_counter()
            dataset = keras.utils.image_dataset_from_directory(
                folder, color_mode="grayscale", image_size=(SIDE, SIDE), batch_size=1024,
                shuffle=False, verbose=0,
            )  # fmt: skip
            assert sum(len(x) for x, _ in dataset) == rows
            return time.perf_counter() - begin

        theirs()  # to import TensorFlow is no reading
        seconds = alternating(ours, theirs, 1 if tiny else 3)
    note = "to float32 from 0 to 1; `image_dataset_from_directory`, in its order, batches of 1,024"
    return Row(name, "s", *seconds, goal=1.0, note=note)


def image_memory(tiny: bool) -> Row:
    """Train an epoch on the same folder, pixels on the disk: memory beside that of few images."""
    name = "train on 60,000 PNGs, streamed, peak memory"
    if not MNIST.is_file():
        return Row(name, skipped=f"no MNIST at {MNIST}")
    peaks = []
    for count in (600 if tiny else 60_000, 500):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            _draw(Path(folder, "images"), count)
            config = Path(folder, "config.yaml")
            config.write_text(CONFIG.format(path=Path(folder, "images")), "utf-8")
            words = ("-m", "dlrun", "train", str(config), "--runs-dir", folder, "--no-report")
            with patch.dict(os.environ, {LIMIT_VARIABLE: "0"}):
                peaks.append(launch(sys.executable, *words)["mebibytes"])
    note = "a network of one layer; the same on 500 images"
    return Row(name, "MiB", *peaks, goal=1.2, faster=False, note=note)


def _draw(folder: Path, most: int) -> int:
    """Write the first digits of MNIST as PNGs into folders by class; how many there are."""
    import numpy as np
    from PIL import Image

    with np.load(MNIST) as arrays:
        images, labels = arrays["x_train"][:most], arrays["y_train"][:most]
    for label in set(labels.tolist()):
        (folder / str(label)).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label) / f"{number:05}.png"
        Image.fromarray(image).save(path, compress_level=1)
    return len(images)


BENCHMARKS: tuple[Callable[[bool], Row], ...] = (image_folder, image_memory)
