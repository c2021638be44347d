"""Data files as far as that is cheap, read without NumPy; one that is odd in any way tells nothing.

The headers of files of any size, and of small ones the values of a target.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from dlrun.errors import ConfigError, Problem

SMALL: Final = 2 * 2**20
"""How large a file may be, in bytes, that is read from its first row to its last."""
LONGEST_HEADER: Final = 10_000  # what NumPy itself takes for a header, in bytes
DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What may separate the cells of a CSV file, and what it is called."""
NPY_MAGIC: Final = b"\x93NUMPY"
ZIP_MAGIC: Final = b"PK\x03\x04"
GZIP_MAGIC: Final = b"\x1f\x8b"  # what files begin with
TABLE_SUFFIXES: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".pq")
"""How the names of tables end, most often; of a config none but `.json`."""
LENGTH_BYTES: Final = {1: 2, 2: 4, 3: 4}
"""How many bytes hold the length of a header, by the version of the format."""
DTYPE: Final = re.compile(r"([<>|])([biufU])(\d+)")
CODES: Final = dict(
    zip(
        ("b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"),
        "?bBhHiIqQfd",
        strict=True,
    )
)
"""What `struct` calls the numbers of NumPy, by kind and bytes."""


class StoredArray(NamedTuple):
    """What a stored array says of itself, and its values where they are few."""

    dtype: str  # as NumPy writes it: `<f8`
    shape: tuple[int, ...]
    values: Sequence[Any] | None = None  # numbers or texts, where there is one a row


def array_files(given: str | Path | Sequence[str | Path]) -> dict[str, Path] | None:
    """Give `.npy` files by the names of their arrays, `x.npy` by `x`; None of an archive.

    Raises:
        ConfigError: A list names no file, other files, or two of one name.
    """
    if isinstance(given, str | Path):
        if Path(given).suffix != ".npy":
            return None
        given = [given]
    paths = [Path(one) for one in given]
    files = {path.stem: path for path in paths}
    fix = "A single .npz file, or .npy files such as [x.npy, y.npy], whose names are those of x, y."
    if not files or any(path.suffix != ".npy" for path in paths):
        raise ConfigError(Problem("dataset.path", "Expected a list of .npy files.", fix))
    if len(files) < len(paths):
        names = [path.name for path in paths]
        twice = next(name for name in names if names.count(name) > 1)
        what = f"Two of the files are called {twice}, and arrays are named by their files."
        raise ConfigError(Problem("dataset.path", what))
    return files


def stored_array(given: str | Path | Sequence[str | Path], name: str) -> StoredArray | None:
    """Read what an array in an `.npz`, or among `.npy` files, says of itself; None: not told."""
    with suppress(ConfigError, OSError, ValueError, SyntaxError, KeyError, TypeError, struct.error,
                  RecursionError, MemoryError):  # fmt: skip
        files = array_files(given)
        if files is None:
            return _npz_array(Path(str(given)), name)
        if name in files and files[name].is_file():
            return _npy_array(files[name])
    return None


def _npy_array(path: Path) -> StoredArray | None:
    with path.open("rb") as array:
        found = _npy_header(array)
        if found is None or (dtype := DTYPE.fullmatch(found.dtype)) is None:
            return None
        size = int(dtype[3]) * (4 if dtype[2] == "U" else 1) * math.prod(found.shape)
        if array.tell() + size > path.stat().st_size:
            return None
        return found._replace(values=_npy_values(array, found))


def _npz_array(path: Path, name: str) -> StoredArray | None:
    import zipfile  # noqa: PLC0415  configs without an array file do not pay for it
    import zlib  # noqa: PLC0415

    odd = (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError,
           struct.error, NotImplementedError, RuntimeError, TypeError, MemoryError)  # fmt: skip
    found = None
    with suppress(*odd):
        if path.is_file():
            with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as array:
                found = _npy_header(array)
                if found is not None:
                    found = found._replace(values=_npy_values(array, found))
    return found


def _npy_header(array: IO[bytes]) -> StoredArray | None:
    start = array.read(len(NPY_MAGIC) + 2)
    if start[: len(NPY_MAGIC)] != NPY_MAGIC or start[-2] not in LENGTH_BYTES:
        return None
    length = int.from_bytes(array.read(LENGTH_BYTES[start[-2]]), "little")
    if length > LONGEST_HEADER:
        return None
    header = ast.literal_eval(array.read(length).decode("utf-8").strip())
    shape, dtype = header["shape"], header.get("descr")
    is_shape = isinstance(shape, tuple) and all(type(size) is int and size > 0 for size in shape)
    return StoredArray(str(dtype), shape) if is_shape and shape else None


def _npy_values(array: IO[bytes], header: StoredArray) -> Sequence[Any] | None:
    """The values of an array whose header has been read, where there is one a row."""
    found, rows = DTYPE.fullmatch(header.dtype), header.shape[0]
    if found is None or set(header.shape[1:]) - {1}:
        return None
    order, kind, size = found[1].replace("|", "<"), found[2], int(found[3])
    total = rows * size * (4 if kind == "U" else 1)
    content = array.read(total) if total <= SMALL else b""
    if len(content) < total:
        return None
    if kind != "U":
        code = CODES.get(f"{kind}{size}")
        return None if code is None else struct.unpack(f"{order}{rows}{code}", content)
    texts = content.decode("utf-32-le" if order == "<" else "utf-32-be")
    return [texts[begin : begin + size].rstrip("\0") for begin in range(0, rows * size, size)]
