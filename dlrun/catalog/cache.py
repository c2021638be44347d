"""What commands have read of Keras's source, kept for the next ones: checked, never trusted.

An entry knows the files that it was read from, by place, size and time; where one of them is
another now, it is read anew. A cache that is damaged, or not the user's own, counts as none, and a
folder that cannot be written to does no harm: it makes commands quicker, and nothing else.
"""

from __future__ import annotations

import json
import math
import os
import stat
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from dlrun import __version__
from dlrun.absent import ABSENT
from dlrun.catalog import source

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")

MAX_BYTES: Final = 4 * 2**20
"""What is larger is neither written nor read."""
PACKAGE: Final = "keras."
"""Modules of this package are kept; those of dlrun are few, and change while one works on them."""
_UNFIT: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError)
"""What comes of an entry that is none."""
_OF_OTHERS: Final = 0o022  # the mode of a file that others may write

_stores: dict[str, _Store] = {}


def kept(
    store: str, write: Callable[[Value], Any], read: Callable[[Any], Value]
) -> Callable[[Callable[Arguments, Value]], Callable[Arguments, Value]]:
    """Keep what a function reads of modules for the commands to come.

    Its arguments are texts. `write` makes plain values of what it returns; `read` makes the same of
    them again, and raises ValueError, TypeError or KeyError for what it cannot be.
    """

    def keeping(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
        @wraps(function)
        def kept_or_read(*args: Arguments.args, **options: Arguments.kwargs) -> Value:
            key = " ".join([function.__name__, *map(str, args)])
            with suppress(*_UNFIT):
                entry = _store(store).get(key)
                if _is_as_it_was(entry["files"]):
                    found = read(entry["value"])
                    source.note(*entry["files"])
                    return found
            with source.noting_modules() as looked_into:
                found = function(*args, **options)
            if looked_into and all(name.startswith(PACKAGE) for name in looked_into):
                with suppress(ValueError, OSError):
                    files = {name: _stamp(name) for name in sorted(looked_into)}
                    _store(store).add(key, {"files": files, "value": write(found)})
            return found

        return kept_or_read

    return keeping


def _is_as_it_was(files: dict[str, Any]) -> bool:
    """Whether an entry was read from files of Keras that are the same now."""
    return bool(files) and all(
        name.startswith(PACKAGE) and _stamp(name) == stamp for name, stamp in files.items()
    )


def _stamp(module: str) -> list[Any] | None:
    """Where the file of a module is, its time in nanoseconds, its size; None for no file."""
    file = source.module_file(module)
    if file is None:
        return None
    facts = file.stat()
    return [str(file), facts.st_mtime_ns, facts.st_size]


class _Store:
    """A file of entries, as it was when it was first asked for, and what has come since.

    Its first line is the checksum of the others, each an entry: its key, a tab, its JSON.
    """

    def __init__(self, name: str) -> None:
        self.path = _folder() / f"{name}-{_installation()}.txt"
        self.lines = _read_lines(self.path)
        self.is_new = False

    def get(self, key: str) -> Any:
        """Give an entry; KeyError where there is none, ValueError where it is none."""
        return json.loads(self.lines[key.encode()])

    def add(self, key: str, entry: dict[str, Any]) -> None:
        """Add an entry, in memory."""
        self.lines[key.encode()] = json.dumps(entry, allow_nan=False).encode()
        self.is_new = True


def _store(name: str) -> _Store:
    if name not in _stores:
        _stores[name] = _Store(name)
    return _stores[name]


def save() -> None:
    """Write what is new, where that can be done."""
    for store in _stores.values():
        if store.is_new:
            store.is_new = False
            with suppress(OSError, ValueError):
                _write_lines(store.path, store.lines)


def _folder() -> Path:
    """`$XDG_CACHE_HOME/dlrun`, else below `~/.cache`."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    home = cache if os.path.isabs(cache) else os.path.expanduser("~/.cache")  # noqa: PTH111, PTH117
    return Path(home, "dlrun")


def _installation() -> str:
    """What tells this Python and this dlrun from others, which have files of their own."""
    place = "\0".join([__version__, sys.version, sys.prefix, str(Path(__file__).parent)])
    return f"{zlib.crc32(place.encode('utf-8', 'replace')):08x}"


def _read_lines(path: Path) -> dict[bytes, bytes]:
    """The entries of a file that is whole and that no one else can have written, else none."""
    if not path.is_absolute():  # a user without a home
        return {}
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or not _is_ours(facts):
                return {}
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return {}
    checksum, _, rest = content.partition(b"\n")
    if len(content) > MAX_BYTES or checksum != _checksum(rest):
        return {}
    return dict(line.split(b"\t", 1) for line in rest.splitlines() if b"\t" in line)


def _is_ours(facts: os.stat_result) -> bool:
    """Whether nobody else can have written a file; where users have no numbers, nobody can."""
    if not hasattr(os, "getuid"):
        return True
    return facts.st_uid == os.getuid() and not facts.st_mode & _OF_OTHERS


def _write_lines(path: Path, lines: dict[bytes, bytes]) -> None:
    """Write a file aside and rename it, so that no one reads half of it."""
    rest = b"".join(key + b"\t" + line + b"\n" for key, line in lines.items())
    content = _checksum(rest) + b"\n" + rest
    if len(content) > MAX_BYTES or not path.is_absolute():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise


def _checksum(lines: bytes) -> bytes:
    """Tell lines from others, and from such as other code of dlrun has read."""
    return f"{zlib.crc32(lines, _readers()):08x}".encode()


@lru_cache
def _readers() -> int:
    """What tells the code that reads Keras from what it was before it was changed."""
    with os.scandir(Path(__file__).parent) as files:
        facts = sorted((file.name, file.stat()) for file in files if file.name.endswith(".py"))
    stamps = [(name, fact.st_mtime_ns, fact.st_size) for name, fact in facts]
    return zlib.crc32(repr(stamps).encode())


# Values of Python as JSON, and back


def written(value: Any) -> Any:
    """Write a literal so that it can be told what it was; ValueError for what JSON has not."""
    if value is ABSENT:
        return {"absent": 1}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [written(one) for one in value]}
    is_plain = value is None or isinstance(value, bool | int | str)
    if is_plain or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError(f"{type(value).__name__} is not kept")


def read(value: Any) -> Any:
    """Read what `written` has made of a literal."""
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    if kind == "absent":
        return ABSENT
    make = {"tuple": tuple, "list": list}[kind]
    return make(read(one) for one in inside)


def text(value: Any) -> str:
    """Read a text; TypeError for all else."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def texts(value: Any) -> dict[str, str]:
    """Read texts by their names."""
    return {name: text(one) for name, one in dict(value).items()}
