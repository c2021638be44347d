"""Named arrays in safetensors files: no code in them, checked before use."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import DlrunError, RunFolderError
from dlrun.memory import excess, in_words
from dlrun.rundir.files import read_bytes, write_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Layout = Mapping[str, tuple[Sequence[int], str]]  # shape and dtype by name

_LENGTH_BYTES = 8
_HEADER_BYTES = 2**24
_MAX_BYTES = 2**50
_MAX_REPORTED = 5

_DTYPES = {
    "BOOL": "bool", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64",
    "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
}  # fmt: skip


def save_tensors(
    path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Write arrays to a safetensors file by name. The same arrays always give the same bytes.

    They need not be contiguous; 0-d arrays keep their shape. `metadata` is stored as one JSON text
    named `dlrun`: with several entries the library writes them in an order that changes from call
    to call.
    """
    write_bytes(path, tensor_bytes(tensors, metadata))


def tensor_bytes(
    tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> bytes:
    """Return what `save_tensors` writes."""
    import numpy as np
    from safetensors.numpy import save

    # np.ascontiguousarray would make a 0-d array 1-d.
    contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    entries = None if metadata is None else {"dlrun": json.dumps(dict(metadata), sort_keys=True)}
    return bytes(save(contiguous, entries))


def load_tensors(
    path: Path,
    expected: Layout | None = None,
    *,
    most: int | None = None,
    sha256: str | None = None,
) -> dict[str, NDArray[Any]]:
    """Read the arrays of a safetensors file, after its header has told how large they are.

    A file that holds anything else than `expected`, shape and dtype by name such as
    `{"dense/kernel": ((2, 10), "float32")}`, is refused; None takes what is there. `most` is how
    many bytes its arrays may have, `sha256` the hash that the file must have; None for any.
    """
    from safetensors import SafetensorError, deserialize

    found, size = _read_header(path)
    if expected is not None:
        _check(path, found, expected)
    if most is not None and size > most:
        what = f"holds {in_words(size)}; the model has {in_words(most)} at most: damaged."
        raise RunFolderError(what, where=str(path))
    # The arrays are taken out of what was read, which is a copy.
    if (too_large := excess(2 * size)) is not None:
        raise DlrunError(f"its arrays take {too_large}.", where=str(path))
    data = read_bytes(path, _LENGTH_BYTES + _HEADER_BYTES + size)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise RunFolderError("is not what the run saved: damaged.", where=str(path))
    try:
        entries = dict(deserialize(data))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise RunFolderError(f"is damaged: {error}.", where=str(path)) from error
    return {
        name: _array(entries[name]["data"], *found[name])
        for name in (found if expected is None else expected)
    }


def tensor_layout(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Read shape and dtype of every array of a safetensors file, and none of the arrays."""
    return _read_header(path)[0]


def count_numbers(path: Path) -> int:
    """Count the numbers of all arrays of a safetensors file, by its header alone."""
    found, _ = _read_header(path)
    return sum(math.prod(shape) for shape, _ in found.values())


def _read_header(path: Path) -> tuple[dict[str, tuple[tuple[int, ...], str]], int]:
    """Read shape and dtype by name and the size of all arrays, held against that of the file."""
    length = int.from_bytes(read_bytes(path, _MAX_BYTES, part=_LENGTH_BYTES), "little")
    if length > _HEADER_BYTES:
        raise RunFolderError("is damaged: its header is too large.", where=str(path))
    start = _LENGTH_BYTES + length
    try:
        header = json.loads(read_bytes(path, _MAX_BYTES, part=start)[_LENGTH_BYTES:])
        found = {
            name: (tuple(entry["shape"]), _DTYPES.get(entry["dtype"], entry["dtype"]))
            for name, entry in header.items()
            if name != "__metadata__"
        }
        are_sizes = all(type(size) is int for shape, _ in found.values() for size in shape)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise RunFolderError("is damaged: its header cannot be read.", where=str(path)) from error
    for name, (_, dtype) in found.items():
        if dtype not in _DTYPES.values():
            what = f"{name!r} has the dtype {dtype}, unknown."
            raise RunFolderError(what, where=str(path))
    size = _size(found) if are_sizes else -1
    if path.lstat().st_size != start + size:
        what = "is damaged: it is not as long as its header says."
        raise RunFolderError(what, where=str(path))
    return found, size


def _check(path: Path, found: Layout, expected: Layout) -> None:
    differences = [f"'{name}' is missing" for name in expected if name not in found]
    differences += [f"'{name}' is not expected" for name in found if name not in expected]
    for name in expected:
        if name in found:
            shape, dtype = tuple(expected[name][0]), str(expected[name][1])
            if found[name] != (shape, dtype):
                was = f"{found[name][1]} {found[name][0]}"
                differences.append(f"'{name}' is {was}, expected {dtype} {shape}")
    if differences:
        more = len(differences) - _MAX_REPORTED
        shown = "; ".join(differences[:_MAX_REPORTED]) + (f"; {more} more" if more > 0 else "")
        raise RunFolderError(f"does not fit the model: {shown}.", where=str(path))


def _array(data: bytes, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    import numpy as np

    array = np.frombuffer(data, _dtype(dtype)).reshape(shape)
    array.setflags(write=False)
    return array


def _size(arrays: Layout) -> int:
    return sum(math.prod(shape) * _dtype(dtype).itemsize for shape, dtype in arrays.values())


def _dtype(name: str) -> Any:
    """The NumPy dtype of a name; NumPy itself has no bfloat16."""
    import numpy as np

    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)
