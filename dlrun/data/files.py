"""Opens files of data, and says what is wrong with those that are none."""

from __future__ import annotations

import glob
import os
import re
import shlex
import stat
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from dlrun.data.headers import NPY_MAGIC, TABLE_SUFFIXES, ZIP_MAGIC
from dlrun.errors import DataError
from dlrun.wording import meant_file, quote

HANDED_OVER: Final = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""Where a shell puts what it has opened itself: `< FILE`, `... |` and `<(command)`."""

URL_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""What a URL's path begins with; `Path` has made one slash of the two behind it."""

PART_CHARACTERS: Final = 4096


class Kind(NamedTuple):
    """A kind of file that is often given in the place of a CSV file, and what to do with it."""

    name: str
    fix: str  # `{name}` is the file, `{stem}` its name without the last suffix


_PACKED = "Unpack it, as with `{}`, and give the CSV file."
_PANDAS = (
    "Write it as CSV, as with `python -c \"import pandas; pandas.{}('{{name}}')"
    ".to_csv('{{stem}}.csv', index=False)\"`."
)
_ARRAYS = "Use `dataset: {type: npz}` for it."
_SEVERAL_ARRAYS = "Use `dataset: {type: npz, path: [x.npy, y.npy]}` for it."

XLSX: Final = Kind("an Excel workbook", "Save its sheet as CSV (UTF-8), and give that file.")
NPZ: Final = Kind("a NumPy .npz archive", _ARRAYS)
ZIP: Final = Kind("a zip archive", _PACKED.format("unzip {name}"))

KINDS: Final = {
    ZIP_MAGIC: ZIP,
    b"BZh": Kind("a bzip2 file", _PACKED.format("bunzip2 -k {name}")),
    b"\xfd7zXZ\x00": Kind("an xz file", _PACKED.format("unxz -k {name}")),
    b"7z\xbc\xaf\x27\x1c": Kind("a 7-Zip archive", _PACKED.format("7z x {name}")),
    b"ARROW1": Kind("an Arrow file", _PANDAS.format("read_feather")),
    b"\x89HDF\r\n\x1a\n": Kind("an HDF5 file", _PANDAS.format("read_hdf")),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": XLSX,
    NPY_MAGIC: Kind("a NumPy .npy array", _SEVERAL_ARRAYS),
    b"SQLite format 3\x00": Kind("an SQLite database", "Export the table as CSV."),
    b"%PDF-": Kind("a PDF document", "Export the table as CSV."),
}
"""By the bytes that a file begins with."""

PAGE: Final = Kind("an HTML page", "Download the file itself; many sites call that 'raw'.")
PAGE_START: Final = re.compile(rb"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
BINARY: Final = Kind("a binary file", "Give a text file with one row on each line.")


def open_data(path: Path, *, seekable: bool = False) -> BufferedReader:
    """Open a file of data: a regular one, or a pipe that the shell has opened.

    A named pipe would let a command wait, perhaps for ever, and a device such as `/dev/zero` never
    ends. What is `seekable` is not only read from front to back, so that no pipe will do.
    """
    try:
        regular_size(path, seekable=seekable)
        return path.open("rb")
    except OSError as error:
        raise open_error(path, error) from error


def regular_size(path: Path, *, seekable: bool = False) -> int | None:
    """The size of a file of data in bytes; None of a pipe that the shell has opened."""
    try:
        status = path.stat()
    except OSError as error:
        raise open_error(path, error) from error
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return status.st_size
    is_stream = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    if seekable or not is_stream or not str(path).startswith(HANDED_OVER):
        raise _no_file(path, mode, seekable=seekable)
    return None


def check_text(path: Path, head: bytes) -> None:
    """Raise a `DataError` where what a file begins with is of a kind that holds no text."""
    kind = next((kind for magic, kind in KINDS.items() if head.startswith(magic)), None)
    if kind is ZIP and (path.suffix == ".xlsx" or b"[Content_Types].xml" in head):
        kind = XLSX
    elif kind is ZIP and re.search(rb"PK\x03\x04.{26}[^\x00]*\.npy", head, re.DOTALL):
        kind = NPZ
    elif kind is None and PAGE_START.match(head):
        kind = PAGE
    elif kind is None and b"\x00" in head:
        _check_wide(path, head)
        kind = BINARY
    if kind is not None:
        fix = kind.fix.replace("{name}", path.name).replace("{stem}", path.stem)
        raise DataError(f"this is {kind.name}, not a CSV file.", where=str(path), fix=fix)


def _check_wide(path: Path, head: bytes) -> None:
    """Raise a `DataError` where every other byte of much is zero, as in UTF-16 without a mark."""
    zeros = head[0::2].count(0), head[1::2].count(0)
    if min(zeros) == 0 and max(zeros) * 8 >= len(head):
        name = "utf-16-le" if zeros[1] else "utf-16-be"
        fix = f"Say so with `dataset.encoding: {name}`, or save it as UTF-8."
        what = "the file seems to be UTF-16 without a mark that says so; UTF-8 was expected."
        raise DataError(what, where=str(path), fix=fix)


def open_error(path: Path, error: OSError) -> DataError:
    """The error for a file that cannot be opened or read."""
    if any(URL_SCHEME.fullmatch(part) for part in path.parts[:-1]):
        what = "this is a URL; a file on this machine was expected."
        return DataError(what, where=str(path), fix="Download it, and give the path of the file.")
    if isinstance(error, FileNotFoundError):
        fix = _here_instead(path) or meant_file(path)
        return DataError("there is no such file.", where=str(path), fix=fix)
    if isinstance(error, IsADirectoryError):
        return _no_file(path, stat.S_IFDIR, seekable=True)
    reason = error.strerror or str(error)
    return DataError(f"the file cannot be read: {reason}.", where=str(path))


def _here_instead(path: Path) -> str | None:
    """Say how a config elsewhere names a file that lies where the command was typed."""
    for taken in range(len(path.parts) - 1, 0, -1) if path.is_absolute() else ():
        here = Path(*path.parts[-taken:])
        if here.exists():
            written = os.path.relpath(here, Path(*path.parts[:-taken]))
            return (
                f"A path in a config is relative to the folder of the config; {quote(str(here))} "
                f"lies in the folder that you are in: write {quote(written)}."
            )
    return None


def encoding_error(path: Path) -> DataError:
    """The error for a file that is not UTF-8; reads it again to find the line."""
    fix = "Save it as UTF-8, or say what it is, as with `dataset.encoding: {}`."
    if path.is_file():
        number, before = 1, ""
        # Every byte that is no UTF-8 becomes a character of its own, a lone surrogate.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            while line := file.readline(PART_CHARACTERS):
                odd = re.search("[\udc80-\udcff]", line)
                if odd:
                    byte, where = ord(odd[0]) - 0xDC00, f"{path}:{number}"
                    what = f"byte 0x{byte:02x} is not UTF-8 text."
                    # Where Latin 1 has controls, Windows has the euro and typographers' quotes.
                    likely = "cp1252" if byte < FIRST_LATIN else "latin-1"
                    return DataError(what, where=where, fix=fix.format(likely))
                is_rest = before.endswith("\r") and line == "\n"  # of a break that was cut in two
                number += line.endswith(("\n", "\r")) and not is_rest
                before = line
    return DataError("the file is not UTF-8 text.", where=str(path), fix=fix.format("latin-1"))


def _no_file(path: Path, mode: int, *, seekable: bool) -> DataError:
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a pipe" if seekable else "a named pipe",
        stat.S_IFSOCK: "a socket",
    }
    kind = kinds.get(stat.S_IFMT(mode), "a device")
    fix = _tables_in(path) if kind == "a directory" else None
    if not seekable and kind != "a directory":
        fix = "Give a file; or let the shell open what a command writes, as with `<(zcat FILE)`."
    return DataError(f"this is {kind}; a file was expected.", where=str(path), fix=fix)


def _tables_in(path: Path) -> str | None:
    """Tell how the tables in a folder are named, where there are any."""
    with suppress(OSError):
        endings = {one.suffix for one in path.iterdir()}
        for ending in sorted(endings.intersection(TABLE_SUFFIXES)):
            return f"Name the files in it: {shlex.quote(str(path / f'*{ending}'))}."
    return None


FIRST_LATIN = 0xA0
DISK_FOLDER = Path("/var/tmp")  # noqa: S108  what is kept there has no name


def spool_folder() -> Path:
    """Where large temporary files go: `TMPDIR`, else `/var/tmp`, which is on a disk.

    `/tmp` is a part of the memory on many systems.
    """
    if "TMPDIR" not in os.environ and os.access(DISK_FOLDER, os.W_OK | os.X_OK):
        return DISK_FOLDER
    import tempfile  # noqa: PLC0415 - takes longer than to look at a file

    return Path(tempfile.gettempdir())


def files_of(path: Path | Sequence[Path]) -> list[Path]:
    """Give the files that a path, a list or a glob names; those of a glob sorted by name."""
    if not isinstance(path, str | Path):
        return [file for one in path for file in files_of(one)]
    path = Path(path)
    if not any(letter in str(path) for letter in "*?[") or os.path.lexists(path):
        return [path]
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207
    if not found:
        raise DataError("no file fits the pattern.", where=str(path))
    return found
