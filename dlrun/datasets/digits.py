"""Small handwritten digits, shipped with dlrun: a real image problem that needs no network.

The 1,797 images of `digits.csv.gz` are the test set of "Optical Recognition of Handwritten
Digits" by E. Alpaydin and C. Kaynak, UCI Machine Learning Repository (1998),
https://doi.org/10.24432/C50P49, licensed CC BY 4.0; taken unchanged from scikit-learn's copy.
Each row holds the 64 pixels of an 8 x 8 image, whole numbers from 0 to 16, and then the digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample, grey_images

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

SIDE = 8
CLASSES = 10
ROWS = 1797
PIXEL_MAX = 16.0


def sample(*, flatten: bool, **_: Any) -> Sample:
    """Grey images of ten digits."""
    return grey_images(SIDE, flatten=flatten, classes=CLASSES)._replace(rows=ROWS)


def load_data(*, seed: int, flatten: bool = False) -> Dataset:  # noqa: ARG001  the rows are fixed
    """The 1,797 handwritten digits of 8 x 8 pixels, in their original order.

    There are no test rows apart; use `test_split`.

    Args:
        seed: Not used.
        flatten: Whether each image becomes one row of 64 pixels.
    """
    import gzip
    from importlib.resources import files

    import numpy as np

    from dlrun.data.images import image_dataset

    packed = files("dlrun.datasets").joinpath("digits.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("ascii").splitlines()
    table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1]
    return image_dataset(
        (images, labels),
        pixel_max=PIXEL_MAX,
        flatten=flatten,
        classes=CLASSES,
        where="digits.csv.gz",
    )
