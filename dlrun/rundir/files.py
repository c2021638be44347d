"""Files that are whole or not there: written aside, synced, renamed; read with care."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from dlrun.errors import DlrunError, RunFolderError
from dlrun.rundir.exclusion import CAREFUL, flags, lock_file
from dlrun.rundir.names import TEMPORARY_PREFIX

MAX_TEXT_BYTES = 64 * 2**20
"""What is larger is neither written nor read: the JSON of a run folder has 64 MiB at most."""

_PIECE = 2**20
_DIGITS = 8  # hex digits that make the name of a temporary file its own


@contextlib.contextmanager
def replacing(
    path: Path, naming: Callable[[], AbstractContextManager[Path]] | None = None
) -> Iterator[Path]:
    """Write a file in a way that a crash, a full disk or a reader never meets half of it.

    The block writes to the temporary path that it is given, an empty file locked by this process,
    in the folder of `path` and with its suffix. At its end the file is synced to the disk and
    renamed, and the folder is synced. If the block raises, the temporary file is removed and what
    stood at `path` before is still there. If the process is killed, the temporary file stays until
    the next one is written beside it, see also `remove_abandoned`.

    `naming` tells another path in the end, when the content is there; the file is renamed inside of
    it.

    Raises:
        DlrunError: The file cannot be written: no space left, no permission, a folder in its place.
    """
    with naming_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{TEMPORARY_PREFIX}{'[0-9a-f]' * _DIGITS}{path.suffix}"):
            remove_if_abandoned(left)
        temporary, descriptor = _make_temporary(path)
        try:
            yield temporary
            sync(temporary)
            with contextlib.nullcontext(path) if naming is None else naming() as target:
                temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        waiting = _waiting.get()
        if waiting is None:
            sync(path.parent)
        else:
            waiting.add(path.parent)


_waiting: ContextVar[set[Path] | None] = ContextVar("folders to be synced later", default=None)


@contextlib.contextmanager
def syncing_folders_together() -> Iterator[Callable[..., None]]:
    """Sync the folders into which the block writes files only when it says so.

    Each file is whole or not there all the same; later is only the moment from which its name
    outlives a loss of power. The block is given a function that syncs what waits, but for one
    folder if it is told so: what is written there next may vouch for the files of all others.
    """
    folders: set[Path] = set()

    def settle(but: Path | None = None) -> None:
        for folder in sorted(folders - {but}):
            with naming_write_errors(folder), contextlib.suppress(FileNotFoundError):
                sync(folder)
            folders.discard(folder)

    token = _waiting.set(folders)
    try:
        yield settle
    finally:
        _waiting.reset(token)


def _make_temporary(path: Path) -> tuple[Path, int]:
    """Make an empty file beside a path, and lock it: so others know that somebody writes it."""
    mode = flags("O_WRONLY", "O_CREAT", "O_EXCL", "O_CLOEXEC")
    while True:
        temporary = path.with_name(temporary_name() + path.suffix)
        descriptor = os.open(temporary, mode, 0o666)
        with contextlib.suppress(OSError):
            lock_file(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        os.close(descriptor)  # between the two calls it was taken for an abandoned one


def temporary_name() -> str:
    """Give a name of its own to what is not complete yet."""
    return f"{TEMPORARY_PREFIX}{os.urandom(_DIGITS // 2).hex()}"


def remove_abandoned(folder: Path, *, folders: bool = False) -> None:
    """Remove the temporary files that killed processes have left; those of living ones stay.

    The folders in a run folder are looked through too, symbolic links are not. A temporary folder
    was to be a checkpoint: only the process that holds the lock of the run may remove those, for
    no other one tells a killed training from a living one.
    """
    with contextlib.suppress(OSError):
        places = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
        for place in (folder, *places):
            for path in place.glob(f"{TEMPORARY_PREFIX}*"):
                if folders and path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    remove_if_abandoned(path)


def remove_if_abandoned(path: Path) -> None:
    """Remove a temporary file unless a living process writes it; all else stays."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | CAREFUL)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                lock_file(descriptor)
                path.unlink()
        finally:
            os.close(descriptor)


def replace_with(path: Path, writer: Callable[[Path], object]) -> None:
    """Let a function that wants a path write a file, see `replacing`."""
    with replacing(path) as temporary:
        writer(temporary)


def write_output(path: Path, writer: Callable[[Path], object]) -> None:
    """Write where a user points: a file is replaced, a device or a pipe is written into.

    A symbolic link stays, and what it leads to is written. The writer is given a temporary path, or
    `path` itself where that is neither a file nor free.
    """
    with naming_write_errors(path):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            mode = stat.S_IFREG
        if not stat.S_ISREG(mode):
            writer(path)
            return
    replace_with(Path(os.path.realpath(path)) if path.is_symlink() else path, writer)


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes to a file, see `replacing`."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write text to a file as UTF-8 with newlines as they are, see `replacing`."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: object) -> None:
    """Write a value to a file as JSON; what is larger than `read_json` would read is refused."""
    text = json_text(value)
    check_size(path, text, MAX_TEXT_BYTES)
    write_text(path, text)


def check_size(path: Path, text: str, limit: int) -> None:
    """Refuse to write what would not be read again: more than `limit` bytes."""
    if len(text) > limit // 4 and len(text.encode("utf-8", "backslashreplace")) > limit:
        what = f"would be larger than {size_in_words(limit)}, which is the most that is read again."
        raise DlrunError(what, where=str(path))


def json_text(value: object) -> str:
    """Write a value as JSON for people and for matrices: a key on each line, a row on each line."""
    return _json_text(plain(value), "\n") + "\n"


def _json_text(value: Any, newline: str) -> str:
    """JSON of what `plain` gives; `newline` is that of the line which the value begins on."""
    inner = newline + "  "
    if isinstance(value, dict) and value:
        items = (f"{_dumps(key)}: {_json_text(item, inner)}" for key, item in value.items())
        return f"{{{inner}{f',{inner}'.join(items)}{newline}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return f"[{inner}{f',{inner}'.join(_json_text(item, inner) for item in value)}{newline}]"
    return _dumps(value)


_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
"""`json.dumps` makes an encoder for each value."""


def append_text(path: Path, text: str) -> None:
    """Append text to a file; for logs, which may end in the middle of a line after a crash."""
    mode = os.O_WRONLY | os.O_APPEND | os.O_CREAT | CAREFUL
    with (
        naming_write_errors(path),
        open(os.open(path, mode, 0o666), "ab") as file,  # noqa: PTH123 - a descriptor
    ):
        check_ordinary(file.fileno(), path)
        file.write(text.encode("utf-8", "backslashreplace"))


def read_bytes(path: Path, limit: int = MAX_TEXT_BYTES, *, part: int | None = None) -> bytes:
    """Read a file of a run folder, or the first `part` bytes of it, which may come from a stranger.

    Raises:
        RunFolderError: The file is missing, no ordinary file (a symbolic link, a folder, a pipe or
            a device), larger than `limit` bytes, or cannot be read.
    """
    try:
        # O_NONBLOCK: opening a pipe would wait for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | CAREFUL)
        try:
            size = check_ordinary(descriptor, path, limit)
            wanted = size if part is None else min(part, size)
            content = os.read(descriptor, min(wanted, _PIECE))
            if len(content) == wanted:  # as of nearly every file: lists read thousands
                return content
            with open(descriptor, "rb", closefd=False) as file:
                return content + file.read(wanted - len(content))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _read_error(path, error) from error


def read_text(path: Path, limit: int = MAX_TEXT_BYTES) -> str:
    """Read a UTF-8 file of a run folder, see `read_bytes`."""
    try:
        return read_bytes(path, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RunFolderError("is not UTF-8 text: damaged.", where=str(path)) from error


def read_json(path: Path, limit: int = MAX_TEXT_BYTES) -> dict[str, Any]:
    """Read a file of a run folder that holds one JSON object, see `read_bytes`."""
    return parse_json(read_text(path, limit), path)


def parse_json(text: str, path: Path) -> dict[str, Any]:
    """Read the one JSON object that a text, read from a path, holds."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise RunFolderError("is not valid JSON: damaged.", where=f"{path}{place}") from error
    if not isinstance(value, dict):
        raise RunFolderError("does not hold a JSON object: damaged.", where=str(path))
    return value


def plain(value: Any) -> Any:
    """Turn a value into what JSON knows: dicts, lists, texts, numbers, booleans and None.

    NaN and infinity become null, as in every strict JSON; NumPy numbers and arrays become numbers
    and lists; tuples become lists; paths become texts.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise TypeError(f"JSON cannot express {type(value).__name__}: {value!r}")


def reason(error: OSError) -> str:
    """Say in a few words why the operating system refused: `no space left on device`."""
    text = error.strerror or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def is_read_only(error: DlrunError) -> bool:
    """Say whether a file could not be written because this user may not write there at all."""
    number = getattr(error.__cause__, "errno", None)
    return number in (errno.EACCES, errno.EPERM, errno.EROFS)


def sync(path: Path) -> None:
    """Wait until a file, or the list of a folder's files, is on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows writes the list of a folder's files down by itself
    access = os.O_RDWR if os.name == "nt" else os.O_RDONLY
    descriptor = os.open(path, access | flags("O_CLOEXEC", "O_BINARY"))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def naming_write_errors(path: Path) -> Iterator[None]:
    """Say of an operating system's refusal in the block which file could not be written."""
    try:
        yield
    except OSError as error:
        raise DlrunError(f"cannot be written: {reason(error)}.", where=str(path)) from error


def _read_error(path: Path, error: OSError) -> RunFolderError:
    if isinstance(error, FileNotFoundError):
        return RunFolderError("is missing.", where=str(path))
    if Path(path).is_symlink():
        return link_error(path)
    return RunFolderError(f"cannot be read: {reason(error)}.", where=str(path))


def check_ordinary(descriptor: int, path: Path, limit: int | None = None) -> int:
    """Refuse an open file that may be more than a file of a run folder; return its size in bytes.

    Raises:
        RunFolderError: It is a folder, a pipe or a device, has another name, or is larger than
            `limit`.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RunFolderError("is not an ordinary file.", where=str(path))
    if status.st_nlink > 1:
        what = "has another name elsewhere (a hard link): what it holds may change unseen."
        raise RunFolderError(what, where=str(path))
    if limit is not None and status.st_size > limit:
        raise RunFolderError(f"is larger than {size_in_words(limit)}: damaged.", where=str(path))
    return status.st_size


def leads_out(folder: Path, name: str) -> bool:
    """Say whether a name, by a symbolic link or `..` in it, leads out of a run folder."""
    if "\0" in name:
        return True
    home, place = os.path.realpath(folder), os.path.realpath(folder / name)
    return place != home and not place.startswith(home + os.sep)


def check_inside(folder: Path, name: str) -> None:
    """Refuse to write where a symbolic link leads out of a run folder."""
    if leads_out(folder, name):
        what = "is a symbolic link, which is not followed out of a run folder."
        raise RunFolderError(what, where=str(folder / name))


def link_error(path: Path) -> RunFolderError:
    """Say that a symbolic link stands where a run folder has a file or a folder of its own."""
    what = "is a symbolic link, which is not followed inside a run folder."
    return RunFolderError(what, where=str(path))


def size_in_words(size: int) -> str:
    """Write a number of bytes for people: 64 * 2**20 is `64 MiB`."""
    return f"{size / 2**20:.0f} MiB" if size >= 2**20 else f"{size} bytes"
