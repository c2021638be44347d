"""Scaling pixels."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.data.images import image_dataset, scale_pixels
from dlrun.errors import DataError


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float64])
def test_pixels_are_divided_and_rounded_once(dtype):
    """The same bits as the usual `x.astype("float32") / 255`, whatever the dtype."""
    pixels = np.arange(256)
    expected = pixels.astype("float32") / 255
    scaled = scale_pixels(pixels.astype(dtype), 255.0, "a")
    assert scaled.dtype == np.float32
    assert (scaled == expected).all()


@pytest.mark.parametrize(("pixel", "shown"), [(-1, "-1"), (256, "256"), (0.5, "0.5")])
def test_what_is_no_pixel_is_an_error(pixel, shown):
    """Features of another scale are not divided by 255 without a word."""
    with pytest.raises(DataError) as error:
        scale_pixels(np.array([3.0, pixel]), 255.0, "new.npz")
    assert str(error.value) == (
        f"new.npz: {shown} is no pixel; whole numbers from 0 to 255 were expected."
    )


def test_images_are_rows_or_have_a_channel():
    """Flattened row by row of the image."""
    images = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    parts = images, np.array([1, 0])
    rows, arrays = (
        image_dataset(parts, pixel_max=16.0, flatten=flatten, classes=2, where="a").train
        for flatten in (True, False)
    )
    assert (rows.x * 16).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert arrays.x.shape == (2, 2, 3, 1)
    assert (arrays.x.ravel() == rows.x.ravel()).all()
    assert arrays.y.dtype == np.int64
