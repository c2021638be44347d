"""The headers of data files, read without NumPy; a file that is odd in any way tells nothing."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

LONGEST_LINE: Final = 2**20
LONGEST_HEADER: Final = 10_000
"""What NumPy itself takes for a header, in bytes."""
DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What may separate the cells of a CSV file, and what it is called."""
NPY_MAGIC: Final = b"\x93NUMPY"
LENGTH_BYTES: Final = {1: 2, 2: 4, 3: 4}
"""How many bytes hold the length of a header, by the version of the format."""


def csv_columns(path: Path, delimiter: str | None) -> list[str] | None:
    """Read the cells of the first row that is not blank.

    Args:
        path: The file; only a regular one is opened, since a pipe could not be read again.
        delimiter: What separates the cells, or None to tell it from the row.

    Returns:
        The cells, stripped; None where the file does not tell them.
    """
    import csv  # noqa: PLC0415  configs without a CSV file do not pay for it

    try:
        if not path.is_file():
            return None
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = _first_line(file)
        found = found_delimiters(line)
        if not line or line.count('"') % 2 or (delimiter is None and len(found) > 1):
            return None
        separator = delimiter or (found[0] if found else ",")
        cells = next(csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True))
    except (OSError, UnicodeError, csv.Error, TypeError, StopIteration):
        return None
    return [cell.strip() for cell in cells]


def found_delimiters(line: str) -> list[str]:
    """Tell what may separate the cells of a line.

    Args:
        line: The first line of a file.

    Returns:
        All of `DELIMITERS` that stand outside of quotes; a vertical bar counts only where there is
        no other.
    """
    bare = re.sub(r'"[^"]*"', "", line.rstrip("\r\n"))
    found = [one for one in DELIMITERS if one in bare]
    return found if found == ["|"] else [one for one in found if one != "|"]


def npz_array_shape(path: Path, name: str) -> tuple[int, ...] | None:
    """Read the shape of an array in an `.npz` file off its header.

    Args:
        path: The file.
        name: The name of the array.

    Returns:
        Its shape; None where the file does not tell it.
    """
    import zipfile  # noqa: PLC0415  configs without an array file do not pay for it
    import zlib  # noqa: PLC0415

    odd = (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError)
    try:
        if not path.is_file():
            return None
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as array:
            return _npy_shape(array)
    except (*odd, NotImplementedError, RuntimeError, TypeError, MemoryError):
        return None


def _first_line(file: IO[str]) -> str:
    """The first line that is not blank; empty where there is none, or it is endless."""
    while line := file.readline(LONGEST_LINE):
        if line.strip(" \r\n"):
            return line if len(line) < LONGEST_LINE else ""
    return ""


def _npy_shape(array: IO[bytes]) -> tuple[int, ...] | None:
    start = array.read(len(NPY_MAGIC) + 2)
    if start[: len(NPY_MAGIC)] != NPY_MAGIC or start[-2] not in LENGTH_BYTES:
        return None
    length = int.from_bytes(array.read(LENGTH_BYTES[start[-2]]), "little")
    if length > LONGEST_HEADER:
        return None
    shape = ast.literal_eval(array.read(length).decode("utf-8").strip())["shape"]
    is_shape = isinstance(shape, tuple) and all(type(size) is int and size > 0 for size in shape)
    return shape if is_shape and shape else None
