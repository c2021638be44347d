"""Scales the whole-number pixels of images to [0, 1]."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Dataset, Samples
from dlrun.data.archives import ArchiveFile
from dlrun.data.files import open_data, open_error
from dlrun.data.headers import GZIP_MAGIC
from dlrun.data.keras_cache import check_images
from dlrun.errors import DataError

COLOURED: Final = 3  # axes of an image


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
    classes: int | Sequence[str],
    where: str,
) -> Dataset:
    """Make a dataset of images of classes, numbered from 0, or with names.

    Each part is whole pixels, `(rows, height, width)` or `(rows, height, width, channels)`, and
    class numbers, `(rows,)`; `pixel_max` becomes 1. Where they are to `flatten`, an image becomes
    one row.
    """
    of_image = train[0].shape[1:]
    shape = of_image if len(of_image) == COLOURED else (*of_image, 1)

    def ready(images: NDArray[Any], labels: NDArray[Any]) -> Samples:
        row = (math.prod(shape),) if flatten else shape
        x = scale_pixels(images, pixel_max, where).reshape(len(images), *row)
        return Samples(x, labels.astype(np.int64))

    return Dataset(
        ready(*train),
        None if test is None else ready(*test),
        class_names=tuple(map(str, range(classes))) if isinstance(classes, int) else (*classes,),
        class_values=tuple(map(float, range(classes))) if isinstance(classes, int) else None,
        pixel_max=pixel_max,
        image_shape=shape,
    )


ARRAYS: Final = {  # and the files of the original, with the number of their axes
    "x_train": ("train-images", 3),
    "y_train": ("train-labels", 1),
    "x_test": ("t10k-images", 3),
    "y_test": ("t10k-labels", 1),
}


def read_like_mnist(
    path: Path, title: str, size: int, classes: int
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Read the images and class numbers of training and test rows, as MNIST comes.

    `path` is an `.npz` file, or a folder with four IDX files, gzipped or not.
    """
    if path.is_dir():
        arrays = {
            name: read_idx(_idx_file(path, stem, axes, title), axes=axes)
            for name, (stem, axes) in ARRAYS.items()
        }
    else:
        archive = ArchiveFile(path)
        arrays = {name: archive.read(name) for name in ARRAYS}
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        check_images(
            images, labels, part=part, shape=(size, size), classes=classes, where=str(path)
        )
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _idx_file(home: Path, stem: str, axes: int, title: str) -> Path:
    """The file of one array: `-idx3-ubyte` or `.idx3-ubyte`, with or without `.gz`."""
    names = [f"{stem}{dot}idx{axes}-ubyte{gz}" for dot in "-." for gz in ("", ".gz")]
    for name in names:
        if (home / name).is_file():
            return home / name
    what = f"there is no file {names[0]} or {names[1]} in this folder."
    fix = f"The folder needs the four IDX files of {title}; or name an .npz file."
    raise DataError(what, where=str(home), fix=fix)


UNSIGNED_BYTE = 0x08
MAX_BYTES = 2**30  # more than any file of this family holds; nothing is allocated beyond it


def read_idx(path: Path, *, axes: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not: the bytes, in the shape that it gives.

    The file holds two zero bytes, the type 0x08, the number of axes (3 for images, 1 for labels),
    each axis's size as a big-endian 32-bit number, and then the bytes.
    """
    try:
        with open_data(path, seekable=True) as raw:
            zipped = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            raw.seek(0)
            if not zipped:
                return _read(raw, path, axes)
            with gzip.GzipFile(fileobj=raw) as file:
                return _read(file, path, axes)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"the file is damaged: {error}.", where=str(path)) from error
    except OSError as error:
        raise open_error(path, error) from error


def _read(file: BinaryIO | gzip.GzipFile, path: Path, axes: int) -> NDArray[np.uint8]:
    head = file.read(4)
    if head != bytes([0, 0, UNSIGNED_BYTE, axes]):
        kind = f"an IDX file of unsigned bytes with {axes} {'axis' if axes == 1 else 'axes'}"
        begin = f"begins with 0x{head.hex()}" if head else "is empty"
        raise DataError(f"the file {begin}; {kind} was expected.", where=str(path))
    sizes = file.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise DataError("the file is cut short.", where=str(path))
    shape = struct.unpack(f">{axes}I", sizes)
    expected = math.prod(shape)
    content = file.read(min(expected, MAX_BYTES) + 1)
    if len(content) != expected:
        received = "more" if len(content) > expected else len(content)
        what = f"the file says that it holds {expected} bytes {shape}, but it holds {received}."
        raise DataError(what, where=str(path))
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)
