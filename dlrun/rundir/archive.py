"""Archives: runs and sweeps in one zip file, to be kept; every file is read again once it is there.

```
archive.json                                  which folders, how each run stands, SHA-256 by file
20261120-231455_mnist_mlp_7k2q/run.json ...   a run, as it was, with its checkpoint
rates/sweep.json, rates/2026.../run.json ...  a sweep with all of its runs
```

A bundle is one run to be handed on, without what only `resume` needs; nothing is left out of an
archive but locks and what is half written. It is read with care, for it may be a stranger's.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from dlrun.errors import RunFolderError, UsageError
from dlrun.rundir.bundle import FREE_BYTES, MOST_RATIO, check_name, extract, pieces
from dlrun.rundir.exclusion import CAREFUL
from dlrun.rundir.files import (
    MAX_TEXT_BYTES,
    check_ordinary,
    naming_write_errors,
    reason,
    replacing,
    size_in_words,
    sync,
    temporary_name,
)
from dlrun.rundir.folder import read_row, run_paths, safe_name
from dlrun.rundir.integrity import damaged_files, is_signed, recorded_files, signed
from dlrun.rundir.names import (
    CHECKPOINT,
    EXTENSION,
    LOCK,
    OWNER,
    RECORD,
    SWEEP,
    TEMPORARY_PREFIX,
    TRASH,
    TURN,
)
from dlrun.rundir.record import now, read_record, record_text
from dlrun.rundir.trash import kind_of, move_to_trash, resting

CONTENTS: Final = "archive.json"
FORMAT: Final = 1
MOST_FILES: Final = 500_000
SHARES: Final = ".shares"  # of a sweep: what jobs that share it know of each other
_PIECE: Final = 2**20
_PASSING: Final = (LOCK, OWNER, TURN, TRASH)
_PACKED_ALREADY: Final = {".safetensors", ".keras", ".zip", ".png", ".npz", ".gz", ".tflite"}
_KILLED: Final = {"status": "interrupted", "exit_code": 137, "reason": "its process was killed"}
"""What is packed of a run whose process is gone: elsewhere nobody could tell."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class PackedFolder:
    """A run or a sweep in an archive."""

    name: str
    kind: str  # `run` or `sweep`
    status: str  # of a sweep how many of its runs stand how: `11 finished, 1 failed`
    started: str | None = None
    metric: str | None = None  # the main one
    value: float | None = None
    labels: Sequence[str] = ()
    size: int = 0  # bytes, unpacked


@dataclass
class _Packing:
    """An archive while it is written."""

    zip: zipfile.ZipFile
    path: Path
    hashes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, source: Path) -> None:
        """Pack a file as it is."""
        info = zipfile.ZipInfo.from_file(source, name, strict_timestamps=False)
        is_packed = source.suffix in _PACKED_ALREADY
        info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
        check_name(info, self.path, hidden=(SHARES,))
        found = hashlib.sha256()
        descriptor = os.open(source, os.O_RDONLY | CAREFUL)
        with open(descriptor, "rb") as file, self.zip.open(info, "w", force_zip64=True) as target:  # noqa: PTH123
            check_ordinary(descriptor, source)
            while piece := file.read(_PIECE):
                found.update(piece)
                target.write(piece)
        self.hashes[name] = found.hexdigest()

    def add_text(self, name: str, text: str) -> None:
        """Pack a text."""
        content = text.encode("utf-8", "backslashreplace")
        self.zip.writestr(name, content, zipfile.ZIP_DEFLATED)
        self.hashes[name] = hashlib.sha256(content).hexdigest()


def write_archive(
    folders: Sequence[Path], path: Path, *, checkpoints: bool, remove: bool, say: Say
) -> tuple[list[PackedFolder], list[Path]]:
    """Pack runs and sweeps into a file, and read it again; gives them, and what is in the trash.

    The file is there whole or not at all. Without `checkpoints` those of finished runs are left
    out. With `remove` the folders are moved into the trash, once the archive is on the disk.

    Raises:
        UsageError: The file is there, or two folders have the same name.
        RunFolderError: A run is at work, or damaged.
    """
    _check_target(folders, path)
    _check_runs(folders)
    packed, seen = [], {}
    with replacing(path) as temporary:
        with zipfile.ZipFile(temporary, "w", strict_timestamps=False) as archive:
            packing = _Packing(archive, path)
            for number, folder in enumerate(folders, start=1):
                say(f"packing {folder.name} ({number} of {len(folders)}) ...")
                with resting(folder):
                    seen[folder] = _state(folder)
                    packed.append(_pack(folder, packing, checkpoints=checkpoints))
            contents = {
                "format": FORMAT,
                "written": now(),
                "folders": [asdict(one) for one in packed],
                "files": dict(packing.hashes),
            }
            text = signed(contents)
            if len(text) > MAX_TEXT_BYTES or len(packing.hashes) > MOST_FILES:
                what = f"{len(packing.hashes):,} files are too many for one archive."
                raise UsageError(what, fix="Make several.")
            packing.add_text(CONTENTS, text)
        say("reading the archive again ...")
        _read_again(temporary, packing.hashes, path)
    if not remove:
        return packed, []
    changed = [folder for folder in folders if _state(folder) != seen[folder]]
    if changed:
        what = "was changed while the others were packed; nothing was moved into the trash."
        fix = f"The archive holds it as it was: {path}."
        raise RunFolderError(what, where=str(changed[0]), fix=fix)
    return packed, move_to_trash(folders)


def _check_target(folders: Sequence[Path], path: Path) -> None:
    if os.path.lexists(path):
        raise UsageError("is there already.", where=str(path), fix="Give another name with -o.")
    if path.suffix != ".zip":
        what = f"is to be a zip file, so its name ends with .zip, not with '{path.suffix}'."
        raise UsageError(what, where=f"-o {path}")
    names: dict[str, Path] = {}
    for folder in folders:
        name = folder.resolve().name
        if path.resolve().is_relative_to(folder.resolve()):
            raise UsageError("lies in a folder that is packed.", where=f"-o {path}")
        if name in names:
            raise UsageError(f"two folders have the name {name}.", where=str(folder))
        if safe_name(name) != name:
            fix = "Rename the folder to letters, digits, '-', '_' and '.'."
            raise UsageError("is no name for a folder in an archive.", where=str(folder), fix=fix)
        names[name] = folder


def _check_runs(folders: Sequence[Path]) -> None:
    """Refuse what is at work or damaged before anything is written."""
    problems = []
    for folder in folders:
        with resting(folder):
            runs = run_paths(folder) if kind_of(folder) == "sweep" else [folder]
        rows = map(read_row, runs)
        problems += [f"{row.path}: {row.reason}" for row in rows if row.status == "damaged"]
    _raise_if_any(problems)


def _raise_if_any(problems: Sequence[str]) -> None:
    if problems:
        fix = "What is damaged is not packed; `dlrun verify` tells more."
        raise RunFolderError("\n".join(problems), fix=fix)


def _pack(folder: Path, packing: _Packing, *, checkpoints: bool) -> PackedFolder:
    """Pack a folder, and hold what is packed against the hashes in its records."""
    home = folder.resolve().name
    runs = run_paths(folder) if kind_of(folder) == "sweep" else [folder]
    rows = [read_row(run) for run in runs]
    problems = []
    left_out = () if checkpoints else tuple(
        row.path / CHECKPOINT for row in rows
        if row.status == "finished" and not os.path.lexists(row.path / EXTENSION)
    )  # fmt: skip
    size = 0
    for source in _files(folder):
        if any(source.is_relative_to(one) for one in left_out):
            continue
        if source.is_symlink() or not source.is_file():
            problems.append(f"{source}: is no ordinary file: an archive holds nothing else.")
            continue
        name = f"{home}/{source.relative_to(folder).as_posix()}"
        closed = _closed(source) if source.name == RECORD else None
        if closed is None:
            packing.add(name, source)
        else:
            packing.add_text(name, closed)
        size += source.stat().st_size
    for row in rows:
        within = row.path.relative_to(folder).as_posix()
        place = home if within == "." else f"{home}/{within}"
        problems += [
            f"{row.path / name}: is missing, damaged or changed."
            for name, recorded in recorded_files(row.record).items()
            if packing.hashes.get(f"{place}/{name}") != recorded
        ]
    _raise_if_any(problems)
    return _described(folder, rows, size)


def _described(folder: Path, rows: Sequence[Any], size: int) -> PackedFolder:
    name = folder.resolve().name
    if kind_of(folder) == "sweep":
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.status] = counts.get(row.status, 0) + 1
        told = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
        return PackedFolder(name, "sweep", told or "no runs", size=size)
    (row,) = rows
    started = row.started.isoformat() if row.started else None
    status = _KILLED["status"] if row.status == "killed" else row.status
    return PackedFolder(
        name, "run", str(status), started, row.metric, row.value, row.notes.labels, size
    )


def _closed(path: Path) -> str | None:
    """Close the record of a run whose process is gone; None for one that is closed."""
    try:
        record = read_record(path.parent)
    except RunFolderError:
        return None
    return record_text({**record, **_KILLED}) if record["status"] == "running" else None


def _files(folder: Path) -> Iterator[Path]:
    """Find what is packed of a folder, sorted; links are given as they are."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not _is_passing(one))
        links = [one for one in folders if Path(place, one).is_symlink()]
        for name in sorted([*names, *links]):
            if not _is_passing(name):
                yield Path(place, name)


def _is_passing(name: str) -> bool:
    is_hidden = name.startswith(".") and name != SHARES
    return name in _PASSING or name.startswith(TEMPORARY_PREFIX) or is_hidden


def _state(folder: Path) -> list[tuple[str, int, int]]:
    """Tell what a folder holds, and when each file was changed last."""
    found = [(one, os.lstat(one)) for one in _files(folder)]
    return [(os.fspath(one), status.st_size, status.st_mtime_ns) for one, status in found]


def _read_again(temporary: Path, hashes: Mapping[str, str], path: Path) -> None:
    """Hold every file of a new archive against what was read of its folder."""
    sync(temporary)
    with zipfile.ZipFile(temporary) as archive:
        for entry in archive.infolist():
            found = hashlib.sha256()
            for piece in pieces(archive, entry):
                found.update(piece)
            if found.hexdigest() != hashes[entry.filename]:
                what = f"{entry.filename} is not what was written: the disk fails."
                raise RunFolderError(what, where=str(path))


def is_archive(path: Path) -> bool:
    """Say whether a file is an archive of runs; what is wrong with it, reading it tells."""
    try:
        with _opened(path) as archive:
            return CONTENTS in archive.NameToInfo
    except RunFolderError:
        return False


def contents_of(path: Path) -> list[PackedFolder]:
    """Tell what an archive holds, of what stands in it."""
    with _opened(path) as archive:
        return [PackedFolder(**one) for one in _contents(archive, path)["folders"]]


def import_archive(path: Path, references: Sequence[str], runs_dir: Path, say: Say) -> list[Path]:
    """Unpack folders of an archive into a folder of runs, all where none is named; gives them.

    A reference is the name of a folder, or a part of it that no other one has. Each folder comes
    whole or not at all, checked file by file.

    Raises:
        UsageError: There is no such folder in it, or there is one of that name in `runs_dir`.
        RunFolderError: It is no archive, or not whole.
    """
    with _opened(path) as archive:
        contents = _contents(archive, path)
        names = _chosen([one["name"] for one in contents["folders"]], references, path)
        there = [runs_dir / name for name in names if os.path.lexists(runs_dir / name)]
        if there:
            more = f", and {len(there) - 1} more" if len(there) > 1 else ""
            fix = "Name those that you want, or choose another --runs-dir."
            raise UsageError(f"is there already{more}.", where=str(there[0]), fix=fix)
        entries = _checked(archive, contents["files"], path)
        with naming_write_errors(runs_dir):
            runs_dir.mkdir(parents=True, exist_ok=True)
        wanted = [one for one in entries if one.filename.partition("/")[0] in names]
        free, needed = shutil.disk_usage(runs_dir).free, sum(one.file_size for one in wanted)
        if needed > free:
            what = f"needs {size_in_words(needed)}, and {size_in_words(free)} are free."
            raise RunFolderError(what, where=str(runs_dir))
        done = []
        for number, name in enumerate(names, start=1):
            say(f"unpacking {name} ({number} of {len(names)}) ...")
            of_it = [one for one in wanted if one.filename.partition("/")[0] == name]
            done.append(_unpack(archive, of_it, contents["files"], runs_dir / name, path))
        return done


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with open(os.open(path, os.O_RDONLY | CAREFUL), "rb") as file:  # noqa: PTH123 - a descriptor
            check_ordinary(file.fileno(), path)
            with zipfile.ZipFile(file) as archive:
                yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refused(path, f"is not a whole zip file: {error}") from error
    except OSError as error:
        raise _refused(path, f"cannot be unpacked: {reason(error)}") from error


def _contents(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """Read what the archive says of itself."""
    entry = archive.NameToInfo.get(CONTENTS)
    if entry is None:
        raise _refused(path, f"has no {CONTENTS}: it is no archive of runs")
    if entry.file_size > MAX_TEXT_BYTES:
        raise _refused(path, f"{CONTENTS} is larger than {size_in_words(MAX_TEXT_BYTES)}")
    try:
        found = json.loads(b"".join(pieces(archive, entry)))
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"{CONTENTS} is not valid JSON") from error
    if not isinstance(found, dict) or not is_signed(found):
        raise _refused(path, f"{CONTENTS} is not what was written")
    if found.get("format") != FORMAT:
        what = f"has the format {found.get('format')!r}; this dlrun reads {FORMAT}."
        raise RunFolderError(what, where=str(path), fix="Upgrade, if it is of a newer dlrun.")
    folders, files = found.get("folders"), found.get("files")
    is_whole = (
        isinstance(files, dict)
        and isinstance(folders, list)
        and all(map(_is_folder, folders))
        and [*dict.fromkeys(name.partition("/")[0] for name in files)]
        == [one["name"] for one in folders]
    )
    if not is_whole:
        raise _refused(path, f"{CONTENTS} does not tell what the archive holds")
    return found


def _is_folder(told: Any) -> bool:
    """Whether it is what `PackedFolder` holds."""
    types = {"name": str, "kind": str, "status": str, "started": str | None, "metric": str | None,
             "value": int | float | None, "labels": list, "size": int}  # fmt: skip
    return (
        isinstance(told, dict)
        and told.keys() == types.keys()
        and all(isinstance(told[key], kind) for key, kind in types.items())
        and all(isinstance(label, str) for label in told["labels"])
    )


def _checked(
    archive: zipfile.ZipFile, files: Mapping[str, Any], path: Path
) -> list[zipfile.ZipInfo]:
    """Refuse names that lead out of their folders, links, bombs, and what nobody told of."""
    entries = [one for one in archive.infolist() if one.filename != CONTENTS]
    if len(entries) > MOST_FILES:
        raise _refused(path, f"holds {len(entries):,} files; at most {MOST_FILES:,} are read")
    seen: set[str] = set()
    for entry in entries:
        check_name(entry, path, hidden=(SHARES,))
        if entry.filename.casefold() in seen:
            raise _refused(path, f"holds {entry.filename!r} twice")
        seen.add(entry.filename.casefold())
        home = PurePosixPath(entry.filename).parts[0]
        if "/" not in entry.filename or safe_name(home) != home:
            raise _refused(path, f"{entry.filename!r} is in no folder of a run")
    if {one.filename for one in entries} != set(files):
        raise _refused(path, "does not hold the files that it tells of")
    total = sum(one.file_size for one in entries)
    if total > FREE_BYTES + MOST_RATIO * sum(one.compress_size for one in entries):
        raise _refused(path, f"would become {size_in_words(total)}")
    return entries


def _chosen(names: Sequence[str], references: Sequence[str], path: Path) -> list[str]:
    found = []
    for reference in references:
        matches = [one for one in names if one == reference]
        matches = matches or [one for one in names if reference and reference in one]
        if len(matches) != 1:
            how_many = f"{len(matches)} folders have" if matches else "no folder in it has"
            what = f"{how_many} '{reference}' in the name."
            raise UsageError(what, where=str(path), fix=f"`dlrun import {path} --list` lists them.")
        found += matches
    return list(dict.fromkeys(found or names))


def _unpack(
    archive: zipfile.ZipFile,
    entries: Sequence[zipfile.ZipInfo],
    files: Mapping[str, Any],
    target: Path,
    path: Path,
) -> Path:
    """Unpack a folder aside, hold each file against its hash, and move it to its place."""
    with naming_write_errors(target):
        place = target.parent / temporary_name()
        place.mkdir()
        try:
            for entry in entries:
                if extract(archive, entry, place) != files[entry.filename]:
                    raise _refused(path, f"{entry.filename!r} is damaged")
            unpacked = place / target.name
            for run in _runs_in(unpacked, path):
                if problems := damaged_files(run, read_record(run)):
                    told = problems[0].replace(str(place), "").lstrip("/")
                    raise _refused(path, f"holds a damaged run: {told}")
                (run / LOCK).touch()  # free: nobody works there, whatever its record says
            for home, _, names in os.walk(unpacked):
                for name in names:
                    sync(Path(home, name))
            unpacked.rename(target)
            sync(target.parent)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return target


def _runs_in(unpacked: Path, path: Path) -> list[Path]:
    if os.path.lexists(unpacked / SWEEP):
        return run_paths(unpacked)
    if not os.path.lexists(unpacked / RECORD):
        raise _refused(path, f"{unpacked.name} is neither a run nor a sweep")
    return [unpacked]


def _refused(path: Path, what: str) -> RunFolderError:
    fix = "Give the .zip file that `dlrun archive` wrote; copy it again if it is damaged."
    return RunFolderError(f"{what}.", where=str(path), fix=fix)
