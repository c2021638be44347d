"""HDF5 files read as data: arrays of numbers that lie in the file itself, and nothing else.

HDF5 can point to other files, to places in itself, and to plugins that decode. All of that is
refused, and so is compression: a small file could unfold to any size, and Keras writes none.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from dlrun.catalog import snake_case
from dlrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC: Final = b"\x89HDF\r\n\x1a\n"
MOST_NAMES: Final = 100_000
LONGEST_NAME: Final = 2**16  # bytes, of what HDF5 itself allows for an attribute
LARGEST_NUMBER: Final = 8  # bytes
_ODD: Final = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, MemoryError)
"""What h5py raises where a file is damaged."""


class NotPlainError(Exception):
    """A file holds something else than arrays of numbers of its own; the message says what."""


@contextlib.contextmanager
def opened(stream: IO[bytes], where: str) -> Iterator[Any]:
    """Open a file for the block; whatever is wrong with it is told as a `DataError`."""
    import h5py  # noqa: PLC0415 - it comes with Keras, and few commands need it

    try:
        with h5py.File(stream, "r") as file:
            yield file
    except NotPlainError as error:
        raise DataError(f"{error}.", where=where) from error
    except _ODD as error:
        raise DataError(f"is damaged, or no HDF5 file: {error}.", where=where) from error


def find(group: Any, place: str) -> Any:
    """Find a group or an array below a group; None where there is none."""
    import h5py  # noqa: PLC0415

    found = group
    for part in filter(None, place.split("/")):
        if not isinstance(found, h5py.Group):
            return None
        link = found.get(part, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise NotPlainError(f"'{place}' is a link to elsewhere, which is not followed")
        found = found[part]
    return found


def find_array(group: Any, place: str) -> Any:
    """Find an array below a group, whose numbers have not been read; None where there is none."""
    import h5py  # noqa: PLC0415

    one = find(group, place)
    if not isinstance(one, h5py.Dataset):
        return None
    if one.is_virtual or one.external:
        raise NotPlainError(f"the numbers of '{place}' lie outside of the file")
    if one.dtype.kind not in "fiu" or one.dtype.itemsize > LARGEST_NUMBER:
        raise NotPlainError(f"'{place}' holds {one.dtype}, and no plain numbers")
    if one.id.get_create_plist().get_nfilters():
        raise NotPlainError(f"'{place}' is compressed or filtered, which Keras never does")
    if one.chunks and any(part > max(size, 1) for part, size in zip(one.chunks, one.shape)):  # noqa: B905
        raise NotPlainError(f"'{place}' is stored in pieces that are larger than it is")
    return one


def names_in(group: Any, place: str) -> list[str]:
    """List what lies directly in a group; nothing where there is no such group."""
    import h5py  # noqa: PLC0415

    found = find(group, place)
    if not isinstance(found, h5py.Group):
        return []
    if len(found) > MOST_NAMES:
        raise NotPlainError(f"'{place}' holds {len(found):,} entries")
    return [str(name) for name in found]


def texts_of(group: Any, name: str) -> list[str] | None:
    """Read an attribute with a list of texts, which Keras may have cut: `name0`, `name1`, ..."""
    if name in group.attrs:
        return _texts(group, name)
    found: list[str] = []
    number = 0
    while f"{name}{number}" in group.attrs:
        found += _texts(group, f"{name}{number}")
        number += 1
    return found if number else None


def _texts(group: Any, name: str) -> list[str]:
    import h5py  # noqa: PLC0415

    about = group.attrs.get_id(name)
    count = about.shape[0] if len(about.shape or ()) == 1 else 0
    if about.shape == (0,) or about.shape is None:  # Keras writes no names as no numbers
        return []
    is_text = about.dtype.kind == "S" or h5py.check_string_dtype(about.dtype) is not None
    if not is_text or not 0 < count <= MOST_NAMES or about.dtype.itemsize > LONGEST_NAME:
        raise NotPlainError(f"'{name}' is no list of names")
    found = group.attrs[name]
    return [one.decode("utf-8") if isinstance(one, bytes) else str(one) for one in found]


def read_array(one: Any, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Read the numbers of an array that `find_array` has found, which has this shape."""
    import numpy as np  # noqa: PLC0415

    if tuple(one.shape) != shape:
        raise NotPlainError(f"'{one.name}' has the shape {tuple(one.shape)}, expected {shape}")
    return np.asarray(one[()], dtype=dtype)


def group_names(classes: Iterable[str]) -> Iterator[str]:
    """Name the groups in which Keras stores layers, by their classes: `conv2d`, `conv2d_1`.

    Source: keras.src.saving.saving_lib
    """
    counts = Counter[str]()
    for name in map(snake_case, classes):
        yield f"{name}_{counts[name]}" if counts[name] else name
        counts[name] += 1
