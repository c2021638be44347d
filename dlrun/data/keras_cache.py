"""The files that Keras keeps of well-known datasets: where they are, and what they hold."""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from dlrun.data.files import open_data
from dlrun.errors import DataError

CONNECTION_SECONDS: Final = 20.0
SHA256_DIGITS: Final = 64
BROKEN: Final = "This is the copy in the Keras cache: delete it and it is downloaded again."


def find_cached(word: str, places: Sequence[str], *, title: str, instead: str) -> Path:
    """Find what Keras has kept of a dataset, and let Keras download it where there is nothing.

    Args:
        word: The module of `keras.datasets`.
        places: Where it may lie below the folder `datasets` of the cache; the first one is named
            where nothing can be downloaded.
        title: What the dataset is called.
        instead: What `dataset.path` may name.

    Raises:
        DataError: It is not there and cannot be downloaded.
    """
    cache = _home() / "datasets"
    found = [cache / place for place in places if (cache / place).exists()]
    if not found:
        _download(word, cache / places[0], title, instead)
        found = [cache / place for place in places if (cache / place).exists()]
    if not found:
        what = f"Keras has downloaded {title}, but not to {cache / places[0]}."
        raise DataError(what, where="dataset.path", fix="Name the file with `dataset.path`.")
    return found[0]


def _download(word: str, place: Path, title: str, instead: str) -> None:
    """Let Keras fetch the file; what Keras prints goes to stderr."""
    from dlrun.backend import keras  # noqa: PLC0415  it takes seconds

    try:
        with redirect_stdout(sys.stderr), _connection_timeout(CONNECTION_SECONDS):
            getattr(keras.datasets, word).load_data()
    except Exception as error:  # Keras raises bare Exceptions here
        raise DataError(
            f"{title} is not on this machine and cannot be downloaded ({error}).",
            where="dataset.path",
            fix=f"Put {place.name} at {place}, or set `dataset.path` to {instead}.",
        ) from error


class Fetched(NamedTuple):
    """A file that `keras.utils.get_file` keeps."""

    folder: str  # of the cache
    name: str
    origin: str  # its address
    file_hash: str | None  # MD5 or SHA-256, told by its length; None where nobody knows it


def fetch(wanted: Fetched, *, title: str, where: str) -> Path:
    """Find a file in Keras's cache, and let Keras download it where there is none.

    Args:
        wanted: The file.
        title: What it holds, as a sentence begins: `The weights of ...`.
        where: The key of the config that asks for it.

    Raises:
        DataError: It is not there and cannot be downloaded, or it is another one.
    """
    place = _home() / wanted.folder / wanted.name
    if not place.exists():
        from dlrun.backend import keras  # noqa: PLC0415  it takes seconds

        try:
            with redirect_stdout(sys.stderr), _connection_timeout(CONNECTION_SECONDS):
                keras.utils.get_file(
                    wanted.name,
                    wanted.origin,
                    file_hash=wanted.file_hash,
                    cache_subdir=wanted.folder,
                )
        except Exception as error:  # Keras raises bare Exceptions here
            raise DataError(
                f"{title} are not on this machine and cannot be downloaded ({error}).",
                where=where,
                fix=f"Put {wanted.name} at {place}, or name a file.",
            ) from error
    if wanted.file_hash is not None:
        algorithm = "sha256" if len(wanted.file_hash) == SHA256_DIGITS else "md5"
        with open_data(place, seekable=True) as stream:
            found = hashlib.file_digest(stream, algorithm).hexdigest()
        if found != wanted.file_hash:
            what = f"is not the file that Keras expects: its {algorithm} is {found}, "
            raise DataError(f"{what}not {wanted.file_hash}.", where=str(place), fix=BROKEN)
    return place


def _home() -> Path:
    home = os.environ.get("KERAS_HOME")
    return Path(home) if home else Path.home() / ".keras"


@contextmanager
def _connection_timeout(seconds: float) -> Iterator[None]:
    """Give up on a network that does not answer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def of_cache(path: Path | None) -> Iterator[None]:
    """Say of what is wrong with a file that nobody chose (`path` is None) that it is the cache."""
    try:
        yield
    except DataError as error:
        if path is not None or error.fix is not None:
            raise
        raise DataError(error.what, where=error.where, fix=BROKEN) from error


def check_images(
    images: NDArray[Any],
    labels: NDArray[Any],
    *,
    part: str,
    shape: tuple[int, ...],
    classes: int,
    where: str,
) -> None:
    """Raise a `DataError` unless these are images of bytes of a shape, and their class numbers."""
    if images.dtype != np.uint8 or images.shape[1:] != shape or len(images) == 0:
        axes = ", ".join(map(str, shape))
        raise _wrong(f"x_{part}", images, f"(rows, {axes}) of uint8", where)
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise _wrong(f"y_{part}", labels, f"({len(images)},) of whole numbers", where)
    if labels.min() < 0 or labels.max() >= classes:
        seen = f"labels from {labels.min()} to {labels.max()}"
        what = f"y_{part} holds {seen}; 0 to {classes - 1} were expected."
        raise DataError(what, where=where)


def _wrong(name: str, array: NDArray[Any], expected: str, where: str) -> DataError:
    what = f"{name} is {array.shape} of {array.dtype}; {expected} was expected."
    return DataError(what, where=where)


RECONSTRUCT: Final = np.empty(0).__reduce__()[0]
ALLOWED: Final = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): RECONSTRUCT,
}
"""All that a pickle of lists and arrays needs: nothing of it runs anything."""


class _ArraysOnly(pickle.Unpickler):
    """Reads lists, numbers, texts and arrays, and refuses whatever else a pickle may hold."""

    def find_class(self, module: str, name: str) -> Any:
        """Give what is allowed."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which could run code")
        return ALLOWED[module, name]


def _unpickled(stream: IO[bytes], where: str) -> Any:
    try:
        return _ArraysOnly(stream, encoding="bytes").load()
    except Exception as error:
        # A broken pickle may raise nearly anything, and nothing of it is a fault of dlrun.
        raise DataError(f"the file is damaged: {error}.", where=where) from error


def read_batch(path: Path, key: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read a file of CIFAR: images, `(rows, 32, 32, 3)` bytes, and the numbers under a key."""
    with open_data(path, seekable=True) as stream:
        content = _unpickled(stream, str(path))
    if not isinstance(content, dict) or not {b"data", key.encode()} <= content.keys():
        what = f"the file has no images with {key!r}."
        raise DataError(what, where=str(path), fix="It is to be a file of the Python version.")
    images, labels = np.asarray(content[b"data"]), np.asarray(content[key.encode()])
    if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != 3 * 32 * 32:  # noqa: PLR2004
        raise _wrong("data", images, "(rows, 3072) of uint8", str(path))
    return images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels


def read_lists(path: Path, name: str) -> list[list[int]]:
    """Read an array of lists of whole numbers, one a row, of an `.npz` file."""
    where = f"{path}: array {name!r}"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
            npy_format.read_magic(stream)
            npy_format.read_array_header_1_0(stream)
            rows = _unpickled(stream, where)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"the array cannot be read: {error}.", where=where) from error
    lists = rows.tolist() if isinstance(rows, np.ndarray) else rows
    if not isinstance(lists, list) or not all(
        isinstance(row, list) and row and all(type(one) is int and one >= 0 for one in row)
        for row in lists
    ):
        raise DataError("lists of whole numbers were expected, one for each row.", where=where)
    return lists
