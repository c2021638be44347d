"""Scales the whole-number pixels of images to [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples
from dlrun.errors import DataError


def scale_pixels(pixels: NDArray[Any], pixel_max: float, where: str) -> NDArray[np.float32]:
    """Scale pixels: `pixels / pixel_max`, float32 from 0 to 1."""
    whole = pixels.dtype.kind in "biu" or bool((pixels == np.floor(pixels)).all())
    if not whole or pixels.min() < 0 or pixels.max() > pixel_max:
        wrong = (pixels < 0) | (pixels > pixel_max) | (pixels != np.floor(pixels))
        raise DataError(
            f"{pixels[wrong][0]:g} is no pixel; whole numbers from 0 to {pixel_max:g} were "
            "expected.",
            where=where,
        )
    scaled = pixels.astype(np.float32)
    scaled /= np.float32(pixel_max)
    return scaled


def image_dataset(
    train: tuple[NDArray[Any], NDArray[Any]],
    test: tuple[NDArray[Any], NDArray[Any]] | None = None,
    *,
    pixel_max: float,
    flatten: bool,
    classes: int,
    where: str,
) -> Dataset:
    """Make a dataset of grey images of classes, numbered from 0.

    Each part is whole pixels, `(rows, height, width)`, and class numbers, `(rows,)`; `pixel_max`
    becomes 1. Where they are to `flatten`, an image becomes one row.
    """

    def ready(images: NDArray[Any], labels: NDArray[Any]) -> Samples:
        rows, height, width = images.shape
        shape = (rows, height * width) if flatten else (rows, height, width, 1)
        x = scale_pixels(images, pixel_max, where).reshape(shape)
        return Samples(x, labels.astype(np.int64))

    return Dataset(
        ready(*train),
        None if test is None else ready(*test),
        class_names=tuple(map(str, range(classes))),
        class_values=tuple(map(float, range(classes))),
        pixel_max=pixel_max,
        image_shape=(*train[0].shape[1:], 1),
    )
