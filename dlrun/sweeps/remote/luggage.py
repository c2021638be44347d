"""The data files of configs, which travel to another machine once, known by their content.

```
CACHE/<hash>/rows.csv       a file that came, or was found under `--data-root` and is none of these
CACHE/<hash>/photos/...     a folder, by the hash of what it holds
```
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlrun.columns.inference import shapes_told
from dlrun.config import Experiment
from dlrun.data.files import files_of, spool_folder
from dlrun.errors import DataError, UsageError
from dlrun.rundir.files import temporary_name
from dlrun.rundir.integrity import digest, hash_file
from dlrun.wording import listed

PIECE_BYTES = 2**26
"""Files travel in pieces of this size: no store has to hold a whole one at a time."""

_KEPT_SECONDS = 30 * 24 * 3600.0

Fetch = Callable[[str], Iterable[bytes]]
"""Gives the pieces of a file by its hash."""


@dataclass(frozen=True)
class Item:
    """A file or a folder of data as its config names it."""

    path: str  # on the machine of the sweep
    sha256: str  # of a folder that of the names and hashes in it
    files: tuple[tuple[str, str], ...]  # name below `path` and hash; of a file ("", hash)
    below: str  # its path below the folder of the sweep's base; else its name


class Luggage:
    """Lists what configs need; `root` is the folder of the sweep's base."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._known: dict[tuple[str, int, int], str] = {}
        self.paths: dict[str, Path] = {}  # of every file, by its hash

    def of(self, experiment: Experiment, *, travels: bool = True) -> dict[str, Any]:
        """List what a config needs as JSON can express it, by the argument of its dataset.

        What does not travel is found on the other machine.

        Raises:
            UsageError: A table that travels names images, which do not.
        """
        if travels:
            _check_travels(experiment)
        found: dict[str, Any] = {}
        for name, value in experiment.dataset.arguments.items():
            is_list = isinstance(value, list | tuple)
            given = value if is_list else [value]
            if not given or not all(isinstance(one, Path) for one in given):
                continue
            files = files_of(given)
            several = is_list or files != given
            found[name] = {"several": several, "items": [asdict(self._item(one)) for one in files]}
        return found

    def _item(self, path: Path) -> Item:
        absolute = path.resolve()
        is_below = absolute.is_relative_to(self._root)
        below = str(absolute.relative_to(self._root)) if is_below else path.name
        if not path.is_dir():
            sha256 = self._hash(path)
            return Item(str(path), sha256, (("", sha256),), below)
        inside = sorted(one for one in path.rglob("*") if one.is_file())
        files = tuple((one.relative_to(path).as_posix(), self._hash(one)) for one in inside)
        return Item(str(path), digest(files), files, below)

    def _hash(self, path: Path) -> str:
        """Hash a file, once as long as it does not change."""
        facts = path.stat()
        key = (str(path), facts.st_mtime_ns, facts.st_size)
        if key not in self._known:
            self._known[key] = hash_file(path)
            self.paths[self._known[key]] = path
        return self._known[key]


def _check_travels(experiment: Experiment) -> None:
    """Refuse a table that names images: it travels, and the files that it names do not."""
    columns = experiment.dataset.arguments.get("columns")
    named = shapes_told(columns) if isinstance(columns, Mapping) else {}
    if named:
        what = f"the images of {listed(named)} do not travel with their table."
        fix = "Put table and images where each machine finds them, and name that: --data-root."
        raise UsageError(what, where="dataset.columns", fix=fix)


def hashes_of(luggage: Mapping[str, Any]) -> list[str]:
    """List the hashes of the files in what `Luggage.of` gave."""
    items = [item for argument in luggage.values() for item in argument["items"]]
    return [sha256 for item in items for _, sha256 in item["files"]]


class Unpacking:
    """Gives configs their files on this machine, from `data_root` or from a cache that it fills."""

    def __init__(self, fetch: Fetch, data_root: str | None) -> None:
        self._fetch = fetch
        self._data_root = data_root
        self._cache = cache_folder()
        self.moved: dict[str, str] = {}  # where a file is here: where it is at home

    def arguments(self, luggage: Mapping[str, Any]) -> dict[str, Any]:
        """Give the arguments of a dataset that name files, as they are to be here.

        Raises:
            DataError: A file under `data_root` is missing, or holds something else than at home.
        """
        found: dict[str, Any] = {}
        for name, argument in luggage.items():
            paths = [self._place(Item(**item)) for item in argument["items"]]
            found[name] = paths if argument["several"] else paths[0]
        return found

    def at_home(self, text: str) -> str:
        """Name the files in a text as they are named at home."""
        for here, there in self.moved.items():
            text = text.replace(here, there)
        return text

    def _place(self, item: Item) -> str:
        home = self._cache / item.sha256 / Path(item.path).name
        if self._data_root is not None:
            home = Path(self._data_root, item.below)
        for name, sha256 in item.files:
            path = home / name if name else home
            if self._data_root is not None:
                _check(path, sha256, item)
            elif not path.exists():
                self._write(path, sha256)
        if self._data_root is None:
            os.utime(home.parent)  # when it was asked for last, see `prune_cache`
        self.moved[str(home)] = item.path
        return str(home)

    def _write(self, path: Path, sha256: str) -> None:
        """Write a file that came, whole or not at all; several processes may do so at a time."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(temporary_name())
        seen = hashlib.sha256()
        try:
            with temporary.open("xb") as file:
                for piece in self._fetch(sha256):
                    seen.update(piece)
                    file.write(piece)
            if seen.hexdigest() != sha256:
                raise DataError("changed while the sweep worked.", where=path.name)
            # Never in the place of one that is there: a run may be about to read it.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _check(path: Path, sha256: str, item: Item) -> None:
    fix = f"Put there what {item.path} holds, or leave --data-root out: files then travel."
    if not path.exists():
        raise DataError("is missing on this node.", where=str(path), fix=fix)
    if hash_file(path) != sha256:
        raise DataError(
            "is not the file that the sweep was planned with.", where=str(path), fix=fix
        )


def prune_cache() -> None:
    """Remove data files that came, and that nothing has asked for in a month."""
    for kept in cache_folder().iterdir():
        with contextlib.suppress(OSError):
            if time.time() - kept.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(kept, ignore_errors=True)


def cache_folder() -> Path:
    """Return where data files that came are kept: below `$XDG_CACHE_HOME`, else `~/.cache`."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        cache = Path(given) if given else Path("~/.cache").expanduser()
        home = cache / "dlrun" / "data"
        home.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        home = spool_folder() / f"dlrun-data-{os.getuid()}"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home
