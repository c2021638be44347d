"""MNIST: 70,000 handwritten digits by Y. LeCun, C. Cortes and C. Burges (CC BY-SA 3.0)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample, grey_images

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

PIXEL_MAX = 255.0
SIZE = 28
CLASSES = 10
TEST_ROWS = 10_000


def sample(*, flatten: bool, **_: Any) -> Sample:
    """Grey images of ten digits; the file says how many."""
    return grey_images(SIZE, flatten=flatten, classes=CLASSES)._replace(test_rows=TEST_ROWS)


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path | None = None,
    flatten: bool = False,
) -> Dataset:
    """60,000 training and 10,000 test images of 28 x 28 pixels, in their original order.

    Args:
        seed: Not used.
        path: An `.npz` file with `x_train`, `y_train`, `x_test`, `y_test`, or a folder with the
            four IDX files, gzipped or not. Null takes the file in the Keras cache, and downloads
            it once if it is not there.
        flatten: Whether each image becomes one row of 784 pixels.
    """
    from dlrun.data.images import image_dataset, read_like_mnist
    from dlrun.data.keras_cache import find_cached, of_cache

    instead = "an .npz file with x_train, y_train, x_test, y_test or to a folder with the four "
    instead += "IDX files"
    source = path or find_cached("mnist", ["mnist.npz"], title="MNIST", instead=instead)
    with of_cache(path):
        train, test = read_like_mnist(Path(source), "MNIST", SIZE, CLASSES)
    return image_dataset(
        train, test, pixel_max=PIXEL_MAX, flatten=flatten, classes=CLASSES, where=str(source)
    )
