"""Bundles: a run as one zip file; read with care, for it may be a stranger's."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

from dlrun.errors import RunFolderError, UsageError
from dlrun.rundir.exclusion import CAREFUL
from dlrun.rundir.files import (
    check_ordinary,
    naming_write_errors,
    reason,
    size_in_words,
    sync,
    temporary_name,
)
from dlrun.rundir.folder import Run, open_run, safe_name
from dlrun.rundir.integrity import HASHED, damaged_files, is_signed, read_inputs
from dlrun.rundir.names import (
    CHECKPOINT,
    EVALUATIONS,
    EVENTS,
    EXTENSION,
    INPUTS,
    LOG,
    NOTES,
    PLOTS,
    PREDICTIONS,
    RECORD,
    REPORT,
    REPORT_NUMBERS,
)
from dlrun.rundir.record import read_record, record_text

SUFFIX: Final = ".zip"
MOST_FILES: Final = 10_000
MOST_BYTES: Final = 16 * 2**30
MOST_RATIO: Final = 100
"""How much larger a file may become than it lies in the zip; a bomb of deflate reaches 1032."""
FREE_BYTES: Final = 2**25
"""So many bytes may be packed however well: weights of zeros are no bomb."""
_PIECE: Final = 2**20
_LEFT_OUT: Final = (CHECKPOINT, EXTENSION)


def write_bundle(run: Run, record: Mapping[str, Any], path: Path) -> None:
    """Pack a run without what only `resume` needs, below a folder of its name.

    `record` is what its record says once it is finished, with the hashes of what is packed.
    """
    names = [name for name in _files(run.path) if name != RECORD]
    told = record_text(record)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{run.lasting_name}/{RECORD}", told)
        for name in names:
            archive.write(run.file(name), f"{run.lasting_name}/{name}")


def lasting_files(folder: Path) -> list[str]:
    """Name the files that nothing but an exporter writes, of all that a bundle holds."""
    passing = {LOG, NOTES, REPORT, REPORT_NUMBERS, RECORD, f"{PREDICTIONS}/{INPUTS}"}
    passing |= {f"{PREDICTIONS}/{name}" for name in read_inputs(folder)}
    homes = (PLOTS, EVALUATIONS, EVENTS)
    return [
        name
        for name in _files(folder)
        if name not in passing and name.partition("/")[0] not in homes and name not in HASHED
    ]


def _files(folder: Path) -> Iterator[str]:
    """Name the ordinary files of a run folder, sorted; no bundles, and nothing hidden."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            one for one in folders if not one.startswith(".") and one not in _LEFT_OUT
        )
        for name in sorted(files):
            path = Path(place, name)
            is_ordinary = not path.is_symlink() and path.is_file()
            if is_ordinary and not name.startswith(".") and path.suffix != SUFFIX:
                yield path.relative_to(folder).as_posix()


def is_bundle(reference: str) -> bool:
    """Say whether a reference is the path of a bundle."""
    return reference.endswith(SUFFIX) and os.path.isfile(reference)  # noqa: PTH113 - never raises


@contextmanager
def reading(reference: str, runs_dir: Path) -> Iterator[Run]:
    """Find a run, see `open_run`, or unpack a bundle for as long as the block lasts."""
    if not is_bundle(reference):
        yield open_run(reference, runs_dir)
        return
    with TemporaryDirectory(prefix="dlrun-") as place:
        yield Run(unpack(Path(reference), Path(place)))


def import_bundle(path: Path, runs_dir: Path) -> Run:
    """Unpack a bundle into a folder of runs, whole or not at all.

    Raises:
        UsageError: There is no such file, or a run of that name is there.
        RunFolderError: It is not a whole, undamaged run.
    """
    if not path.is_file():
        raise UsageError("there is no such file.", where=str(path))
    with naming_write_errors(runs_dir):
        runs_dir.mkdir(parents=True, exist_ok=True)
        place = runs_dir / temporary_name()
        place.mkdir()
        try:
            unpacked = unpack(path, place)
            target = runs_dir / unpacked.name
            if os.path.lexists(target):
                what = "there is a run of that name already."
                raise UsageError(what, where=str(target), fix="Choose another --runs-dir.")
            for folder, _, files in os.walk(unpacked):
                for name in files:
                    sync(Path(folder, name))
            unpacked.rename(target)
            sync(runs_dir)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return Run(target)


def unpack(path: Path, place: Path) -> Path:
    """Unpack a bundle below a folder, and give the folder of its run.

    Nothing outside of `place` is written, links are not made, and what says it is larger than a
    run, or than a zip can hold, is refused before it is read. Then every file is held against its
    hash.
    """
    try:
        with open(os.open(path, os.O_RDONLY | CAREFUL), "rb") as file:  # noqa: PTH123 - a descriptor
            check_ordinary(file.fileno(), path)
            with zipfile.ZipFile(file) as archive:
                entries = _checked(archive.infolist(), path)
                for entry in entries:
                    extract(archive, entry, place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refused(path, f"is not a whole zip file: {error}") from error
    except OSError as error:
        raise _refused(path, f"cannot be unpacked: {reason(error)}") from error
    folder = place / PurePosixPath(entries[0].filename).parts[0]
    record = read_record(folder)
    problems = damaged_files(folder, record)
    if not is_signed(record):
        problems.append(f"{RECORD}: is not what the run saved.")
    if problems:
        told = problems[0].replace(str(folder), folder.name)
        raise _refused(path, f"holds a damaged run: {told}")
    return folder


def _checked(entries: list[zipfile.ZipInfo], path: Path) -> list[zipfile.ZipInfo]:
    """Refuse names that lead out of the folder, links, bombs, and what is no single run."""
    files = [entry for entry in entries if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise _refused(path, f"holds {len(entries):,} files; a run has no more than {MOST_FILES:,}")
    seen: set[str] = set()
    for entry in entries:
        check_name(entry, path)
        key = entry.filename.rstrip("/").casefold()
        if key in seen:
            raise _refused(path, f"holds {entry.filename!r} twice")
        seen.add(key)
        packed, size = entry.compress_size, entry.file_size
        if size > FREE_BYTES + MOST_RATIO * packed:
            raise _refused(path, f"{entry.filename!r} would become {size_in_words(size)}")
    total = sum(entry.file_size for entry in files)
    if total > MOST_BYTES:
        limit = size_in_words(MOST_BYTES)
        raise _refused(path, f"would become {size_in_words(total)}, which is more than {limit}")
    homes = {PurePosixPath(entry.filename).parts[0] for entry in files}
    home = next(iter(homes), "")
    if len(homes) != 1 or f"{home}/{RECORD}" not in {entry.filename for entry in files}:
        raise _refused(path, f"is not the bundle of a run: no single folder holds {RECORD}")
    if safe_name(home) != home:
        raise _refused(path, f"{home!r} is no name of a run")
    return files


def check_name(entry: zipfile.ZipInfo, path: Path, hidden: Collection[str] = ()) -> None:
    """Refuse a name that is more than folders and a file in the folder of a run.

    `hidden` are the names with a point before them that may be there.
    """
    name = entry.filename.removesuffix("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(path, f"{name!r} is a link, or no ordinary file")
    parts = name.split("/")
    if not all(parts) or any(part[0] == "." and part not in hidden for part in parts):
        raise _refused(path, f"{name!r} leads out of the folder, or is hidden")
    if any(one in name for one in "\\:\0") or not name.isprintable():
        raise _refused(path, f"{name!r} is no name of a file in a run")
    if entry.flag_bits & 1:
        raise _refused(path, f"{name!r} is encrypted")


def extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path) -> str:
    """Write a file, no more of it than it says it has; gives its SHA-256."""
    target = place.joinpath(*PurePosixPath(entry.filename).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with target.open("xb") as file:
        for piece in pieces(archive, entry):
            found.update(piece)
            file.write(piece)
    return found.hexdigest()


def pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Read a file of a zip piece by piece, no more of it than it says it has."""
    with archive.open(entry) as packed:
        left = entry.file_size
        while piece := packed.read(min(_PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                raise zipfile.BadZipFile(f"{entry.filename!r} is larger than it says")
            yield piece


def _refused(path: Path, what: str) -> RunFolderError:
    fix = "Give the .zip file that `dlrun export RUN bundle` wrote; copy it again if it is damaged."
    return RunFolderError(f"{what}.", where=str(path), fix=fix)
