"""Fashion-MNIST: 70,000 images of clothes, by Zalando SE (MIT license)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample, grey_images

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

PIXEL_MAX = 255.0
SIZE = 28
NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
TEST_ROWS = 10_000


def sample(*, flatten: bool, **_: Any) -> Sample:
    """Grey images of ten kinds of clothes."""
    known = grey_images(SIZE, flatten=flatten, classes=len(NAMES))
    return known._replace(classes=NAMES, test_rows=TEST_ROWS)


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    path: Path | None = None,
    flatten: bool = False,
) -> Dataset:
    """60,000 training and 10,000 test images of 28 x 28 pixels, in their original order.

    Args:
        seed: Not used.
        path: A folder with the four IDX files, gzipped or not, or an `.npz` file with `x_train`,
            `y_train`, `x_test`, `y_test`. Null takes the folder in the Keras cache, and downloads
            it once if it is not there.
        flatten: Whether each image becomes one row of 784 pixels.
    """
    from dlrun.data.images import image_dataset, read_like_mnist
    from dlrun.data.keras_cache import find_cached, of_cache

    source = path or find_cached(
        "fashion_mnist",
        ["fashion-mnist"],
        title="Fashion-MNIST",
        instead="a folder with the four IDX files, or an .npz file",
    )
    with of_cache(path):
        train, test = read_like_mnist(Path(source), "Fashion-MNIST", SIZE, len(NAMES))
    return image_dataset(
        train, test, pixel_max=PIXEL_MAX, flatten=flatten, classes=NAMES, where=str(source)
    )
