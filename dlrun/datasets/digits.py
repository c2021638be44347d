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
    from collections.abc import Sequence

    from dlrun.arrays import Dataset

SIDE = 8
CLASSES = 10
ROWS = 1797
PIXEL_MAX = 16.0
ALL = range(CLASSES)
PAIR = 2


def sample(*, flatten: bool, classes: Any, **_: Any) -> Sample:
    """Grey images of ten digits, or of some of them."""
    known = grey_images(SIDE, flatten=flatten, classes=CLASSES)
    if classes is None:
        return known._replace(rows=ROWS)
    chosen = checked_classes(classes)
    return known._replace(classes=tuple(map(str, chosen)))


def checked_classes(classes: Any) -> list[int]:
    """Give the digits that are asked for, in their order; two at least, each once."""
    from dlrun.errors import DataError

    chosen = sorted(classes) if all(type(one) is int for one in classes) else []
    if len(set(chosen)) != len(classes) or len(chosen) < PAIR or not set(chosen) <= set(ALL):
        what = f"Expected two or more of the digits 0 to 9, each once, got {classes}."
        raise DataError(what, where="dataset.classes")
    return chosen


def load_data(
    *,
    seed: int,  # noqa: ARG001  the rows are fixed
    flatten: bool = False,
    classes: Sequence[int] | None = None,
) -> Dataset:
    """The 1,797 handwritten digits of 8 x 8 pixels, in their original order.

    There are no test rows apart; use `test_split`.

    Args:
        seed: Not used.
        flatten: Whether each image becomes one row of 64 pixels.
        classes: The digits that are kept, such as [0, 1, 2]; null for all.
    """
    import gzip
    from importlib.resources import files

    import numpy as np

    from dlrun.data.images import image_dataset

    packed = files("dlrun.datasets").joinpath("digits.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("ascii").splitlines()
    table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1]
    names: int | list[str] = CLASSES
    if classes is not None:
        chosen = checked_classes(classes)
        kept = np.isin(labels, chosen)
        images, labels = images[kept], np.searchsorted(chosen, labels[kept]).astype(np.uint8)
        names = [str(one) for one in chosen]
    return image_dataset(
        (images, labels),
        pixel_max=PIXEL_MAX,
        flatten=flatten,
        classes=names,
        where="digits.csv.gz",
    )
