"""MNIST: 70,000 handwritten digits by Y. LeCun, C. Cortes and C. Burges (CC BY-SA 3.0)."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.datasets.samples import Sample, grey_images
from dlrun.errors import DataError

if TYPE_CHECKING:
    from dlrun.arrays import Dataset

PIXEL_MAX = 255.0
SIZE = 28
CLASSES = 10
ARRAYS = {  # and the files of the original, with the number of their axes
    "x_train": ("train-images", 3),
    "y_train": ("train-labels", 1),
    "x_test": ("t10k-images", 3),
    "y_test": ("t10k-labels", 1),
}
CONNECTION_SECONDS = 20.0
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
    from dlrun.data.images import image_dataset

    if path is None:
        source = _cached_file()
        arrays = _read_cache(source)
    else:
        source = Path(path)
        arrays = _read_folder(source) if source.is_dir() else _read_archive(source)
    return image_dataset(
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_test"], arrays["y_test"]),
        pixel_max=PIXEL_MAX,
        flatten=flatten,
        classes=CLASSES,
        where=str(source),
    )


def _read_archive(path: Path) -> dict[str, Any]:
    from dlrun.data.archives import ArchiveFile

    archive = ArchiveFile(path)
    arrays = {name: archive.read(name) for name in ARRAYS}
    _check_content(arrays, str(path))
    return arrays


def _read_cache(path: Path) -> dict[str, Any]:
    try:
        return _read_archive(path)
    except DataError as error:
        fix = "This is the copy in the Keras cache: delete it and it is downloaded again."
        raise DataError(error.what, where=error.where, fix=fix) from error


def _read_folder(folder: Path) -> dict[str, Any]:
    from dlrun.data.images import read_idx

    arrays = {}
    for name, (stem, axes) in ARRAYS.items():
        arrays[name] = read_idx(_idx_file(folder, stem, axes), axes=axes)
    _check_content(arrays, str(folder))
    return arrays


def _idx_file(folder: Path, stem: str, axes: int) -> Path:
    """The file of one array: `-idx3-ubyte` or `.idx3-ubyte`, with or without `.gz`."""
    names = [f"{stem}{dot}idx{axes}-ubyte{gz}" for dot in "-." for gz in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    what = f"there is no file {names[0]} or {names[1]} in this folder."
    fix = "The folder needs the four IDX files of MNIST; or name an .npz file."
    raise DataError(what, where=str(folder), fix=fix)


def _check_content(arrays: dict[str, Any], where: str) -> None:
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.dtype != "uint8" or images.shape[1:] != (SIZE, SIZE) or len(images) == 0:
            raise _wrong(f"x_{part}", images, "(rows, 28, 28) of uint8", where)
        if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
            raise _wrong(f"y_{part}", labels, f"({len(images)},) of whole numbers", where)
        if labels.min() < 0 or labels.max() >= CLASSES:
            labels_seen = f"labels from {labels.min()} to {labels.max()}"
            what = f"y_{part} holds {labels_seen}; 0 to 9 were expected."
            raise DataError(what, where=where)


def _wrong(name: str, array: Any, expected: str, where: str) -> DataError:
    what = f"{name} is {array.shape} of {array.dtype}; {expected} was expected."
    return DataError(what, where=where)


def _cached_file() -> Path:
    home = os.environ.get("KERAS_HOME")
    cache = (Path(home) if home else Path.home() / ".keras") / "datasets" / "mnist.npz"
    if not cache.is_file():
        _download(cache)
    return cache


def _download(cache: Path) -> None:
    """Let Keras fetch the file; what Keras prints goes to stderr."""
    from dlrun.backend import keras

    try:
        with redirect_stdout(sys.stderr), _connection_timeout(CONNECTION_SECONDS):
            keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises bare Exceptions here
        raise DataError(
            f"MNIST is not on this machine and cannot be downloaded ({error}).",
            where="dataset.path",
            fix=f"Put mnist.npz at {cache}, or set `dataset.path` to an .npz file with "
            f"{', '.join(ARRAYS)} or to a folder with the four IDX files.",
        ) from error


@contextmanager
def _connection_timeout(seconds: float) -> Iterator[None]:
    """Give up on a network that does not answer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
