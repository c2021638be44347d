"""Run folders: made so that no two runs ever share one, found again by a part of their name."""

from __future__ import annotations

import contextlib
import math
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from dlrun.errors import DivergedError, DlrunError, RunFolderError, UsageError, empty_text
from dlrun.rundir import files
from dlrun.rundir.environment import host_facts
from dlrun.rundir.extension import Extension
from dlrun.rundir.files import reason
from dlrun.rundir.integrity import check_file
from dlrun.rundir.lock import lock_state
from dlrun.rundir.metrics import (
    epochs_of,
    finite_number,
    main_metric,
    read_history,
    read_metrics,
)
from dlrun.rundir.names import EXTENSION, LOG, METRICS, RECORD, SWEEP
from dlrun.rundir.notes import NOTHING, Notes, read_notes
from dlrun.rundir.record import read_record, started
from dlrun.wording import count, text_of

LATEST = "latest"

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_ATTEMPTS = 100
_MAX_NAME_BYTES = 120
_MAX_LISTED = 10
_MOST_NEAR = 500  # how many of the newest runs are looked at for a misspelt name
_MOST_REASON = 500
_STAMP = re.compile(r"\d{8}-\d{6}_")
STANDINGS = {
    "running": "is still running",
    "finished": "is finished",
    "interrupted": "was interrupted",
    "failed": "has failed",
    "killed": "was killed",
}


@dataclass(frozen=True)
class Run:
    """A run: its folder, and what the files in it say, each read when it is first asked for.

    Whatever is missing or damaged raises `RunFolderError` when it is asked for.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def lasting_name(self) -> str:
        """The name that it will have: an extension takes the place of the run around it."""
        return self.path.resolve().parent.name if self.name == EXTENSION else self.name

    @property
    def label(self) -> str:
        """The name without the time of its start."""
        return _STAMP.sub("", self.name, count=1) or self.name

    @cached_property
    def record(self) -> dict[str, Any]:
        """What `run.json` said when it was first asked for; `read_record` reads it again."""
        return self.read_record()

    @property
    def status(self) -> str:
        """How it stands: `killed` where its record says `running` and its process is gone."""
        return status_of(self.path, self.record)

    @property
    def has_diverged(self) -> bool:
        """Whether its training ended with NaN or infinity: the same bits would do so again."""
        return self.record.get("exit_code") == DivergedError.exit_code

    @property
    def standing(self) -> str:
        """The status as the end of a sentence: `was interrupted`, `has diverged`."""
        return "has diverged" if self.has_diverged else STANDINGS[self.status]

    @property
    def next_step(self) -> str | None:
        """What can be done with a run that is not finished; None while a process trains it."""
        if self.has_diverged:
            return "Train with other settings."
        going_on = self.status == "running"
        return None if going_on else f"`dlrun resume {self.path}` goes on with it."

    def ended_early(self, epochs: int, also: str = "") -> str | None:
        """Say how far a run came that is not finished, and why; None where it is finished.

        `epochs` is how many its config asks for, `also` what comes of it. What it gives ends a
        sentence about the run: `was interrupted after 3 of 10 epochs: Interrupted by SIGINT.`
        """
        if self.status == "finished":
            return None
        reason = self.record.get("reason")
        why = f": {text_of(reason, _MOST_REASON).rstrip('.')}" if reason else ""
        how_far = f"{epochs_of(self.path)} of {count(epochs, 'epoch')}"
        return f"{self.standing} after {how_far}{also}{why}."

    @cached_property
    def notes(self) -> Notes:
        """The labels and the note that its user gave it."""
        return read_notes(self.path)

    @cached_property
    def metrics(self) -> dict[str, dict[str, float | None]]:
        """The final numbers by split and name, see `read_metrics`."""
        return read_metrics(self.path)

    @cached_property
    def measured(self) -> dict[str, Any]:
        """All that `metrics.json` holds, scores by class included; nothing where it is missing."""
        return self.read_json(METRICS) if os.path.lexists(self.file(METRICS)) else {}

    @cached_property
    def history(self) -> dict[str, list[float]]:
        """The logs by column, one number an epoch."""
        return read_history(self.path)

    def file(self, name: str) -> Path:
        """Return the path of a file by its name, such as `predictions/test.csv`."""
        return self.path / name

    def checked(self, name: str) -> Path:
        """Return the path of a file, held against the hash in the record where there is one."""
        check_file(self.path, self.record, name)
        return self.path / name

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, whole or not at all."""
        files.write_text(self.file(name), text)

    def write_json(self, name: str, value: object) -> None:
        """Write a JSON file, whole or not at all."""
        files.write_json(self.file(name), value)

    def read_text(self, name: str) -> str:
        """Read a text file."""
        return files.read_text(self.file(name))

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file that holds an object."""
        return files.read_json(self.file(name))

    def read_record(self) -> dict[str, Any]:
        """Read `run.json` as it is now."""
        return read_record(self.path)

    def log(self, line: str) -> None:
        """Add a line to `log.txt`, with the local time."""
        time = datetime.now().astimezone().isoformat(" ", "seconds")
        files.append_text(self.file(LOG), f"{time}  {line}\n")


def create_run(runs_dir: Path, name: str) -> Run:
    """Make the folder of a new run: `20261120-231455_mnist_mlp_7k2q`.

    Local time, the experiment's name made safe, and four random letters: two runs of one second
    never meet, for the folder is made exclusively.
    """

    def refused(what: str) -> DlrunError:
        return DlrunError(what, where=str(runs_dir), fix="Choose another folder with --runs-dir.")

    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise refused("is a file, expected a folder for the runs.") from error
    except OSError as error:
        what = f"the folder for the runs cannot be made: {files.reason(error)}."
        raise refused(what) from error
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    for _ in range(_ATTEMPTS):
        suffix = "".join(_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(4))
        path = runs_dir / f"{stamp}_{safe_name(name)}_{suffix}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise refused(f"no run folder can be made here: {files.reason(error)}.") from error
        return Run(path)
    raise refused(f"no free name for a run was found in {_ATTEMPTS} attempts.")


def safe_name(name: str) -> str:
    """Turn any text into a part of a file name, of 1 to 120 bytes in UTF-8.

    Letters, marks and digits of every script stay, and `-`, `_` and `.`; everything else becomes
    one `_`.
    """
    kept = "".join(
        character if character in "-_." or unicodedata.category(character)[0] in "LMN" else " "
        for character in unicodedata.normalize("NFC", name)
    )
    joined = "_".join(kept.split()).strip("._")
    short = joined.encode("utf-8")[:_MAX_NAME_BYTES].decode("utf-8", "ignore")
    return short.strip("._") or "run"


def open_run(reference: str, runs_dir: Path) -> Run:
    """Find a run, and bring it to a state in which it can be read, see `dlrun.rundir.extension`.

    Raises:
        UsageError: There is no such run, or several.
        RunFolderError: It is named like a run, and its record is missing.
    """
    return _opened(find_run(reference, runs_dir))


def find_run(reference: str, runs_dir: Path) -> Path:
    """Find the folder of a run, be it as damaged as it may.

    The reference is the path of a run folder, its name in `runs_dir`, a part of the name that no
    other run has, or `latest`. Where no run there has it in its name, those of its sweeps may.

    Raises:
        UsageError: There is no such run, or several.
    """
    if not reference:
        raise empty_text("names no run")
    for path in (Path(reference), runs_dir / reference):
        if os.path.isdir(path) and is_run(path):  # noqa: PTH112 - never raises
            return path
    _refuse_sweep(reference, runs_dir)
    if reference == LATEST:
        return _latest(runs_dir)
    if os.sep in reference:
        raise _no_run_at(reference)
    paths = run_paths(runs_dir)
    matches = [path for path in paths if reference in path.name]
    if not matches:
        matches = [path for path in sweep_run_paths(runs_dir) if reference in path.name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise _several(reference, matches)
    if os.path.lexists(reference):
        raise _no_run_at(reference)
    raise UsageError(
        f"no run in {runs_dir} has '{reference}' in its name.",
        fix=" ".join([*_near_names(reference, paths), _how_to_find(runs_dir)]),
    )


def _latest(runs_dir: Path) -> Path:
    if rows := list_runs(runs_dir):
        return rows[0].path
    raise UsageError(f"there is no run in {runs_dir}.", fix=_how_to_find(runs_dir))


def open_runs(references: Sequence[str], runs_dir: Path) -> list[Run]:
    """Find several runs, each once, whatever it is called by; a sweep stands for its runs."""
    found = (run for reference in references for run in _runs_of(reference, runs_dir))
    return list({run.path.resolve(): run for run in found}.values())


def _runs_of(reference: str, runs_dir: Path) -> list[Run]:
    sweep = _sweep_at(reference, runs_dir)
    return [*map(_opened, run_paths(sweep))] if sweep else [open_run(reference, runs_dir)]


def _refuse_sweep(reference: str, runs_dir: Path) -> None:
    if (sweep := _sweep_at(reference, runs_dir)) is not None:
        fix = f"`dlrun sweep show {sweep}` shows its runs."
        raise UsageError("is a sweep; one run was expected.", where=str(sweep), fix=fix)


def _sweep_at(reference: str, runs_dir: Path) -> Path | None:
    """Find a sweep by its path, or its name in `runs_dir`."""
    for path in (Path(reference), runs_dir / reference):
        if reference and os.path.isfile(path / SWEEP):  # noqa: PTH113 - never raises
            return path
    return None


def _opened(path: Path) -> Run:
    if not os.path.lexists(path / RECORD):
        raise RunFolderError(f"is not a run folder: {RECORD} is missing.", where=str(path))
    Extension(path).settle()
    files.remove_abandoned(path)
    return Run(path)


def _no_run_at(reference: str) -> UsageError:
    fix = None
    if os.path.isdir(reference):  # noqa: PTH112 - never raises
        what = f"is not a run folder: {RECORD} is missing."
    elif os.path.lexists(reference):
        what = "is a file, expected a run folder."
        fix = (
            "`dlrun import` makes a run folder of a bundle." if reference.endswith(".zip") else None
        )
    else:
        what = "there is no such run folder."
        path = Path(reference)
        with contextlib.suppress(RunFolderError):
            fix = " ".join(_near_names(path.name, run_paths(path.parent))) or None
    return UsageError(what, where=reference, fix=fix)


def _near_names(name: str, paths: list[Path]) -> list[str]:
    """Ask for the run that was probably meant: the newest of nearly that name, if there is one."""
    newest = {_STAMP.sub("", path.name, count=1)[:-5]: path.name for path in paths}
    newest |= {path.name: path.name for path in paths[-_MOST_NEAR:]} | {LATEST: LATEST}
    meant = _STAMP.sub("", name, count=1)
    from difflib import get_close_matches

    near = get_close_matches(meant, newest, 1, 0.7) or get_close_matches(name, newest, 1, 0.9)
    return [f"Did you mean {newest[near[0]]}?"] if near else []


def _several(reference: str, matches: list[Path]) -> UsageError:
    names = [path.name for path in sorted(matches, reverse=True)]  # the newest first
    more = [f"... and {len(names) - _MAX_LISTED} more"] if len(names) > _MAX_LISTED else []
    listed = "".join(f"\n    {name}" for name in names[:_MAX_LISTED] + more)
    return UsageError(
        f"{len(names)} runs have '{reference}' in their names:{listed}",
        fix="Give a longer part of the name.",
    )


def _how_to_find(runs_dir: Path) -> str:
    return f"`dlrun runs --runs-dir {runs_dir}` lists the runs; --runs-dir names another folder."


_RUN_NAME = re.compile(r"(\d{8}-\d{6})_.+_[a-z2-7]{4}")


@dataclass(frozen=True)
class RunRow:
    """One run as a list of runs shows it; what nothing tells is None."""

    path: Path
    # `running`, `finished`, `interrupted`, `failed`; `killed` where `running` stands in the record
    # of a process that is gone; `damaged` where the folder cannot be read.
    status: str
    started: datetime | None = None
    seconds: float | None = None
    metric: str | None = None  # the split and the name of the main metric: `test accuracy`
    value: float | None = None
    reason: str | None = None  # why it failed or what is damaged, in one line
    notes: Notes = NOTHING
    record: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    metrics: Mapping[str, Mapping[str, float | None]] = field(
        default_factory=dict, repr=False, compare=False
    )
    is_extending: bool = False  # whether a process trains it longer at this moment

    @property
    def name(self) -> str:
        """The name of the run folder."""
        return self.path.name


def list_runs(runs_dir: Path, *, recursive: bool = False) -> list[RunRow]:
    """Read all runs of a folder, the newest first; a missing folder holds none.

    With `recursive` the runs of sweeps in it are among them.
    """
    more = sweep_run_paths(runs_dir) if recursive else []
    rows = [read_row(path) for path in [*run_paths(runs_dir), *more]]
    return sorted(rows, key=_age_order, reverse=True)


def run_paths(runs_dir: Path) -> list[Path]:
    """Find the folders that hold a record or are named like a run, sorted by name.

    Symbolic links are left out: what they lead to is listed in its own place.
    """
    try:
        with os.scandir(runs_dir) as entries:
            folders = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        what = f"cannot be listed: {reason(error)}."
        raise RunFolderError(what, where=str(runs_dir)) from error
    return sorted(filter(is_run, folders), key=os.fspath)


def sweep_run_paths(runs_dir: Path) -> list[Path]:
    """Find the folders of the runs of all sweeps in a folder."""
    sweeps = sorted(path.parent for path in runs_dir.glob(f"*/{SWEEP}"))
    return [path for sweep in sweeps if not sweep.is_symlink() for path in run_paths(sweep)]


def is_run(path: Path) -> bool:
    """Say whether a folder holds a record or is named like a run."""
    return _RUN_NAME.fullmatch(path.name) is not None or os.path.lexists(path / RECORD)


def read_row(path: Path) -> RunRow:
    """Read what a list shows of a run; never fails."""
    notes, damage = NOTHING, None
    try:
        notes = read_notes(path)
    except RunFolderError as error:
        damage = str(error)
    # What cannot be moved to its place now is read where it is next time.
    extension, is_extended = Extension(path), False
    with contextlib.suppress(DlrunError):
        is_extended = extension.settle()
    try:
        record = read_record(path)
        metrics = read_metrics(path)
    except RunFolderError as error:
        return RunRow(path, "damaged", _time_of_name(path), reason=str(error), notes=notes)
    why = record.get("reason") or damage
    main = main_metric(metrics)
    return RunRow(
        path,
        status_of(path, record),
        started(record),
        finite_number(record.get("seconds")),
        " ".join(main) if main else None,
        metrics[main[0]].get(main[1]) if main else None,
        str(why) if why is not None else None,
        notes,
        record,
        metrics,
        is_extended and extension.is_training,
    )


def status_of(path: Path, record: Mapping[str, Any]) -> str:
    """Say how a run stands by its record, and by whether the process that it tells of is there."""
    status = str(record["status"])
    return "killed" if status == "running" and not is_alive(path, record) else status


def is_alive(path: Path, record: Mapping[str, Any]) -> bool:
    """Say whether the process of a run whose record says `running` may still be there.

    The kernel's lock tells it. Where there is none, the number of the process tells it, on its own
    machine; a run on another machine is believed.
    """
    state = lock_state(path)
    if state == "held":
        return True
    here = host_facts()
    same_kernel = here["boot"] is not None and record.get("boot") == here["boot"]
    if not same_kernel and record.get("host") != here["host"]:
        return True
    if state == "free" or not same_kernel:
        return False
    return _process_exists(record.get("pid"))


def _process_exists(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _time_of_name(path: Path) -> datetime | None:
    named = _RUN_NAME.fullmatch(path.name)
    if named is None:
        return None
    try:
        return datetime.strptime(named[1], "%Y%m%d-%H%M%S").astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _age_order(row: RunRow) -> tuple[float, str]:
    """Later runs are larger; runs without any time are the smallest."""
    return (row.started.timestamp() if row.started else -math.inf, row.name)
