"""Finds and reads files of texts, a folder for each class; without NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dlrun.arrays import Reading
from dlrun.data.bad_files import Bad
from dlrun.data.class_folders import ClassFolders, Sort, files_below, find_files, split_folders
from dlrun.data.csv import text_encoding
from dlrun.data.files import files_of, open_data
from dlrun.data.generators import argument_error
from dlrun.errors import DataError
from dlrun.rundir.names import TRAIN
from dlrun.wording import list_some, quote

TEXTS: Final = Sort("text", (".txt",))
COLUMN: Final = "text"
"""What the column of the texts is called."""
LONGEST: Final = 2**24
"""So many bytes a text has at most: larger files are no texts of which a network reads words."""
HEAD: Final = 4


def find_texts(path: Path) -> ClassFolders:
    """List the texts of `path/CLASS/` or `path/SPLIT/CLASS/`; none is opened."""
    return find_files(path, TEXTS)


def holds_texts(path: Path) -> bool:
    """Say whether most files of a folder that are to train on are called like texts."""
    files = [*files_below(split_folders(path)[TRAIN])]
    return 2 * sum(file.lower().endswith(TEXTS.suffixes) for file in files) > len(files)


def check_encoding(encoding: str | None) -> None:
    """Refuse an encoding that Python does not know, or that is none of texts."""
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        names = "a name that Python knows, such as utf-8, latin-1, cp1252 or utf-16"
        raise argument_error("encoding", encoding, names) from None


def read_text(path: str, encoding: str | None) -> str:
    """Read a text; blanks around it are no part of it.

    Raises:
        DataError: The file cannot be read, is too large, or is no text in the encoding.
    """
    with open_data(Path(path), seekable=True) as file:
        try:
            content = file.read(LONGEST + 1)
        except OSError as error:
            raise DataError(f"the file cannot be read: {error.strerror}.", where=path) from error
    if len(content) > LONGEST:
        raise DataError(f"the file has more than {LONGEST >> 20} MiB: no text.", where=path)
    chosen = text_encoding(content[:HEAD], Reading(encoding=encoding))
    try:
        text = content.decode(chosen)
    except UnicodeDecodeError as error:
        shown = "UTF-8" if chosen.startswith("utf-8") else chosen
        byte = f"byte 0x{content[error.start]:02x} at {error.start:,}"
        raise DataError(f"{byte} is no {shown} text.", where=path) from error
    if "\x00" in text:
        raise DataError("the file is binary: it has a zero byte.", where=path)
    return text.strip()


def read_texts(files: Sequence[str], encoding: str | None) -> tuple[dict[int, str], Bad]:
    """Read files: the texts by place, empty ones among them, and why others could not be read."""
    texts, bad = {}, Bad()
    for place, file in enumerate(files):
        try:
            texts[place] = read_text(file, encoding)
        except DataError as error:
            bad[place] = error.what
    return texts, bad


def names_texts(path: Path) -> bool:
    """Say whether a file of rows is a text, a folder, or a glob of texts."""
    return path.is_dir() or path.suffix.lower() in TEXTS.suffixes


def named_texts(path: Path, notes: list[str]) -> list[str]:
    """List the texts that a path names: a file, a glob, or a folder with all below it."""
    if not path.is_dir():
        return [str(file) for file in files_of(path)]
    files = sorted(files_below(path, notes))
    texts = [file for file in files if file.lower().endswith(TEXTS.suffixes)]
    if len(texts) < len(files):
        others = [file for file in files if file not in {*texts}]
        told = list_some([quote(Path(other).name) for other in others], 5)
        notes.append(f"not read, as it is not called like a text: {told}")
    return texts
