"""CIFAR-10: 60,000 colour images in 10 classes, by A. Krizhevsky, V. Nair and G. Hinton."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

PIXEL_MAX = 255.0
SHAPE = (32, 32, 3)
NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
FOLDER = "cifar-10-batches-py"
TEST_ROWS = 10_000


def sample(**_: Any) -> Sample:
    """Colour images of ten classes."""
    return Sample(SHAPE, NAMES, test_rows=TEST_ROWS, fractions=True)


def load_data(*, seed: int, path: Path | None = None) -> Dataset:  # noqa: ARG001  rows are fixed
    """50,000 training and 10,000 test images, `(32, 32, 3)`, in their original order.

    Args:
        seed: Not used.
        path: The folder `cifar-10-batches-py` of the Python version, unpacked. Null takes the one
            in the Keras cache, and downloads it once if it is not there.
    """
    import numpy as np

    from dlrun.data.images import image_dataset
    from dlrun.data.keras_cache import check_images, find_cached, of_cache, read_batch

    source = path or find_cached(
        "cifar10",
        [f"{FOLDER}-target/{FOLDER}", FOLDER],
        title="CIFAR-10",
        instead=f"the unpacked folder {FOLDER}",
    )
    with of_cache(path):
        names = [f"data_batch_{number}" for number in range(1, 6)]
        batches = [read_batch(Path(source, name), "labels") for name in names]
        images, labels = (np.concatenate(each) for each in zip(*batches, strict=True))
        parts = {
            "train": (images, labels),
            "test": read_batch(Path(source, "test_batch"), "labels"),
        }
        for part, (x, y) in parts.items():
            check_images(x, y, part=part, shape=SHAPE, classes=len(NAMES), where=str(source))
    return image_dataset(
        parts["train"], parts["test"], pixel_max=PIXEL_MAX, flatten=False, classes=NAMES,
        where=str(source),
    )  # fmt: skip
